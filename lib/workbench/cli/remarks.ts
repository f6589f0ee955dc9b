/** Remarks on arguments that are valid but probably mistyped. */
import { resolve, sep } from "node:path";
import { modelNames } from "../checkers/elle/consistency-models.ts";
import { DEFAULTS, type TestOptions } from "../run/test-options.ts";
import { unknownWord } from "../suggestions.ts";
import { WORKLOAD_NAMES, type WorkloadName } from "../workloads/index.ts";

/** Returns the remarks on a command line. @param args The arguments of the program. */
export function remarksOn(args: readonly string[], options: TestOptions): string[] {
  return [...remarksOnDashes(args), ...remarksOnModels(options.consistencyModels)];
}

/** Says that no workload was named, and which one the program's file suggests. */
export function missingWorkload(file: string): string {
  const likely = workloadOf(file);
  const example = likely ?? "echo";
  return `-w is missing. Name the workload to run, as in -w ${example}${likely === undefined ? "" : `, which ${file} suggests`}. The workloads are ${WORKLOAD_NAMES.join(", ")}`;
}

/** Remarks that a test without a named workload runs Maelstrom's default, if the program seems to be another's. */
export function remarksOnDefaultWorkload(file: string): string[] {
  const likely = workloadOf(file);
  if (likely === DEFAULTS.workload) return [];
  const hint = likely === undefined ? "Name another with -w" : `Did you mean -w ${likely}?`;
  return [`No -w: the workload is ${DEFAULTS.workload}, Maelstrom's default. ${hint}`];
}

/** The workload that a program's name or directory names, as in `maelstrom-broadcast/main.py`. */
export function workloadOf(file: string): WorkloadName | undefined {
  const words = resolve(file).split(sep).reverse().slice(0, 3).map(normalized);
  const longestFirst = WORKLOAD_NAMES.toSorted((one, other) => other.length - one.length);
  for (const word of words) {
    const named = longestFirst.find((name) => word.includes(normalized(name)));
    const alias = Object.entries(ALIASES).find(([name]) => word.includes(name))?.[1];
    if (named !== undefined || alias !== undefined) return named ?? alias;
  }
  return undefined;
}

function normalized(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** Other names that programs have. */
const ALIASES: Readonly<Record<string, WorkloadName>> = {
  counter: "g-counter",
  rwregister: "txn-rw-register",
  listappend: "txn-list-append",
  txn: "txn-rw-register",
  uniqueid: "unique-ids",
  linkv: "lin-kv",
};

/** Remarks on unknown models, with which the verdict is "unknown". */
function remarksOnModels(models: readonly string[]): string[] {
  return models
    .filter((model) => !modelNames.includes(model))
    .map(
      (model) =>
        `${unknownWord("consistency model", model, modelNames)} Transactions will not be checked.`,
    );
}

/** Remarks on words that look like options but start with another dash, as editors insert. */
function remarksOnDashes(args: readonly string[]): string[] {
  return args.flatMap((word) => {
    const dash = /^-*([\u2010-\u2015\u2212\ufe58\ufe63\uff0d])/.exec(word)?.[1];
    if (dash === undefined) return [];
    const codePoint = dash.charCodeAt(0).toString(16).toUpperCase();
    const meant = `--${word.replace(/^[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+/, "")}`;
    return [
      `"${word}" starts with another dash than "-" (U+${codePoint}), so it is passed to the nodes as an argument, with its value. Did you mean "${meant}"?`,
    ];
  });
}
