/** Upper bounds of a test's figures. An absent figure has none. */
export interface Target {
  /** Messages between servers per operation. */
  readonly msgsPerOp?: number;
  /** Median latency in ms: of stable latencies, where the workload has them. */
  readonly medianMs?: number;
  /** Maximum latency in ms, likewise. */
  readonly maxMs?: number;
}

/**
 * A row of a table of tests, as `vortex stages --file ./stages.ts` runs them. The file exports an array of
 * rows; paths in it start from its folder.
 *
 * @example
 * export const stages: readonly StageEntry[] = [
 *   { id: "1", name: "One bank", bin: "./bank.py", flags: "-w ./bank.ts --node-count 1" },
 *   {
 *     id: "2",
 *     name: "Banks that agree",
 *     bin: "./bank.py",
 *     flags: "-w ./bank.ts --node-count 3 --nemesis partition",
 *     target: { msgsPerOp: 6 },
 *   },
 * ];
 */
export interface StageEntry {
  /** The word that selects it, as in `vortex stages 2a`. Several rows may share it. */
  readonly id: string;
  readonly name: string;
  /** Path of the program, unless `--bin` or `--bin-dir` names another. */
  readonly bin?: string;
  /** The flags of `vortex test`, such as `-w ./bank.ts --node-count 3`. */
  readonly flags: string;
  /** Arguments of the program; none by default. */
  readonly args?: readonly string[];
  readonly target?: Target;
}
