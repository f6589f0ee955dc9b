/** Turns a test with search strategies into the one that its seed draws. */
import type { Clock } from "../../vortex/index.ts";
import { randomStream } from "../random.ts";
import type { Exploration } from "../run/exploration.ts";
import type { TestParts } from "../run/test.ts";
import type { Strategy, TestOptions } from "../run/test-options.ts";
import { drawOrder, drawTimers } from "./order.ts";
import { swarm } from "./swarm.ts";

/**
 * The strategies of `mixed`: those of seed n are at n modulo their number, so that any row of seeds has
 * all of them. Seed 1 is plain, as most bugs need no search.
 */
const MIXTURE: readonly (readonly Strategy[])[] = [["swarm", "order"], [], ["swarm"], ["order"]];

/** A test, and what its search changes beside the options. */
export interface Explored {
  readonly options: TestOptions;
  readonly parts: Pick<TestParts, "exploration">;
}

/**
 * Returns the test that the seed draws. Its options have the strategies that are not a matter of other
 * options; what is returned for these is the same test again.
 */
export function explore(given: TestOptions): Explored {
  const strategies = strategiesOf(given);
  const rest = strategies.filter((strategy) => strategy !== "swarm");
  const { search: _, ...others } = given;
  const drawn = strategies.includes("swarm") ? swarm(others) : others;
  if (rest.length === 0) return { options: drawn, parts: {} };
  return {
    options: { ...drawn, search: rest },
    parts: { exploration: (clock) => explorationOf(rest, given.seed, clock) },
  };
}

function strategiesOf({ search = [], seed }: TestOptions): readonly Strategy[] {
  return search.includes("mixed") ? (MIXTURE[seed % MIXTURE.length] ?? []) : search;
}

/** Each part draws from a stream of its own. */
function explorationOf(strategies: readonly Strategy[], seed: number, clock: Clock): Exploration {
  if (!strategies.includes("order")) return {};
  return {
    order: drawOrder(randomStream(seed, "order of messages"), clock),
    timers: (timers) => drawTimers(randomStream(seed, "late timers"), timers),
  };
}
