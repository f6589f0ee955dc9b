/**
 * How long the linearizability checker takes, on histories of different sizes and shapes.
 *
 * Run with `bun test/bench/check-lin-kv.ts`.
 */
import { checkLinearizable } from "../../lib/workbench/checkers/linearizable.ts";
import { registerHistory } from "../support/register-history.ts";

const many = { concurrency: 20, values: 5, indefinite: 0.02 };
const one = { keys: 1, values: 5 };
const shapes = {
  "10,000 operations, 100 keys, 2 % indefinite": { ...many, operations: 10_000, keys: 100 },
  "50,000 operations, 500 keys, 2 % indefinite": { ...many, operations: 50_000, keys: 500 },
  "200,000 operations, 2,000 keys, 2 % indefinite": { ...many, operations: 200_000, keys: 2000 },
  "50,000 operations, 500 keys, wrong reads": {
    ...{ ...many, operations: 50_000, keys: 500 },
    wrong: 0.001,
  },
  "one key, 50,000 operations, 10 at once": {
    ...{ ...one, operations: 50_000, concurrency: 10 },
    indefinite: 0,
  },
  "one key, 5,000 operations, 2 % indefinite": {
    ...{ ...one, operations: 5000, concurrency: 10 },
    indefinite: 0.02,
  },
  "one key, 5,000 operations, 10 % indefinite": {
    ...{ ...one, operations: 5000, concurrency: 10 },
    indefinite: 0.1,
  },
  "one key, 1,000 operations, half indefinite": {
    ...{ ...one, operations: 1000, concurrency: 10 },
    indefinite: 0.5,
  },
  "one key, 1,000 operations, 50 at once": {
    ...{ ...one, operations: 1000, concurrency: 50 },
    indefinite: 0,
  },
  "one key, 300 operations, 10 % indefinite, wrong reads": {
    ...{ ...one, operations: 300, concurrency: 10 },
    ...{ indefinite: 0.1, wrong: 0.05 },
  },
  "one key, 2,000 operations, 10 % indefinite, wrong reads": {
    ...{ ...one, operations: 2000, concurrency: 10 },
    ...{ indefinite: 0.1, wrong: 0.05 },
  },
};

for (const [name, shape] of Object.entries(shapes)) {
  const history = registerHistory({ seed: 1, ...shape });
  const began = performance.now();
  const { valid } = checkLinearizable(history);
  const seconds = ((performance.now() - began) / 1000).toFixed(2);
  console.log(`${name}: ${valid} in ${seconds} s`);
}
