/**
 * Metamorphic tests: where no oracle knows the verdict, a changed history has a verdict that follows from
 * that of the original.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json, Random } from "../../../../lib/vortex/index.ts";
import { randomInteger } from "../../../../lib/vortex/random.ts";
import type { Checker, Validity } from "../../../../lib/workbench/checkers/checker.ts";
import { counter, log, setFull, transactions } from "../../../../lib/workbench/checkers/checks.ts";
import {
  independent,
  linearizable,
  sequential,
} from "../../../../lib/workbench/checkers/linearizable/index.ts";
import type { AnyModel } from "../../../../lib/workbench/checkers/linearizable/model.ts";
import type { History } from "../../../../lib/workbench/history/history.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { type Entry, history, whole } from "../../../support/histories/history.ts";
import { kafkaHistory } from "../../../support/histories/kafka-model.ts";
import { modelHistory, type Subject } from "../../../support/histories/model-history.ts";
import {
  cut,
  deep,
  interleave,
  lose,
  type Relation,
  renameProcesses,
  renameValues,
  shiftTime,
  widen,
  withoutLostReads,
} from "../../../support/histories/relations.ts";
import { MODELLED } from "../../../support/histories/subjects.ts";
import { transactions as transactionHistory } from "../../../support/histories/transactions.ts";
import { runs } from "../../../support/runs.ts";

interface Subjected {
  readonly check: Checker;
  /** @param isWrong Whether results may be wrong; without, the history is valid. */
  history(seed: number, isWrong: boolean): History;
  /** Changes that keep any verdict. */
  readonly same: { readonly [name: string]: Relation };
  /** Changes that keep a valid history valid. */
  readonly weaker: { readonly [name: string]: Relation };
}

const ALWAYS_SAME = {
  "another start of the clock": shiftTime,
  "other names of processes": renameProcesses,
};

/** The functions of each model that are reads, and whether its values are only compared. */
const MODELS: {
  readonly [name: string]: { readonly reads: readonly string[]; readonly isOpaque: boolean };
} = {
  register: { reads: ["read"], isOpaque: true },
  set: { reads: ["read", "contains"], isOpaque: true },
  counter: { reads: ["read"], isOpaque: false },
  "FIFO queue": { reads: ["peek"], isOpaque: true },
  stack: { reads: ["peek"], isOpaque: true },
  log: { reads: ["read", "get"], isOpaque: false },
  bank: { reads: ["read"], isOpaque: false },
};

function ofModel(name: string, checkOf: (model: AnyModel<unknown>) => Checker): Subjected {
  const { model, subject } = MODELLED[name] ?? never();
  const { reads, isOpaque } = MODELS[name] ?? never();
  return {
    check: checkOf(model),
    history: (seed, isWrong) =>
      modelHistory(subject, {
        seed,
        operations: 12,
        concurrency: 4,
        indefinite: 0.15,
        wrong: isWrong ? 0.15 : 0,
      }),
    same: {
      ...ALWAYS_SAME,
      "lost reads left out": withoutLostReads(({ f }) => reads.includes(f)),
      ...(isOpaque
        ? { "other values": renameValues((value) => deep(value, (plain) => `value ${plain}`)) }
        : {}),
    },
    weaker: {
      "wider operations": widen,
      "lost results": lose(() => true),
      "an early end": cut,
    },
  };
}

/** Operations on a value that grows, and final reads of all of it. */
function growing<State>(
  subject: Subject<State>,
  readOf: (state: State) => Json,
): Subjected["history"] {
  return (seed, isWrong) => {
    let state = subject.initial;
    const watched: Subject<State> = {
      ...subject,
      execute(before, f, value) {
        const done = subject.execute(before, f, value);
        [state] = done;
        return done;
      },
    };
    const operations = modelHistory(watched, {
      seed,
      operations: 20,
      concurrency: 4,
      indefinite: 0.1,
    });
    const random = randomStream(seed, "final reads");
    const wrong = isWrong && random.next() < 0.5;
    const read = wrong ? readOf(subject.initial) : readOf(state);
    const finals = [100, 101].flatMap((process) =>
      whole(process, "read", null, read).map((entry): Entry => ({ ...entry, final: true })),
    );
    return history(...operations, ...finals);
  };
}

const grown: Subject<readonly Json[]> = {
  initial: [],
  draw: (below) =>
    below(3) === 0 ? { f: "read", value: null } : { f: "add", value: below(1_000_000) },
  execute: (state, f, value) => (f === "add" ? [[...state, value], null] : [state, state]),
  drawResult: () => null,
};
const counted: Subject<number> = {
  initial: 0,
  draw: (below) =>
    below(3) === 0 ? { f: "read", value: null } : { f: "add", value: below(9) + 1 },
  execute: (state, f, value) => (f === "add" ? [state + Number(value), null] : [state, state]),
  drawResult: () => null,
};

const TRAFFIC = { count: 14, processes: 5, keys: 2, writesPerKey: 6, longest: 3, failures: 100 };

function ofTransactions(over: "registers" | "lists", model: string): Subjected {
  const workload = over === "lists" ? "txn-list-append" : "txn-rw-register";
  /** Renames the keys and values of micro-operations. */
  const renamed = (key: (key: Json) => Json, value: (plain: number | string) => Json) =>
    renameValues((steps) =>
      Array.isArray(steps)
        ? steps.map((step: Json) =>
            Array.isArray(step)
              ? [step[0] ?? null, key(step[1] ?? null), deep(step[2] ?? null, value)]
              : step,
          )
        : steps,
    );
  return {
    check: transactions({ over, consistencyModels: [model] }),
    history: (seed, isWrong) =>
      transactionHistory(randomStream(seed, "transactions"), {
        workload,
        ...TRAFFIC,
        reads: isWrong ? "stale" : "current",
      }),
    same: {
      ...ALWAYS_SAME,
      "other keys": renamed(
        (key) => Number(key) + 1000,
        (value) => value,
      ),
      "other values": renamed(
        (key) => key,
        (value) => Number(value) + 1000,
      ),
    },
    weaker: {
      "wider operations": widen,
      "lost results": lose(() => true),
      // No early end: Elle refuses histories of which too little is known.
      "another history beside it": (one, random) => {
        const other = transactionHistory(random, { workload, ...TRAFFIC });
        return interleave(
          [
            one,
            renamed(
              (key) => Number(key) + 500,
              (value) => value,
            )(other, random),
          ],
          random,
        );
      },
    },
  };
}

const LOG = {
  ...{ operations: 60, threads: 4, keys: 2, messagesPerKey: 8, messagesPerPoll: 3 },
  ...{ failures: 0.1, infos: 0.1, assigns: 0.1, crashes: 0.1, finalPollers: 2 },
};

/** Wrong polls skip a message, or swap two. */
function spoilt(operations: History, random: Random): History {
  const polls = operations.filter(({ type, f }) => type === "ok" && f === "poll");
  const chosen = polls[randomInteger(random, Math.max(1, polls.length))];
  return operations.map((operation) =>
    operation === chosen ? { ...operation, value: deepReversed(operation.value) } : operation,
  );
}

function deepReversed(value: Json): Json {
  if (!Array.isArray(value)) {
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        Array.isArray(each) ? each.toReversed() : each,
      ]),
    );
  }
  return value.map((each: Json) => deepReversed(each));
}

const logHistory = (random: Random) => kafkaHistory(random, LOG);
/** Keys are the only texts, apart from the names of operations. */
const otherKeys = renameValues((value) =>
  deep(
    value,
    (plain) =>
      typeof plain === "string" && !["send", "poll", "net-timeout"].includes(plain)
        ? `other ${plain}`
        : plain,
    (key) => `other ${key}`,
  ),
);

const SUBJECTS: { readonly [name: string]: Subjected } = {
  ...Object.fromEntries(
    Object.keys(MODELS).flatMap((name) => [
      [`linearizable, ${name}`, ofModel(name, (model) => linearizable(model))],
      [`sequential, ${name}`, ofModel(name, (model) => sequential(model))],
    ]),
  ),
  setFull: {
    check: setFull(),
    history: growing(grown, (state) => state),
    same: {
      ...ALWAYS_SAME,
      "other values": renameValues((value) => deep(value, (plain) => `value ${plain}`)),
    },
    weaker: { "lost additions": lose((f) => f === "add") },
  },
  counter: {
    check: counter(),
    history: growing(counted, (state) => state),
    same: ALWAYS_SAME,
    weaker: { "wider operations": widen, "lost additions": lose((f) => f === "add") },
  },
  log: {
    check: log(),
    history: (seed, isWrong) => {
      const random = randomStream(seed, "log");
      const operations = logHistory(random);
      return isWrong ? spoilt(operations, random) : operations;
    },
    same: { ...ALWAYS_SAME, "other keys": otherKeys },
    weaker: {
      "another history beside it": (one, random) =>
        interleave([one, otherKeys(logHistory(random), random)], random),
    },
  },
  "transactions over lists": ofTransactions("lists", "strict-serializable"),
  "transactions over registers": ofTransactions("registers", "serializable"),
};

const seeds = fc.integer({ min: 1, max: 1_000_000 });
const RUNS = runs(15);

describe.each(Object.entries(SUBJECTS))("%s", (_, { check, history: make, same, weaker }) => {
  const validityOf = (of: History): Validity => check(of, {}).valid;

  test.each(Object.entries(same))("keeps the verdict with %s", (name, relation) => {
    const seen = new Set<Validity>();
    fc.assert(
      fc.property(seeds, (seed) => {
        const original = make(seed, true);
        const expected = validityOf(original);
        seen.add(expected);
        const changed = relation(original, randomStream(seed, name));
        expect({ seed, valid: validityOf(changed) }).toEqual({ seed, valid: expected });
      }),
      RUNS,
    );
    expect([...seen]).toContain(false);
  });

  test.each(Object.entries(weaker))("accepts a valid history with %s", (name, relation) => {
    let changedCount = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const original = make(seed, false);
        expect({ seed, valid: validityOf(original) }).toEqual({ seed, valid: true });
        const changed = relation(original, randomStream(seed, name));
        if (!Bun.deepEquals(changed, original)) changedCount++;
        expect({ seed, valid: validityOf(changed) }).toEqual({ seed, valid: true });
      }),
      RUNS,
    );
    expect(changedCount).toBeGreaterThan(5);
  });
});

describe("linearizable, by key", () => {
  test.each(Object.keys(MODELS))(
    "is valid with two keys at once exactly if each is: %s",
    (name) => {
      const { model, subject } = MODELLED[name] ?? never();
      const check = linearizable({ ...model, map: independent });
      const alone = linearizable(model);
      const verdicts = new Set<Validity>();
      fc.assert(
        fc.property(seeds, (seed) => {
          const shape = { operations: 10, concurrency: 3, indefinite: 0.1, wrong: 0.05 };
          const parts = [seed, -seed].map((each) =>
            modelHistory(subject, { seed: each, ...shape }),
          );
          const expected = parts.every((part) => alone(part, {}).valid === true);
          verdicts.add(expected);
          const keyed = parts.map((part, key) =>
            part.map((operation) => ({ ...operation, value: [key, operation.value] })),
          );
          const both = interleave(keyed, randomStream(seed, "interleaving"));
          expect({ seed, valid: check(both, {}).valid }).toEqual({ seed, valid: expected });
        }),
        RUNS,
      );
      expect(verdicts.size).toBe(2);
    },
  );
});

function never(): never {
  throw new Error("No such subject");
}
