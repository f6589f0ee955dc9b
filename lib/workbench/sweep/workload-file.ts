/** Finds the workload that a word of the command line names: one of Maelstrom's, or one in a file. */
import { resolve } from "node:path";
import { InvalidOptions } from "../invalid-options.ts";
import { unknownWord } from "../suggestions.ts";
import { isWorkload } from "../workloads/definition.ts";
import { isWorkloadName, WORKLOAD_NAMES, type WorkloadSelection } from "../workloads/index.ts";
import { loadDefinition, namesFile } from "./load-definition.ts";
import type { LoadOptions } from "./load-file.ts";

export type ChosenWorkload = Pick<WorkloadSelection, "workload" | "definition" | "workloadFile">;

const KIND = {
  what: "workload",
  example: "export const bank = defineWorkload({ operations: { ... }, ... })",
  is: isWorkload,
} as const;

/**
 * Finds a workload by its name, or by the path of a file that exports one. Of several, `bank.ts#transfers`
 * names one.
 *
 * @throws {InvalidOptions} when it is missing, or the file cannot be loaded.
 */
export async function chooseWorkload(word: string, options: LoadOptions): Promise<ChosenWorkload> {
  if (isWorkloadName(word)) return { workload: word };
  if (!namesFile(word)) throw new InvalidOptions(unknownWorkload(word));
  const { definition, name } = await loadDefinition(word, KIND, options);
  const workload = definition.name ?? name;
  if (isWorkloadName(workload)) {
    throw new InvalidOptions(
      `${word}: "${workload}" is the name of one of Maelstrom's workloads. Give this one another: defineWorkload({ name: "my-${workload}", ... })`,
    );
  }
  if (!NAME.test(workload) || RESERVED.test(workload)) {
    throw new InvalidOptions(
      `${word}: "${workload}" cannot be the name of a workload, which names a directory of the store. Use letters, digits, "-", "_" and ".", first a letter or digit: defineWorkload({ name: "bank", ... })`,
    );
  }
  return { workload, definition, workloadFile: resolve(word) };
}

const NAME = /^[a-z\d][\w.-]{0,79}$/i;
/** Names with another meaning in the store: the link to the latest run, and the runs of Maelstrom. */
const RESERVED = /^(?:latest$|maelstrom-)/;

/** Says that no workload has this name, and what else may be meant. */
export function unknownWorkload(word: string): string {
  return `${unknownWord("workload", word, WORKLOAD_NAMES)} A workload of your own is named by its file, as in -w ./bank.ts`;
}
