/** The ways to search for a failure: those of `vortex sim --search`. */
import type { AnyProgram } from "../../../lib/vortex/index.ts";
import type { TestResult } from "../../../lib/workbench/run/results.ts";
import { simulate } from "../../../lib/workbench/run/simulate.ts";
import type { TestOptions } from "../../../lib/workbench/run/test-options.ts";
import { STRATEGIES, type Strategy } from "../../../lib/workbench/run/test-options.ts";
import { explore } from "../../../lib/workbench/search/explore.ts";
import { startGuided } from "./guided.ts";

/**
 * Reads strategies that work together, such as `swarm+adaptive`; `plain` has none. `guided` varies runs of `mixed`.
 *
 * @throws {Error} for a name that is not known.
 */
export function parseStrategies(text: string): readonly Strategy[] | "guided" {
  if (text === "plain") return [];
  if (text === "guided") return text;
  return text.split("+").map((name) => {
    const strategy = STRATEGIES.find((it) => it === name);
    if (strategy !== undefined) return strategy;
    throw new Error(
      `Unknown strategy "${name}". Choose from plain, guided, ${STRATEGIES.join(", ")}`,
    );
  });
}

/** Makes one run after the other, each with the next seed, as a sweep does. */
export function startCampaign(
  program: AnyProgram,
  options: TestOptions,
  search: readonly Strategy[] | "guided",
): () => TestResult {
  if (search === "guided") return startGuided(program, options);
  let { seed } = options;
  return () => {
    const { parts, options: drawn } = explore({ ...options, search, seed: seed++ });
    return simulate(drawn, { program, parts, isExplained: false });
  };
}
