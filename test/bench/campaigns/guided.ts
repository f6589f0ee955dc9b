/** A campaign that varies the runs which did something new, as `vortex sim --for --corpus` does. */
import type { AnyProgram } from "../../../lib/vortex/index.ts";
import type { Decisions } from "../../../lib/workbench/decisions.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import type { TestResult } from "../../../lib/workbench/run/results.ts";
import { simulate } from "../../../lib/workbench/run/simulate.ts";
import type { TestOptions } from "../../../lib/workbench/run/test-options.ts";
import { Corpus, type KeptRun } from "../../../lib/workbench/search/corpus.ts";
import { explore } from "../../../lib/workbench/search/explore.ts";
import { Feedback } from "../../../lib/workbench/search/feedback.ts";
import { SEEDS_PER_VARIATION, vary } from "../../../lib/workbench/search/vary.ts";

/** Makes one run after the other: most with the next seeds, and some as variations of runs before. */
export function startGuided(program: AnyProgram, options: TestOptions): () => TestResult {
  const corpus = new Corpus();
  const runs = new Map<string, KeptRun>();
  const { nodeIds } = options;
  const random = randomStream(options.seed, "bases");
  let [nextSeed, count] = [options.seed, 0];

  const run = (search: KeptRun["search"], seed: number, decisions?: Decisions) => {
    const feedback = new Feedback();
    const explored = explore({ ...options, search, seed });
    const { parts } = explored;
    const simulation = {
      ...{ program, parts, decisions, isExplained: false },
      onMessage: (event: Parameters<Feedback["onMessage"]>[0]) => feedback.onMessage(event),
      onOperation: (it: Parameters<Feedback["onOperation"]>[0]) => feedback.onOperation(it),
    };
    const result = simulate(explored.options, simulation);
    const news = corpus.newOf(feedback.features(result));
    const name = String(count);
    const forgotten = corpus.add(name, news);
    if (forgotten === name) return result;
    if (forgotten !== undefined) runs.delete(forgotten);
    let recorded = decisions;
    if (recorded === undefined) {
      const onDecisions = (it: Decisions) => {
        recorded = it;
      };
      simulate(explored.options, { program, parts, onDecisions, isExplained: false });
    }
    if (recorded === undefined) throw new Error("No decisions were recorded");
    const { links } = feedback;
    runs.set(name, { version: 1, seed, search, decisions: recorded, links, news: [...news] });
    return result;
  };

  return () => {
    const base =
      ++count % (SEEDS_PER_VARIATION + 1) === 0 ? runs.get(corpus.pick(random) ?? "") : undefined;
    if (base === undefined) return run(["mixed"], nextSeed++);
    return run(base.search, base.seed, vary({ ...base, nodeIds }, random));
  };
}
