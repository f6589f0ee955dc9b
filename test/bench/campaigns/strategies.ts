/** The ways to search for a failure. Each starts a campaign, and then makes one run after the other. */
import type { AnyProgram } from "../../../lib/vortex/index.ts";
import type { TestResult } from "../../../lib/workbench/run/results.ts";
import { simulate } from "../../../lib/workbench/run/simulate.ts";
import type {
  Strategy as SearchStrategy,
  TestOptions,
} from "../../../lib/workbench/run/test-options.ts";
import { explore } from "../../../lib/workbench/search/explore.ts";

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

/** Each seed draws its own test, as `vortex sim --search` does. */
function explored(...search: readonly SearchStrategy[]): Strategy {
  return {
    start(program, options, firstSeed) {
      let seed = firstSeed;
      return () => {
        const { options: drawn, parts } = explore({ ...options, search, seed: seed++ });
        return simulate(drawn, { program, parts });
      };
    },
  };
}

export const STRATEGIES: Readonly<Record<string, Strategy>> = {
  plain,
  swarm: explored("swarm"),
  order: explored("order"),
  adaptive: explored("adaptive"),
  "swarm+adaptive": explored("swarm", "adaptive"),
  all: explored("swarm", "order", "adaptive"),
  mixed: explored("mixed"),
};
