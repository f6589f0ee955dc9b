/**
 * Loaded before any test: how properties are tried.
 *
 * Always from the same seed, so that a run of the tests is the same every time; a sweep gives
 * others by FC_SEED, and more tries of each property than 100 by FC_RUNS.
 */
import fc from "fast-check";

const { FC_RUNS, FC_SEED } = process.env;
fc.configureGlobal({
  seed: Number(FC_SEED ?? 1),
  ...(FC_RUNS === undefined ? {} : { numRuns: Number(FC_RUNS) }),
});
