import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import {
  type ClientOperation,
  independent,
  linearizable,
  oneOf,
  returned,
  sequential,
} from "../../../../../lib/workbench/checkers/linearizable/index.ts";
import { fifoQueue, register } from "../../../../../lib/workbench/checkers/models/index.ts";
import { checkLinearizable } from "../../../../../lib/workbench/checkers/register/linearizable.ts";
import {
  type Entry,
  fail,
  history,
  info,
  invoke,
  ok,
  whole,
} from "../../../../support/histories/history.ts";
import { modelHistory } from "../../../../support/histories/model-history.ts";
import {
  etcdCases,
  etcdModel,
  kvCases,
  kvModel,
  wholeKvModel,
} from "../../../../support/histories/porcupine.ts";
import { registerHistories } from "../../../../support/histories/register-histories.ts";
import { MODELLED } from "../../../../support/histories/subjects.ts";
import { hasOrder, inProcess } from "../../../../support/oracles/linearizable.ts";

const small = fc.record({
  seed: fc.integer(),
  operations: fc.integer({ min: 3, max: 8 }),
  concurrency: fc.integer({ min: 2, max: 4 }),
  indefinite: fc.constantFrom(0, 0.3),
  wrong: fc.constantFrom(0, 0.3),
});

/** A register whose writes may be lost. */
const checkLossy = linearizable({
  init: 0,
  operations: { read: { result: v.number() }, write: { value: v.number() } },
  isRead: ({ f }) => f === "read",
  step(state, operation) {
    if (operation.f === "write") return oneOf([state, operation.value]);
    return returned(operation, state) ? state : undefined;
  },
});

const read = (process: number, result: number) => whole(process, "read", null, result);
const write = (process: number, value: number) => whole(process, "write", value);

describe("linearizable", () => {
  for (const [name, { model, subject }] of Object.entries(MODELLED)) {
    test(`agrees with a search of every order: ${name}`, () => {
      const verdicts = new Map<boolean, number>();
      fc.assert(
        fc.property(small, (options) => {
          const operations = modelHistory(subject, options);
          const expected = hasOrder(operations, model);
          verdicts.set(expected, (verdicts.get(expected) ?? 0) + 1);
          expect(linearizable(model)(operations, {}).valid).toBe(expected);
        }),
        { numRuns: 150 },
      );
      expect(Math.min(verdicts.get(true) ?? 0, verdicts.get(false) ?? 0)).toBeGreaterThan(5);
    });

    test(`accepts long histories of an object: ${name}`, () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const shape = { operations: 100, concurrency: 5, indefinite: 0.01 };
          expect(linearizable(model)(modelHistory(subject, { seed, ...shape }), {}).valid).toBe(
            true,
          );
        }),
        { numRuns: 10 },
      );
    });
  }

  test("follows every state that a non-deterministic step may lead to", () => {
    const valid = (...entries: ReturnType<typeof whole>[]) =>
      checkLossy(history(...entries), {}).valid;
    expect(valid(write(0, 1), read(0, 1))).toBe(true);
    expect(valid(write(0, 1), read(0, 0))).toBe(true);
    expect(valid(write(0, 1), write(0, 2), read(0, 1), read(0, 1))).toBe(true);
    // A read shows which of the writes were lost.
    expect(valid(write(0, 1), write(0, 2), read(0, 1), read(0, 2))).toBe(false);
    expect(valid(write(0, 1), read(0, 0), read(0, 1))).toBe(false);
  });

  test("splits the history by key, and names the keys that fail", () => {
    const check = linearizable({ ...register, map: independent });
    const verdict = check(
      history(
        whole(0, "write", ["x", 1]),
        whole(0, "write", ["y", 2]),
        whole(1, "read", ["x", null], ["x", 1]),
        whole(1, "write", ["y", 3]),
        whole(1, "read", ["y", null], ["y", 2]),
      ),
      {},
    );
    expect(verdict).toMatchObject({
      valid: false,
      operationCount: 5,
      failures: ["y"],
      keys: { x: true, y: false },
    });
    expect(verdict.explanation?.[0]?.sentence).toBe(
      'key "y": process 1\'s read at 0.009 s took effect as read: 2 by 0.010 s, but every order of ' +
        "the preceding operations leaves 3, and no open operation could change that in time",
    );
  });

  /** Elements that are enqueued twice, so that their order is searched. */
  const hard = (clientCount: number) => [
    ...Array.from({ length: clientCount }, (_, index) => invoke(index, "enqueue", index >> 1)),
    ...Array.from({ length: clientCount }, (_, index) => ok(index)),
    ...whole(0, "dequeue", null, 99),
  ];

  const stale = (key: string) => [
    ...whole(0, "write", [key, 1]),
    ...whole(0, "write", [key, 2]),
    ...whole(1, "read", [key, null], [key, 1]),
  ];

  test("names keys in the order, and operations in the words, that it is given", () => {
    const check = linearizable(
      { ...register, map: independent },
      {
        compareKeys: (one, other) => (String(one) < String(other) ? -1 : 1),
        describeEffect: ({ result = null }) => `returned ${result}`,
      },
    );
    const { failures, explanation } = check(history(stale("z"), stale("a")), {});
    expect(failures).toEqual(["a", "z"]);
    expect(explanation?.[0]?.sentence).toStartWith(
      'key "a": process 1\'s read at 0.011 s returned 1 by 0.012 s, but',
    );
  });

  test("goes on with every key after one has failed, if that is wanted", () => {
    const keyed = (key: string) => (entry: Entry) => ({
      ...entry,
      value: [key, entry.value ?? null],
    });
    const both = history(
      [...hard(16), ...whole(0, "dequeue", null, 98)].map(keyed("a")),
      [...whole(0, "enqueue", 1), ...whole(0, "enqueue", 1), ...whole(0, "dequeue", null, 2)].map(
        keyed("b"),
      ),
    );
    const queues = { ...fifoQueue, map: independent };
    const maxSteps = 20_000;
    expect(linearizable(queues)(both, { maxSteps }).explanation).toHaveLength(1);
    const { keys, explanation } = linearizable(queues, {
      everyKey: true,
      describeLimit: ({ limit }) => `: too many ${limit}`,
    })(both, { maxSteps });
    expect(keys).toEqual({ a: "unknown", b: false });
    expect(explanation?.map(({ sentence }) => sentence)).toEqual([
      'key "a": gave up the search for an order of 18 operations, 0 of them indefinite: too many steps',
      expect.stringMatching(/^key "b": process 0's dequeue/),
    ]);
  });

  test("takes the key from a function", () => {
    const check = linearizable({
      init: 0,
      operations: { add: { value: v.object({ to: v.string() }), result: v.number() } },
      key: ({ value }) => value.to,
      step: (state, operation) => (returned(operation, state + 1) ? state + 1 : undefined),
    });
    const add = (to: string, result: number) => whole(0, "add", { to }, result);
    expect(check(history(add("a", 1), add("b", 1), add("a", 2)), {}).keys).toEqual({
      a: true,
      b: true,
    });
  });

  test("gives each key its own initial state", () => {
    const check = linearizable({ ...register, map: independent, init: (key) => key ?? null });
    const own = (key: string) => whole(0, "read", [key, null], [key, key]);
    expect(check(history(own("a"), own("b")), {}).valid).toBe(true);
  });

  test("shows how far the longest orders come, and what the model refuses then", () => {
    const { explanation } = linearizable(fifoQueue)(
      history(
        invoke(0, "enqueue", 1),
        invoke(1, "enqueue", 2),
        ok(0),
        ok(1),
        whole(2, "dequeue", null, 1),
        invoke(3, "enqueue", 3),
        whole(2, "dequeue", null, 1),
        ok(3),
      ),
      {},
    );
    const [finding] = explanation ?? [];
    expect(finding?.operations.map(({ index }) => index)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(finding?.linearization).toEqual({
      operations: [
        { invocation: 0, completion: 2, process: 0, start: 1e6, end: 3e6, label: "enqueue 1" },
        { invocation: 1, completion: 3, process: 1, start: 2e6, end: 4e6, label: "enqueue 2" },
        { invocation: 4, completion: 5, process: 2, start: 5e6, end: 6e6, label: "dequeue: 1" },
        { invocation: 6, completion: 9, process: 3, start: 7e6, end: 1e7, label: "enqueue 3" },
        { invocation: 7, completion: 8, process: 2, start: 8e6, end: 9e6, label: "dequeue: 1" },
      ],
      omittedCount: 0,
      partials: [
        {
          initialState: "[]",
          steps: [
            { operation: 0, state: "[1]" },
            { operation: 1, state: "[1,2]" },
            { operation: 2, state: "[2]" },
            { operation: 3, state: "[2,3]" },
          ],
          refused: [4],
        },
      ],
      stuck: 4,
      unplaced: [4],
    });
  });

  test("bounds the explanation of a long history", () => {
    const { explanation } = linearizable(fifoQueue)(
      history(
        Array.from({ length: 500 }, (_, value) => whole(0, "enqueue", value)).flat(),
        ...Array.from({ length: 90 }, (_, index) => [
          invoke(index + 1, "enqueue", 1),
          info(index + 1),
        ]),
        whole(0, "dequeue", null, 7),
      ),
      {},
    );
    const [finding] = explanation ?? [];
    expect(finding?.linearization?.operations.length).toBe(60);
    expect(finding?.linearization?.omittedCount).toBe(531);
    expect(JSON.stringify(finding).length).toBeLessThan(40_000);
  });

  test("lets failed operations not happen, and indefinite ones at any later time or never", () => {
    const check = linearizable(fifoQueue);
    const dequeue = (value: number | null) => whole(9, "dequeue", null, value);
    const doubtful = [invoke(0, "enqueue", 1), info(0)];
    expect(check(history(doubtful, dequeue(null), dequeue(1)), {}).valid).toBe(true);
    expect(check(history(doubtful, dequeue(null), dequeue(null)), {}).valid).toBe(true);
    expect(check(history(doubtful, dequeue(1), dequeue(1)), {}).valid).toBe(false);
    expect(check(history(invoke(0, "enqueue", 1), fail(0), dequeue(1)), {}).valid).toBe(false);
    // Its result is unknown, so it may have taken any element.
    const lost = [invoke(1, "dequeue"), info(1)];
    const both = [whole(0, "enqueue", 1), whole(0, "enqueue", 2)].flat();
    expect(check(history(both, lost, dequeue(2)), {}).valid).toBe(true);
    expect(check(history(both, dequeue(2), lost), {}).valid).toBe(false);
  });

  test("is unknown, with the reason and advice, if the search exceeds maxSteps", () => {
    const verdict = linearizable(fifoQueue)(history(hard(16)), { maxSteps: 10_000 });
    expect(verdict.valid).toBe("unknown");
    expect(verdict.explanation).toEqual([
      {
        anomaly: "undecided",
        sentence:
          "gave up the search for an order of 17 operations, 0 of them indefinite, after the most " +
          "steps allowed. Split the history by key, or run a shorter test with fewer clients",
        operations: [],
      },
    ]);
  });

  test("is unknown if the search exceeds maxBytes", () => {
    const lost = [invoke(98, "dequeue"), info(98)];
    for (const check of [linearizable(fifoQueue), sequential(fifoQueue)]) {
      const verdict = check(history(hard(16), lost), { maxBytes: 1_000_000 });
      expect(verdict.valid).toBe("unknown");
      expect(verdict.explanation?.[0]?.sentence).toBe(
        "gave up the search for an order of 18 operations, 1 of them indefinite, as it needs too much " +
          "memory. Split the history by key, or run a shorter test with fewer clients, or let fewer " +
          "operations time out",
      );
    }
  });

  test("explains operations that the model does not have, and values of the wrong shape", () => {
    const check = (...entries: ReturnType<typeof whole>) => checkLossy(history(entries), {});
    expect(() => check(...whole(0, "cas", [1, 2]))).toThrow(
      'The model has no operation "cas" for process 0\'s cas at 0.001 s. It has read, write. ' +
        "Map others to these",
    );
    expect(() => check(...whole(0, "constructor", 1))).toThrow('no operation "constructor"');
    expect(() => check(...whole(0, "write", "1"))).toThrow(
      "Invalid argument of process 0's write at 0.001 s",
    );
    expect(() => check(...whole(0, "read", null, "1"))).toThrow(
      "Invalid result of process 0's read at 0.001 s",
    );
  });

  test("explains models that break the rules", () => {
    const one = history(whole(0, "push", 1), whole(0, "push", 2));
    const changing = linearizable({
      init: (): number[] => [],
      step: (state) => {
        state.push(1);
        return state;
      },
    });
    expect(() => changing(one, {})).toThrow(
      "The model's step changed the state that it received, at push 1. Return a new state instead",
    );
    const reading = linearizable({
      init: 0,
      operations: { push: {} },
      isRead: () => true,
      step: (state) => state + 1,
    });
    expect(() => reading(one, {})).toThrow(
      "The model's isRead is true of push 1, but its step changed the state",
    );
    const opaque = linearizable({ init: new URL("http://localhost"), step: (state) => state });
    expect(() => opaque(one, {})).toThrow(
      "Cannot compare states that contain a URL. Give the model a stateKey",
    );
    const some = linearizable({
      ...register,
      map: (operation) => ({ ...operation, ...(operation.value === 1 ? { key: 1 } : {}) }),
    });
    expect(() => some(history(write(0, 1), write(0, 2)), {})).toThrow(
      "Some operations have a key, and others have none",
    );
  });

  test("searches registers in two ways, with the same verdicts", () => {
    const asOthers = {
      ...register,
      // The search for registers belongs to the step of the model.
      step: (...[state, operation]: Parameters<typeof register.step>) =>
        register.step(state, operation),
      // As in Knossos, a read of null may return anything.
      map: (operation: ClientOperation) => {
        const mapped = independent(operation);
        return mapped.f === "read" && mapped.result === null ? undefined : mapped;
      },
    };
    fc.assert(
      fc.property(registerHistories, (operations) => {
        const { valid } = checkLinearizable(operations);
        expect(linearizable(asOthers)(operations, {}).valid).toBe(valid);
        expect(linearizable({ ...asOthers, step: register.step })(operations, {}).valid).toBe(
          valid,
        );
      }),
      { numRuns: 500 },
    );
  });

  test("reaches Porcupine's verdicts on its histories of etcd", async () => {
    for (const { name, valid, history } of await etcdCases()) {
      expect([name, linearizable(etcdModel)(history, {}).valid]).toEqual([name, valid]);
    }
  });

  test("reaches Porcupine's verdicts on its histories of a key-value store", async () => {
    for (const { name, valid, history } of await kvCases()) {
      expect([name, linearizable(kvModel)(history, {}).valid]).toEqual([name, valid]);
      // Without keys, those of more clients take seconds: see test/bench/porcupine.ts.
      if (!name.startsWith("c01")) continue;
      expect([name, linearizable(wholeKvModel)(history, {}).valid]).toEqual([name, valid]);
    }
  });
});

describe("sequential", () => {
  for (const [name, { model, subject }] of Object.entries(MODELLED)) {
    test(`agrees with a search of every order: ${name}`, () => {
      const verdicts = new Map<boolean, number>();
      fc.assert(
        fc.property(small, (options) => {
          const operations = modelHistory(subject, options);
          const expected = hasOrder(operations, model, inProcess);
          verdicts.set(expected, (verdicts.get(expected) ?? 0) + 1);
          expect(sequential(model)(operations, {}).valid).toBe(expected);
        }),
        { numRuns: 150 },
      );
      expect(Math.min(verdicts.get(true) ?? 0, verdicts.get(false) ?? 0)).toBeGreaterThan(3);
    });
  }

  test("accepts stale reads, if each process sees the writes in one order", () => {
    const check = (...entries: ReturnType<typeof whole>[]) =>
      sequential(register)(history(...entries), {}).valid;
    expect(check(write(0, 1), write(0, 2), read(1, 1), read(1, 2))).toBe(true);
    expect(check(write(0, 1), write(0, 2), read(1, 2), read(1, 1))).toBe(false);
    expect(check(write(0, 1), write(1, 2), read(2, 2), read(2, 1), read(3, 1))).toBe(true);
    expect(check(write(0, 1), write(1, 2), read(2, 2), read(2, 1), read(3, 1), read(3, 2))).toBe(
      false,
    );
  });

  test("shows the longest order, and what cannot follow it", () => {
    const { explanation } = sequential(register)(
      history(write(0, 1), write(0, 2), read(1, 2), read(1, 1)),
      {},
    );
    const [finding] = explanation ?? [];
    expect(finding?.anomaly).toBe("nonsequential");
    expect(finding?.sentence).toBe(
      "process 1's read at 0.007 s took effect as read: 1 by 0.008 s, but no order that keeps the " +
        "order of each process has a place for it: the longest has 3 of 4 operations and leaves 2, " +
        "where none of the next ones can happen",
    );
    expect(finding?.linearization).toMatchObject({
      partials: [{ steps: [{ operation: 0 }, { operation: 1 }, { operation: 2, state: "2" }] }],
      stuck: 3,
      unplaced: [3],
    });
  });

  test("accepts whatever is linearizable", () => {
    for (const { model, subject } of Object.values(MODELLED)) {
      const operations = modelHistory(subject, { seed: 1, operations: 200, concurrency: 5 });
      expect(sequential(model)(operations, {}).valid).toBe(true);
    }
  });

  test("is unknown if the search exceeds maxSteps", () => {
    const operations = modelHistory(MODELLED["FIFO queue"]?.subject ?? never(), {
      seed: 1,
      operations: 200,
      concurrency: 8,
      wrong: 0.1,
    });
    expect(sequential(fifoQueue)(operations, { maxSteps: 5000 }).valid).toBe("unknown");
  });
});

function never(): never {
  throw new Error("No such object");
}
