/** Turns a test with search strategies into the one that its seed draws. */
import type { Clock, NodeId } from "../../vortex/index.ts";
import { randomStream } from "../random.ts";
import type { Exploration } from "../run/exploration.ts";
import type { TestParts } from "../run/test.ts";
import type { Strategy, TestOptions } from "../run/test-options.ts";
import { adaptive, Moments } from "./moments.ts";
import { drawOrder, drawTimers, until } from "./order.ts";
import { drawPace } from "./pace.ts";
import { swarm } from "./swarm.ts";

/**
 * The strategies of `mixed`: those of seed n are at n modulo their number, so that any row of seeds has
 * all of them. Seed 1 is plain, as most bugs need no search.
 */
const MIXTURE: readonly (readonly Strategy[])[] = [
  ["swarm", "order", "adaptive"],
  [],
  ["order", "adaptive"],
  ["swarm", "adaptive"],
  ["order", "adaptive"],
  ["adaptive"],
  ["swarm", "order", "adaptive"],
  ["order", "adaptive"],
];

/** A test, and what its search changes beside the options. */
export interface Explored {
  readonly options: TestOptions;
  readonly parts: Pick<TestParts, "exploration">;
}

/**
 * Returns the test that the seed draws. Its options have the strategies that are not a matter of other
 * options, or `lenient`: what is returned for these is the same test again.
 */
export function explore(given: TestOptions): Explored {
  const strategies = strategiesOf(given);
  const { search: _, ...plain } = given;
  if (strategies.length === 0) return { options: plain, parts: {} };
  const rest = strategies.filter((strategy) => strategy !== "swarm");
  const drawn = strategies.includes("swarm") ? swarm(plain) : plain;
  return {
    options: { ...drawn, search: rest.length === 0 ? ["lenient"] : rest },
    parts: { exploration: (clock) => explorationOf(rest, given, clock) },
  };
}

function strategiesOf({ search = [], seed }: TestOptions): readonly Strategy[] {
  return search.includes("mixed") ? (MIXTURE[seed % MIXTURE.length] ?? []) : search;
}

/** Each part draws from a stream of its own. */
function explorationOf(
  strategies: readonly Strategy[],
  { seed, nodeIds, timeLimitS }: TestOptions,
  clock: Clock,
): Exploration {
  // As faults, they end with the main phase: what comes after must show that nodes recover.
  const isOver = () => clock.nowMs() > timeLimitS * 1000;
  const order: Exploration = {
    order: until(isOver, drawOrder(randomStream(seed, "order of messages"), clock), clock),
    timers: (timers) => drawTimers(randomStream(seed, "late timers"), timers, isOver),
  };
  return {
    ...(strategies.includes("order") ? order : {}),
    ...(strategies.includes("adaptive") ? atMoments(seed, nodeIds, clock) : {}),
  };
}

function atMoments(seed: number, nodeIds: readonly NodeId[], clock: Clock): Exploration {
  const moments = new Moments(clock, randomStream(seed, "moments"), nodeIds);
  return {
    pace: drawPace(randomStream(seed, "pace")),
    nemesis: adaptive(moments, nodeIds, (fault) => randomStream(seed, `rhythm of ${fault}`)),
    onMessage: (event) => moments.onMessage(event),
    onSync: (node, hasEnded) => moments.onSync(node, hasEnded),
  };
}
