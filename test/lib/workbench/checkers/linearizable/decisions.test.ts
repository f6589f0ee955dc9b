import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../../../lib/vortex/index.ts";
import {
  type LinearizableVerdict,
  linearizable,
  sequential,
} from "../../../../../lib/workbench/checkers/linearizable/index.ts";
import type { AnyModel } from "../../../../../lib/workbench/checkers/linearizable/model.ts";
import { encode, partsOf } from "../../../../../lib/workbench/checkers/linearizable/parts.ts";
import { decideQueue } from "../../../../../lib/workbench/checkers/linearizable/queue-order.ts";
import { decideStack } from "../../../../../lib/workbench/checkers/linearizable/stack-order.ts";
import { fifoQueue, stack } from "../../../../../lib/workbench/checkers/models/index.ts";
import type { History } from "../../../../../lib/workbench/history/history.ts";
import { type Entry, history, invoke, ok, whole } from "../../../../support/histories/history.ts";
import { modelHistory, type Subject } from "../../../../support/histories/model-history.ts";
import { MODELLED } from "../../../../support/histories/subjects.ts";
import { hasOrder } from "../../../../support/oracles/linearizable.ts";
import { runs } from "../../../../support/runs.ts";

/** A queue or stack whose elements are distinct: 0, 1, 2, ... */
function distinct(add: string, take: string, isStack: boolean): Subject<readonly Json[]> {
  let next = 0;
  return {
    initial: [],
    draw: (below) => (below(5) < 3 ? { f: add, value: next++ } : { f: take, value: null }),
    execute(state, f, value) {
      if (f === add) return [[...state, value], null];
      const [taken = null] = isStack ? state.slice(-1) : state;
      return [isStack ? state.slice(0, -1) : state.slice(1), taken];
    },
    drawResult: (f, below) => (f === add || below(5) === 0 ? null : below(next)),
  };
}

type Part = readonly (Entry | readonly Entry[])[];

const small = fc.record({
  seed: fc.integer(),
  operations: fc.integer({ min: 3, max: 10 }),
  concurrency: fc.integer({ min: 2, max: 5 }),
  indefinite: fc.constantFrom(0, 0.15, 0.3),
  wrong: fc.constantFrom(0, 0.15, 0.3),
});

const NO_SEARCH = { maxSteps: 0 };

const COLLECTIONS = {
  queue: {
    model: fifoQueue,
    check: (of: History, options = {}): LinearizableVerdict => linearizable(fifoQueue)(of, options),
    subject: () => distinct("enqueue", "dequeue", false),
    modelled: MODELLED["FIFO queue"],
  },
  stack: {
    model: stack,
    check: (of: History, options = {}): LinearizableVerdict => linearizable(stack)(of, options),
    subject: () => distinct("push", "pop", true),
    modelled: MODELLED["stack"],
  },
};

for (const [name, { check, subject, modelled }] of Object.entries(COLLECTIONS)) {
  describe(`a ${name} of distinct elements`, () => {
    test("is decided as by a search of every order, without any search", () => {
      const verdicts = new Map<boolean, number>();
      fc.assert(
        fc.property(small, (options) => {
          const operations = modelHistory(subject(), options);
          const expected = hasOrder(operations, (modelled ?? never()).model);
          verdicts.set(expected, (verdicts.get(expected) ?? 0) + 1);
          expect(check(operations, NO_SEARCH).valid).toBe(expected);
        }),
        runs(400),
      );
      expect(Math.min(verdicts.get(true) ?? 0, verdicts.get(false) ?? 0)).toBeGreaterThan(10);
    });

    test("is decided over thousands of operations of ten clients, some of them indefinite", () => {
      fc.assert(
        fc.property(fc.integer(), fc.constantFrom(0, 0.01), (seed, indefinite) => {
          const shape = { seed, operations: 2000, concurrency: 10, indefinite };
          expect(check(modelHistory(subject(), shape), NO_SEARCH).valid).toBe(true);
        }),
        { numRuns: 6 },
      );
    });

    test("is explained by the elements involved where a search would not end", () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const shape = { seed, operations: 300, concurrency: 30, wrong: 0.05 };
          const verdict = check(modelHistory(subject(), shape), NO_SEARCH);
          expect(verdict.valid).toBe(false);
          const [finding] = verdict.explanation ?? [];
          expect(finding?.anomaly).toBe("nonlinearizable");
          expect(finding?.operations.length).toBeGreaterThan(0);
          expect(finding?.linearization?.unplaced.length).toBeGreaterThan(0);
        }),
        { numRuns: 5 },
      );
    });
  });
}

describe("a decision", () => {
  const { check } = COLLECTIONS.queue;

  test("is left to the search if an element is added twice, or a peek returns one", () => {
    const twice = history(whole(0, "enqueue", 1), whole(0, "enqueue", 1));
    expect(check(twice, NO_SEARCH).valid).toBe("unknown");
    expect(check(twice).valid).toBe(true);
    const peek = history(whole(0, "enqueue", 1), whole(0, "peek", null, 1));
    expect(check(peek, NO_SEARCH).valid).toBe("unknown");
    expect(check(peek).valid).toBe(true);
  });

  test("is left to the search if the model has other steps, or does not start empty", () => {
    const operations = history(whole(0, "dequeue", null, 1));
    const full = { ...fifoQueue, init: [1] };
    expect(linearizable(full)(operations, NO_SEARCH).valid).toBe("unknown");
    expect(linearizable(full)(operations, {}).valid).toBe(true);
    const lenient = { ...fifoQueue, step: (state: readonly Json[]) => state };
    expect(linearizable(lenient)(operations, NO_SEARCH).valid).toBe("unknown");
    expect(linearizable(lenient)(operations, {}).valid).toBe(true);
  });

  test("on an order in real time also decides whether one exists that keeps the order of each process", () => {
    const stale = history(
      whole(0, "enqueue", 1),
      whole(1, "dequeue", null, null),
      whole(1, "dequeue", null, 1),
    );
    expect(check(stale, NO_SEARCH).valid).toBe(false);
    expect(sequential(fifoQueue)(stale, NO_SEARCH).valid).toBe("unknown");
    expect(sequential(fifoQueue)(stale, {}).valid).toBe(true);
    expect(sequential(fifoQueue)(history(whole(0, "enqueue", 1)), NO_SEARCH).valid).toBe(true);
  });
});

describe("the reason", () => {
  const reason = (decide: typeof decideQueue, model: AnyModel<never>, ...parts: Part) => {
    const [part] = partsOf(history(...parts), model, undefined);
    const decision = decide(part ?? never(), encode(part ?? never(), []));
    return decision.valid === false ? decision.sentence : decision.valid;
  };
  // Forced: only the operations of the models are read.
  const queue = (...parts: Part) =>
    reason(decideQueue, fifoQueue as unknown as AnyModel<never>, ...parts);
  const pile = (...parts: Part) =>
    reason(decideStack, stack as unknown as AnyModel<never>, ...parts);
  const enqueue = (element: Json) => whole(0, "enqueue", element);
  const dequeue = (element: Json) => whole(1, "dequeue", null, element);

  test("names an element that was never added, or only later", () => {
    expect(queue(dequeue(1))).toBe(
      "process 1's dequeue at 0.001 s returned 1, which was never enqueued",
    );
    expect(queue(dequeue("a"), enqueue("a"))).toBe(
      "process 1's dequeue at 0.001 s returned \"a\", before process 0's enqueue at 0.003 s began",
    );
  });

  test("names an element that was removed twice", () => {
    expect(queue(enqueue(0), dequeue(0), dequeue(0))).toBe(
      "0 was dequeued twice: by process 1's dequeue at 0.003 s, and by process 1's dequeue at 0.005 s",
    );
  });

  test("names two elements that left a queue in the wrong order", () => {
    const both = [enqueue(1), enqueue(2)].flat();
    expect(queue(both, dequeue(2), dequeue(1))).toBe(
      "1 was enqueued before 2: process 0's enqueue at 0.001 s ended before process 0's enqueue at " +
        "0.003 s began. But 2 was dequeued by process 1's dequeue at 0.005 s, before process 1's " +
        "dequeue at 0.007 s, which dequeued 1, began",
    );
    expect(queue(both, dequeue(2))).toEndWith(
      "But 2 was dequeued by process 1's dequeue at 0.005 s, and 1 never",
    );
  });

  test("names the elements that were there when nothing was found", () => {
    expect(queue(enqueue(1), dequeue(null))).toBe(
      "process 1's dequeue at 0.003 s found nothing, although something was there all the time: 1, " +
        "enqueued by process 0's enqueue at 0.001 s, and not dequeued",
    );
    // Between them they cover all of it: 2 was there before 1 was gone.
    const covered = [
      enqueue(1),
      invoke(2, "dequeue"),
      enqueue(2),
      dequeue(1),
      ok(2, null),
      dequeue(2),
    ].flat();
    expect(queue(covered)).toContain("2, enqueued by process 0's enqueue at 0.004 s, dequeued by");
  });

  test("names the elements of which none can have been the lowest of a stack", () => {
    const push = (element: Json) => whole(0, "push", element);
    const pop = (element: Json) => whole(1, "pop", null, element);
    expect(pile(push(1), push(2), pop(1), pop(2))).toBe(
      "the stack always had an element for some time, but none can have been the lowest: 1, pushed " +
        "by process 0's push at 0.001 s, popped by process 1's pop at 0.005 s; 2, pushed by process " +
        "0's push at 0.003 s, popped by process 1's pop at 0.007 s",
    );
    // An indefinite pop may have taken 2.
    expect(pile(push(1), push(2), invoke(2, "pop"), pop(1))).toBe(true);
  });
});

function never(): never {
  throw new Error("No such object");
}
