/**
 * `vortex completion SHELL`: prints a completion script for a shell.
 *
 * The script calls the hidden `vortex complete`, which reads commands, options and choices from
 * commander. So a script never gets outdated, and all shells share the rules.
 */
import { Argument, Command, type Option } from "commander";
import { modelNames } from "../checkers/elle/consistency-models.ts";
import { BUILT_IN } from "../nemesis/faults.ts";
import { idsOf, STAGES } from "../stages/stages.ts";
import { WORKLOAD_NAMES } from "../workloads/index.ts";
import { JOINT_STRATEGIES, LONE_STRATEGIES } from "./parsers.ts";

const SCRIPTS = {
  bash: `_vortex() {
  local IFS=$'\\n'
  COMPREPLY=($(vortex complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -o bashdefault -F _vortex vortex
`,
  zsh: `#compdef vortex
_vortex() {
  local -a candidates
  local word description
  while IFS=$'\\t' read -r word description; do
    candidates+=("\${word//:/\\\\:}:$description")
  done < <(vortex complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then _describe vortex candidates; else _files; fi
}
if [ "$funcstack[1]" = _vortex ]; then _vortex "$@"; else compdef _vortex vortex; fi
`,
  fish: `function __vortex_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates (vortex complete -- $words[2..-1] 2>/dev/null)
  if set -q candidates[1]
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c vortex -f -a '(__vortex_complete)'
`,
} as const;

const SHELLS = Object.keys(SCRIPTS);

export function completionCommand(): Command {
  return new Command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>", "name of the shell").choices(SHELLS))
    .addHelpText("after", HELP)
    .action((shell: keyof typeof SCRIPTS) => void process.stdout.write(SCRIPTS[shell]));
}

const HELP = `
Add the line of your shell to its start-up file:
  bash  source <(vortex completion bash)                                  in ~/.bashrc
  zsh   source <(vortex completion zsh)                                   in ~/.zshrc, after compinit
  fish  vortex completion fish > ~/.config/fish/completions/vortex.fish   once`;

/** The command that the scripts call. @param program Returns the command to complete. */
export function completeCommand(program: () => Command): Command {
  return new Command("complete")
    .argument("[words...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((words: readonly string[]) => {
      for (const { word, description = "" } of complete(program(), words)) {
        console.log(`${word}\t${description}`);
      }
    });
}

interface Candidate {
  readonly word: string;
  readonly description?: string;
}

interface Values {
  /** Whether the option takes a list, separated by commas. */
  readonly list?: true;
  /** Words that cannot be combined with others. */
  readonly lone?: readonly string[];
  readonly words: readonly string[];
  readonly descriptions?: Readonly<Record<string, string>>;
}

const FAULTS = Object.entries(BUILT_IN).map(([name, { doc }]) => [name, doc] as const);

/** Values of options. */
const WORDS: Readonly<Record<string, Values>> = {
  "--nemesis": {
    list: true,
    words: FAULTS.map(([name]) => name),
    descriptions: Object.fromEntries(FAULTS),
  },
  "--consistency-models": { list: true, words: modelNames },
  "--availability": { words: ["total"] },
  "--search": { list: true, words: JOINT_STRATEGIES, lone: LONE_STRATEGIES },
  "--concurrency": { words: ["1n", "2n", "4n"] },
};

/** Values of arguments. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  stages: idsOf(STAGES),
  workloads: WORKLOAD_NAMES,
};

/**
 * Returns the completions of the last word, or none where a file is expected.
 *
 * @param typed The words after the command's name. The last one can be empty.
 */
export function complete(program: Command, typed: readonly string[]): Candidate[] {
  // Bash passes "=" as a separate word.
  const words = typed.filter((word, index) => word !== "=" || index === typed.length - 1);
  const current = words.at(-1) === "=" ? "" : (words.at(-1) ?? "");
  const before = words.slice(0, -1);
  const name = before.find((word) => !word.startsWith("-"));
  const command = program.commands.find((known) => known.name() === name);
  if (before.includes("--")) return [];
  if (name !== undefined && command === undefined) return [];

  const options = (command ?? program).createHelp().visibleOptions(command ?? program);
  const last = before.at(-1);
  const awaiting = options.find(
    (option) => option.required && (option.long === last || option.short === last),
  );
  if (awaiting !== undefined) return matching(current, valuesOf(awaiting, current));
  const [flag, value] = current.split("=", 2);
  if (value !== undefined) {
    const option = options.find(({ long, required }) => required && long === flag);
    if (option === undefined) return [];
    const values = valuesOf(option, value).map(({ word }) => ({ word: `${flag}=${word}` }));
    return matching(current, values);
  }
  if (current.startsWith("-")) return matching(current, options.map(optionCandidate));
  return matching(current, command === undefined ? commandsOf(program) : argumentsOf(command));
}

function matching(current: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ word }) => word.startsWith(current));
}

function commandsOf(program: Command): Candidate[] {
  const visible = program.createHelp().visibleCommands(program);
  return visible.map((known) => ({ word: known.name(), description: known.description() }));
}

function optionCandidate({ long, short, description }: Option): Candidate {
  return { word: long ?? short ?? "", description };
}

function argumentsOf(command: Command): Candidate[] {
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  return [...choices, ...(ARGUMENTS[command.name()] ?? [])].map((word) => ({ word }));
}

function valuesOf({ long, argChoices = [] }: Option, current: string): Candidate[] {
  const {
    words = argChoices,
    list = false,
    lone = [],
    descriptions = {},
  } = WORDS[long ?? ""] ?? {};
  const former = list ? current.slice(0, current.lastIndexOf(",") + 1) : "";
  const named = former.split(",");
  if (lone.some((word) => named.includes(word))) return [];
  return [...(former === "" ? lone : []), ...words]
    .filter((word) => !named.includes(word))
    .map((word) => {
      const description = descriptions[word];
      return { word: former + word, ...(description === undefined ? {} : { description }) };
    });
}
