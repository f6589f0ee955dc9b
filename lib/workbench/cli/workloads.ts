/** `vortex workloads`: describes the workloads, and those in files. */
import { Argument, Command } from "commander";
import * as v from "valibot";
import { stringifyJson } from "../../vortex/index.ts";
import { chooseWorkload } from "../sweep/workload-file.ts";
import type { DefinedWorkload } from "../workloads/definition.ts";
import { WORKLOAD_NAMES, WORKLOADS } from "../workloads/index.ts";
import { LOADING } from "./loading.ts";

export function workloadsCommand(): Command {
  return new Command("workloads")
    .description("list Maelstrom's workloads, or describe a workload")
    .addArgument(new Argument("[workload]", "name of a workload, or a file that defines one"))
    .addHelpText("after", HELP)
    .action(describeWorkloads);
}

const HELP = `
A workload of your own is a TypeScript file, and is named by its path wherever a
workload is.

Examples:
  vortex workloads
  vortex workloads ./bank.ts`;

async function describeWorkloads(word: string | undefined): Promise<void> {
  if (word !== undefined) {
    const { workload, definition = WORKLOADS[workload as keyof typeof WORKLOADS] } =
      await chooseWorkload(word, LOADING);
    console.log(describe(workload, definition, word));
    return;
  }
  const width = Math.max(...WORKLOAD_NAMES.map((name) => name.length)) + 2;
  for (const name of WORKLOAD_NAMES)
    console.log(`${name.padEnd(width)}${WORKLOADS[name].doc ?? ""}`);
}

function describe(name: string, { doc, operations, options = {} }: DefinedWorkload, word: string) {
  const names = typeof operations === "function" ? [] : Object.keys(operations);
  const own = Object.entries(options).map(
    ([key, schema]) => `  --set ${key}=...  ${kindOf(schema)}`,
  );
  return [
    doc === undefined ? name : `${name}: ${doc.trim()}`,
    ...(names.length === 0 ? [] : [`Operations: ${names.join(", ")}`]),
    ...(own.length === 0 ? [] : ["Options:", ...own]),
    `Run it: vortex test -w ${word} --bin PROGRAM, or vortex sim PROGRAM.ts -w ${word}`,
  ].join("\n");
}

/** The type of an option's value, and its default. */
function kindOf(schema: v.ObjectEntries[string]): string {
  const inner = "wrapped" in schema ? schema.wrapped : schema;
  const standard: unknown = v.getDefault(schema as v.GenericSchema);
  return `${inner.type}${standard === undefined ? "" : ` (default: ${stringifyJson(standard)})`}`;
}
