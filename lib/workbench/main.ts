/** The `vortex` command. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { bunSubcommand, isStartedAsBun, runBun } from "./cli/bun.ts";
import { ignoreClosedPipes, isClosedPipe } from "./cli/closed-pipes.ts";
import { EXIT_CODES } from "./cli/exit-codes.ts";
import { Interrupted } from "./cli/interrupt.ts";
import { remark } from "./cli/live.ts";
import { InvalidOptions } from "./invalid-options.ts";
import { TestCrash } from "./run/test-crash.ts";
import { endSupervised, isSupervised } from "./sweep/supervisor.ts";

/** The commands, in the order of the help. Only the one that is asked for is loaded. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["test", async () => (await import("./cli/test.ts")).testCommand()],
  ["stages", async () => (await import("./cli/stages.ts")).stagesCommand()],
  ["check", async () => (await import("./cli/check.ts")).checkCommand()],
  ["report", async () => (await import("./cli/report.ts")).reportCommand()],
  ["serve", async () => (await import("./cli/serve.ts")).serveCommand()],
  ["node", async () => (await import("./cli/node.ts")).nodeCommand()],
  ["sim", async () => (await import("./cli/sim/sim.ts")).simCommand()],
  ["worker", async () => (await import("./cli/worker.ts")).workerCommand()],
  ["workloads", async () => (await import("./cli/workloads.ts")).workloadsCommand()],
  ["merge", async () => (await import("./cli/merge.ts")).mergeCommand()],
  ["new", async () => (await import("./cli/new/new.ts")).newCommand()],
  ["play", async () => (await import("./cli/play.ts")).playCommand()],
  ["bun", async () => bunSubcommand()],
  ["completion", async () => (await import("./cli/completion.ts")).completionCommand()],
]);

const program: Command = new Command("vortex")
  .description("Test and simulate the nodes of a distributed system, as Maelstrom does")
  .version(packageJson.version)
  .enablePositionalOptions();

const load = COMMANDS.get(process.argv[2] ?? "");
if (load !== undefined) {
  program.addCommand(await load());
} else {
  // The help, completions, and the suggestion for a misspelt name.
  for (const loadEach of COMMANDS.values()) program.addCommand(await loadEach());
  const { completeCommand } = await import("./cli/completion.ts");
  program.addCommand(
    completeCommand(() => program),
    { hidden: true },
  );
}

for (const command of [program, ...program.commands]) {
  command.exitOverride().showHelpAfterError("(see --help)");
}

ignoreClosedPipes();

// The runtime's exit code for an uncaught error, 1, would mean "invalid".
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    if (isClosedPipe(error)) return;
    console.error(error);
    process.exit(EXIT_CODES.crash);
  });
}

try {
  if (isStartedAsBun()) await runBun(process.argv.slice(2));
  else await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOfError(error);
}

if (isSupervised) await endSupervised(Number(process.exitCode ?? EXIT_CODES.valid));

/** Reports an error that ended the command. Returns the exit code. */
function exitCodeOfError(error: unknown): number {
  // Commander has already printed the help, or the error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.badArguments;
  if (error instanceof InvalidOptions) {
    console.error(`error: ${error.message}`);
    return EXIT_CODES.badArguments;
  }
  if (error instanceof Interrupted) {
    console.error("Interrupted. The nodes were killed");
    return EXIT_CODES.interrupted;
  }
  if (error instanceof TestCrash) remark(error.message);
  else if (isClosedPipe(error)) return EXIT_CODES.crash;
  else console.error(error);
  return EXIT_CODES.crash;
}
