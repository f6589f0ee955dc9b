import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Decisions, parseDecisions } from "../../../../lib/workbench/decisions.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { Corpus, MAX_KEPT } from "../../../../lib/workbench/search/corpus.ts";
import { Feedback } from "../../../../lib/workbench/search/feedback.ts";
import { vary } from "../../../../lib/workbench/search/vary.ts";
import { broadcast } from "../../../programs/broadcast.ts";
import { runSimulated, type SimulatedOptions } from "../../../support/simulations/simulate.ts";

setDefaultTimeout(30_000);

const OPTIONS: SimulatedOptions = {
  ...{ nodeCount: 3, rate: 20, timeLimitS: 5, nemesis: ["partition", "loss"] },
  nemesisIntervalS: 1,
};

function recorded(options: SimulatedOptions = OPTIONS) {
  const feedback = new Feedback();
  let decisions: Decisions = { version: 1 };
  const { result, history, messages } = runSimulated("broadcast", broadcast, options, {
    onDecisions: (made) => {
      decisions = made;
    },
  });
  for (const event of messages) feedback.onMessage(event);
  for (const operation of history) feedback.onOperation(operation);
  return { decisions, links: feedback.links, features: feedback.features(result) };
}

describe("A variation", () => {
  const { decisions, links } = recorded();
  const run = { decisions, links, nodeIds: ["n0", "n1", "n2"] };
  const variations = Array.from({ length: 200 }, (_, index) =>
    vary(run, randomStream(index, "variation")),
  );

  test("is what a replay accepts, and a correct program passes it", () => {
    for (const variation of variations.slice(0, 20)) {
      expect(() => parseDecisions(variation)).not.toThrow();
    }
    for (const variation of variations.slice(0, 3)) {
      const { result } = runSimulated("broadcast", broadcast, OPTIONS, { decisions: variation });
      expect(result.valid).toBe(true);
    }
  });

  test("loses and duplicates no message that the run did not", () => {
    const odd = ({ messages = {} }: Decisions) =>
      Object.entries(messages).flatMap(([link, fates]) =>
        Object.entries(fates).flatMap(([number, { length }]) =>
          length === 1 ? [] : [`${link} ${number}: ${length}`],
        ),
      );
    const known = new Set(odd(decisions));
    for (const variation of variations) {
      expect(odd(variation).filter((message) => !known.has(message))).toEqual([]);
    }
  });

  test("differs from most others", () => {
    const different = new Set(variations.map((variation) => JSON.stringify(variation)));
    expect(different.size).toBeGreaterThan(150);
  });
});

describe("Features", () => {
  test("are the same for the same run, and others under faults", () => {
    const { features } = recorded();
    expect(recorded().features).toEqual(features);
    expect(recorded({ ...OPTIONS, nemesis: [] }).features).not.toEqual(features);
  });
});

describe("Corpus", () => {
  test("forgets a run at once that did nothing new", () => {
    const corpus = new Corpus();
    expect(corpus.add("one", ["a", "b"])).toBeUndefined();
    expect(corpus.add("two", ["b", "a"])).toBe("two");
    expect(corpus.add("three", ["b", "c"])).toBeUndefined();
    expect(corpus.pick(randomStream(1, "bases"))).toMatch(/^(one|three)$/);
  });

  test("keeps a bounded number of runs: those that did most", () => {
    const corpus = new Corpus();
    const forgotten = Array.from({ length: MAX_KEPT + 10 }, (_, index) =>
      corpus.add(`s${index}`, index === 0 ? ["x", "y"] : [`feature ${index}`]),
    );
    expect(corpus.size).toBe(MAX_KEPT);
    expect(forgotten.filter((name) => name !== undefined)).toHaveLength(10);
    expect(forgotten).not.toContain("s0");
  });
});
