/** Loaded before any test: how often each property is tried, 100 times unless FC_RUNS says more. */
import fc from "fast-check";

const { FC_RUNS } = process.env;
if (FC_RUNS !== undefined) fc.configureGlobal({ numRuns: Number(FC_RUNS) });
