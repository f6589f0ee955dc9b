/** The ways to search for a failure. Each starts a campaign, and then makes one run after the other. */
import type { AnyProgram } from "../../../lib/vortex/index.ts";
import type { TestResult } from "../../../lib/workbench/run/results.ts";
import { simulate } from "../../../lib/workbench/run/simulate.ts";
import type { TestOptions } from "../../../lib/workbench/run/test-options.ts";

export interface Strategy {
  /**
   * Starts a campaign.
   *
   * @param firstSeed Where its seeds begin; the next 999,999 are its own, too.
   * @returns the next run of the campaign.
   */
  start(program: AnyProgram, options: TestOptions, firstSeed: number): () => TestResult;
}

/** One seed after the other, as `vortex sim --seeds` does. */
const plain: Strategy = {
  start(program, options, firstSeed) {
    let seed = firstSeed;
    return () => simulate({ ...options, seed: seed++ }, { program });
  },
};

export const STRATEGIES: Readonly<Record<string, Strategy>> = { plain };
