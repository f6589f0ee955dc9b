/**
 * Preloaded by `bun test`: configures fast-check.
 *
 * The seed is fixed, so every test run is the same. FC_SEED sets another seed; FC_RUNS sets the
 * number of runs per property (default 100).
 */
import fc from "fast-check";

const { FC_RUNS, FC_SEED } = process.env;
fc.configureGlobal({
  seed: Number(FC_SEED ?? 1),
  ...(FC_RUNS === undefined ? {} : { numRuns: Number(FC_RUNS) }),
});
