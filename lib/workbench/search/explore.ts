/** Turns the options of a simulation with search strategies into the test that its seed draws. */
import { pickOne } from "../../vortex/random.ts";
import { randomStream } from "../random.ts";
import type { Strategy, TestOptions } from "../run/test-options.ts";
import { swarm } from "./swarm.ts";

/** The strategies among which `mixed` draws, each as often as it is listed. */
const MIXTURE: readonly (readonly Strategy[])[] = [[], ["swarm"]];

/**
 * Returns the test that the seed draws, whose options have no strategy that changes options. Without
 * one, the options are returned as they are.
 */
export function explore(options: TestOptions): TestOptions {
  const { search = [], ...rest } = options;
  if (search.length === 0) return options;
  const strategies = search.includes("mixed")
    ? pickOne(randomStream(options.seed, "search"), MIXTURE)
    : search;
  return strategies.includes("swarm") ? swarm(rest) : rest;
}
