/** Reads a user's table of stages. */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import type { StageEntry } from "../workloads/stage.ts";
import type { Stage } from "./stages.ts";

const Bound = v.exactOptional(v.pipe(v.number(), v.minValue(0)));

const Row = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[\w.-]+$/, 'must be a word, such as "2a"')),
  name: v.string(),
  bin: v.exactOptional(v.string()),
  flags: v.string(),
  args: v.exactOptional(v.array(v.string())),
  target: v.exactOptional(v.strictObject({ msgsPerOp: Bound, medianMs: Bound, maxMs: Bound })),
}) satisfies v.GenericSchema<unknown, StageEntry>;

const Table = v.pipe(v.array(Row), v.minLength(1, "must have a row"));

/**
 * Parses the rows of a table.
 *
 * @param directory Directory of the table's file.
 * @throws {Error} when they are not rows.
 */
export function readStageTable(rows: unknown, directory: string): readonly Stage[] {
  const result = v.safeParse(Table, rows);
  if (!result.success) throw new Error(describeIssues(result.issues));
  return result.output.map(({ bin = "", target = {}, ...row }) => ({
    ...row,
    bin,
    target,
    directory,
  }));
}
