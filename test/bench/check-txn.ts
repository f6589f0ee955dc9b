/**
 * Measures time and memory of the transaction checkers, on histories of several shapes and sizes.
 *
 *   bun test/bench/check-txn.ts [SHAPE [TRANSACTIONS]]
 *
 * Each history is checked in its own process, whose peak memory is printed.
 */
import type { Json } from "../../lib/vortex/index.ts";
import { checkTxnListAppend } from "../../lib/workbench/checkers/elle/txn-list-append.ts";
import { checkTxnRwRegister } from "../../lib/workbench/checkers/elle/txn-rw-register.ts";
import type { History, Operation } from "../../lib/workbench/history/history.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { type Traffic, transactions } from "../support/histories/transactions.ts";

const CHECKERS = {
  "txn-rw-register": checkTxnRwRegister,
  "txn-list-append": checkTxnListAppend,
};
type Workload = keyof typeof CHECKERS;

const USUAL = { processes: 10, keys: 10, writesPerKey: 16, longest: 4, failures: 20 };

const SHAPES: { readonly [name: string]: Partial<Traffic> } = {
  /** Operations of Maelstrom's generator on a correct database. */
  correct: {},
  /** The same with high concurrency. */
  crowded: { processes: 200, keys: 200 },
  /** One read in five is stale: almost everything is in one strongly connected component. */
  stale: { reads: "stale" },
  "crowded stale": { processes: 200, keys: 200, reads: "stale" },
  /** Few keys, each with a fifth of all versions. */
  "few keys": { keys: 5, writesPerKey: Number.POSITIVE_INFINITY, longest: 2 },
  "few stale keys": {
    keys: 5,
    writesPerKey: Number.POSITIVE_INFINITY,
    longest: 2,
    reads: "stale",
  },
  /** No read ever returns a write: every reader of a key precedes all its writers. */
  blind: { keys: 5, writesPerKey: Number.POSITIVE_INFINITY, reads: "nothing" },
};
/** A single cycle of all transactions: each overwrites the one before it. */
const RING = "ring";
const SIZES = [10_000, 50_000, 200_000, 500_000];

const [shape, size, workload] = process.argv.slice(2);
if (shape !== undefined && size !== undefined && workload !== undefined) {
  run(shape, Number(size), workload as Workload);
} else {
  for (const name of shape === undefined ? [...Object.keys(SHAPES), RING] : [shape]) {
    for (const each of Object.keys(CHECKERS)) {
      // Lists would grow with the history, and every read would return a whole one.
      const isTooLong = each === "txn-list-append" && (name.startsWith("few") || name === RING);
      for (const count of size === undefined ? SIZES : [Number(size)]) {
        if (isTooLong) continue;
        await Bun.spawn([process.execPath, import.meta.path, name, String(count), each], {
          stdio: ["ignore", "inherit", "inherit"],
        }).exited;
      }
    }
  }
}

function run(name: string, count: number, each: Workload): void {
  const traffic = { ...USUAL, ...SHAPES[name], workload: each, count };
  const history =
    name === RING ? ring(count) : transactions(randomStream(count, "traffic"), traffic);
  const madeMb = process.memoryUsage().rss / 1e6;
  const start = performance.now();
  const { valid, anomalyTypes } = CHECKERS[each](history, {});
  const seconds = (performance.now() - start) / 1000;
  const peakMb = process.resourceUsage().maxRSS / 1000;
  console.log(
    `${each} ${name}: ${count} transactions in ${seconds.toFixed(2)} s, ` +
      `peak ${peakMb.toFixed(0)} MB of which ${madeMb.toFixed(0)} MB history, ` +
      `${valid} ${anomalyTypes.join(" ")}`,
  );
}

function ring(count: number): History {
  const operations: Operation[] = [];
  for (let number = 0; number < count; number++) {
    const value: Json[] = [
      ["r", 0, number === 0 ? null : number],
      ["w", 0, number + 1],
    ];
    if (number === 0) value.push(["w", 1, 1]);
    if (number === count - 1) value.push(["r", 1, null]);
    for (const type of ["invoke", "ok"] as const) {
      const index = operations.length;
      operations.push({ index, time: index, type, process: number % 10, f: "txn", value });
    }
  }
  return operations;
}
