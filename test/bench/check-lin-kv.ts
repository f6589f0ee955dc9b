/**
 * Measures the time of the linearizability checker, on histories of several shapes and sizes.
 *
 *   bun test/bench/check-lin-kv.ts
 *
 * In histories of many keys, 2 % of writes and cas end as `info`.
 */
import { checkLinearizable } from "../../lib/workbench/checkers/register/linearizable.ts";
import {
  type RegisterHistoryOptions,
  registerHistory,
} from "../support/histories/register-model.ts";

const manyKeys = { concurrency: 20, values: 5, indefinite: 0.02 };
const oneKey = { keys: 1, values: 5, concurrency: 10, indefinite: 0 };
const shapes: { readonly [name: string]: Omit<RegisterHistoryOptions, "seed"> } = {
  "10,000 operations, 100 keys": { ...manyKeys, operations: 10_000, keys: 100 },
  "50,000 operations, 500 keys": { ...manyKeys, operations: 50_000, keys: 500 },
  "200,000 operations, 2,000 keys": { ...manyKeys, operations: 200_000, keys: 2000 },
  "50,000 operations, wrong reads": { ...manyKeys, operations: 50_000, keys: 500, wrong: 0.001 },
  "one key, 50,000 operations": { ...oneKey, operations: 50_000 },
  "one key, 1,000 operations, 50 at once": { ...oneKey, operations: 1000, concurrency: 50 },
  "one key, 1,000 operations, 100 at once": {
    ...{ keys: 1, operations: 1000, concurrency: 100, values: 20, indefinite: 0 },
  },
  "one key, 1,000 operations, 100 at once, 2 % indefinite": {
    ...{ keys: 1, operations: 1000, concurrency: 100, values: 1000, indefinite: 0.02 },
  },
  "one key, 5,000 operations, 2 % indefinite": { ...oneKey, operations: 5000, indefinite: 0.02 },
  "one key, 5,000 operations, 10 % indefinite": { ...oneKey, operations: 5000, indefinite: 0.1 },
  "one key, 1,000 operations, half indefinite": { ...oneKey, operations: 1000, indefinite: 0.5 },
  "one key, 20,000 operations, 30 % indefinite": { ...oneKey, operations: 20_000, indefinite: 0.3 },
  "one key, 50,000 operations, half indefinite": { ...oneKey, operations: 50_000, indefinite: 0.5 },
  "one key, 10 % indefinite, wrong reads": {
    ...oneKey,
    operations: 1000,
    indefinite: 0.1,
    wrong: 0.1,
  },
  "one key, 20 % indefinite, a third of reads wrong": {
    ...oneKey,
    operations: 1000,
    indefinite: 0.2,
    wrong: 0.3,
  },
};

for (const [name, shape] of Object.entries(shapes)) {
  const history = registerHistory({ seed: 1, ...shape });
  const began = performance.now();
  const { valid } = checkLinearizable(history);
  const seconds = ((performance.now() - began) / 1000).toFixed(2);
  console.log(`${name}: ${valid} in ${seconds} s`);
}
