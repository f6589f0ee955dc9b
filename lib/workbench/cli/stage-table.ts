/** Loads the table of stages that `vortex stages --file` names. */
import { dirname, extname, resolve } from "node:path";
import { CommanderError } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { readStageTable } from "../stages/stage-table.ts";
import type { Stage } from "../stages/stages.ts";
import { suggestFile } from "../suggestions.ts";
import { loadFile } from "../sweep/load-file.ts";
import { chooseWorkload } from "../sweep/workload-file.ts";
import { LOADING } from "./loading.ts";
import { stageFlags } from "./stage-options.ts";

/**
 * Loads a table: a JSON file, or a TypeScript or JavaScript file that exports one array.
 *
 * @throws {InvalidOptions} when it cannot be read, with the row that is wrong.
 */
export async function loadStages(file: string): Promise<readonly Stage[]> {
  const rows =
    extname(file) === ".json" ? await readJson(file) : arrayOf(file, await loadFile(file, LOADING));
  // One after the other: while a file is loaded, stdout and timers are diverted.
  const stages: Stage[] = [];
  for (const stage of parse(file, rows)) stages.push(await withWorkload(file, stage));
  return stages;
}

async function readJson(file: string): Promise<unknown> {
  const path = resolve(file);
  if (!(await Bun.file(path).exists())) {
    throw new InvalidOptions(`${file}: file not found (looked for ${path}).${suggestFile(path)}`);
  }
  try {
    return await Bun.file(path).json();
  } catch (error) {
    throw new InvalidOptions(`${file}: ${error instanceof Error ? error.message : error}`);
  }
}

function arrayOf(file: string, exports: Readonly<Record<string, unknown>>): unknown {
  const arrays = new Set(Object.values(exports).filter((value) => Array.isArray(value)));
  const [only, ...others] = arrays;
  if (only !== undefined && others.length === 0) return only;
  throw new InvalidOptions(
    `${file} exports ${only === undefined ? "no array" : "several arrays"}. A table of stages is one: export const stages = [{ id: "1", name: "...", bin: "./bank.py", flags: "-w ./bank.ts" }]`,
  );
}

function parse(file: string, rows: unknown): readonly Stage[] {
  try {
    return readStageTable(rows, dirname(resolve(file)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`${file} is not a table of stages: ${reason}`);
  }
}

async function withWorkload(file: string, stage: Stage): Promise<Stage> {
  try {
    const { workload } = stageFlags(stage);
    return { ...stage, workload: await chooseWorkload(workload, LOADING) };
  } catch (error) {
    if (error instanceof InvalidOptions || error instanceof CommanderError) {
      throw new InvalidOptions(`${file}, stage ${stage.id}: ${error.message}`);
    }
    throw error;
  }
}
