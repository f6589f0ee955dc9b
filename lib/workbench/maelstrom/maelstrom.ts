/**
 * Compares a test with the same test on Maelstrom: the arguments that run it, and its results.
 *
 * @see Maelstrom, `core.clj` (`opt-spec`), `net/checker.clj`; Jepsen, `store.clj`
 */
import * as v from "valibot";
import { isRawNumber, type RawNumber } from "../../vortex/index.ts";
import type { Validity } from "../checkers/checker.ts";
import { EdnReader } from "../history/edn.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { type Figures, figuresOf, type TestResult } from "../run/results.ts";
import { DEFAULTS, nodeNames, type TestOptions } from "../run/test-options.ts";

/** The part of a result that both have. */
export interface Comparable {
  readonly valid: Validity;
  readonly figures: Figures;
}

/** Maelstrom's recovery, in seconds. It has no flag for it. */
export const MAELSTROM_RECOVERY_S = 10;

/**
 * Returns the arguments of `maelstrom` that run the same test. Maelstrom has no flag for the seed and
 * the length of the recovery.
 *
 * @throws {InvalidOptions} if Maelstrom has no such test.
 */
export function maelstromArgs(
  options: TestOptions,
  bin: string,
  args: readonly string[],
): string[] {
  const { nemesis, nodeIds, latency, availability, converge, resumesFromCommitted } = options;
  const { livenessLimitS, workload, definition } = options;
  if (definition !== undefined) refuse(`-w ${workload}`);
  const foreign = nemesis.find((fault) => fault !== "partition");
  if (foreign !== undefined) refuse(`--nemesis ${foreign}`);
  if (converge) refuse("--converge");
  if (livenessLimitS !== undefined) refuse("--liveness");
  if (resumesFromCommitted) refuse("--resume-from-committed");
  const isCounted = nodeIds.join() === nodeNames(nodeIds.length).join();
  const argv = [
    ...["test", "-w", options.workload, "--bin", bin],
    ...(isCounted ? ["--node-count", nodeIds.length] : ["--nodes", nodeIds.join()]),
    ...["--concurrency", options.concurrency, "--rate", options.rate],
    ...["--time-limit", options.timeLimitS],
    ...["--latency", latency.meanMs, "--latency-dist", latency.distribution],
    ...(nemesis.length > 0 ? ["--nemesis", nemesis.join()] : []),
    ...["--nemesis-interval", options.nemesisIntervalS, "--topology", options.topology],
    // Maelstrom splits the list only at commas between spaces.
    ...["--consistency-models", options.consistencyModels.join(" , ")],
    ...(options.keyCount === DEFAULTS.keyCount ? [] : ["--key-count", options.keyCount]),
    ...["--max-txn-length", options.maxTxnLength, "--max-writes-per-key", options.maxWritesPerKey],
    ...(availability === undefined ? [] : ["--availability", availability]),
    ...(args.length > 0 ? ["--", ...args] : []),
  ];
  return argv.map(String);
}

function refuse(flag: string): never {
  throw new InvalidOptions(`Maelstrom has no ${flag}: omit it, or omit --maelstrom`);
}

const Num = v.pipe(
  v.union([v.number(), v.custom<RawNumber>(isRawNumber)]),
  v.transform((value) => (isRawNumber(value) ? Number(value.rawJSON) : value)),
);

const Results = v.looseObject({
  "valid?": v.union([v.boolean(), v.literal("unknown")]),
  net: v.optional(
    v.looseObject({
      servers: v.optional(v.looseObject({ "msgs-per-op": v.optional(Num) })),
    }),
  ),
  workload: v.optional(
    v.looseObject({
      "stable-latencies": v.nullish(
        v.looseObject({ "0.5": v.optional(Num), "1": v.optional(Num) }),
      ),
    }),
  ),
});

/**
 * Reads Maelstrom's `results.edn`. It has latencies only for workloads of sets; those of others are
 * only in its plots.
 *
 * @throws {Error} if the text is not EDN, or not results.
 */
export function readMaelstromResults(text: string): Comparable {
  const reader = new EdnReader();
  const [form] = reader.push(text.endsWith("\n") ? text : `${text}\n`);
  reader.end();
  const results = v.parse(Results, form);
  const msgsPerOp = results.net?.servers?.["msgs-per-op"];
  const latencies = results.workload?.["stable-latencies"];
  const [medianMs, maxMs] = [latencies?.["0.5"], latencies?.["1"]];
  return {
    valid: results["valid?"],
    figures: {
      ...(msgsPerOp === undefined ? {} : { msgsPerOp }),
      ...(medianMs === undefined ? {} : { medianMs }),
      ...(maxMs === undefined ? {} : { maxMs }),
    },
  };
}

/** Returns the comparable part of our own result. */
export function comparableOf(result: TestResult): Comparable {
  return { valid: result.valid, figures: figuresOf(result) };
}
