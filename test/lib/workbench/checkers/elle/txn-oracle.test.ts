/** Compares the transaction checkers with a direct reading of tiny random histories. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../../../lib/vortex/index.ts";
import type { TransactionVerdict } from "../../../../../lib/workbench/checkers/elle/anomalies.ts";
import { usualName } from "../../../../../lib/workbench/checkers/elle/consistency-models.ts";
import {
  ACYCLIC_PARTS,
  CYCLE_TYPES,
} from "../../../../../lib/workbench/checkers/elle/cycles/cycle-types.ts";
import { checkTxnListAppend } from "../../../../../lib/workbench/checkers/elle/txn-list-append.ts";
import { checkTxnRwRegister } from "../../../../../lib/workbench/checkers/elle/txn-rw-register.ts";
import type { History } from "../../../../../lib/workbench/history/history.ts";
import { type Entry, history, invoke, ok } from "../../../../support/histories/history.ts";
import {
  type Edge,
  isCyclic,
  listEdges,
  realtimeEdges,
  registerEdges,
} from "../../../../support/oracles/transactions.ts";

const PROCESSES = 3;

interface Turn {
  readonly process: number;
  readonly steps: readonly {
    readonly isRead: boolean;
    readonly key: number;
    readonly pick: number;
  }[];
}

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    process: fc.nat({ max: PROCESSES - 1 }),
    steps: fc.array(
      fc.record({ isRead: fc.boolean(), key: fc.nat({ max: 1 }), pick: fc.nat({ max: 20 }) }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  { maxLength: 14 },
);

/** Each process invokes a transaction at one turn and completes it at its next. */
function run(
  all: readonly Turn[],
  write: string,
  answer: (key: number, pick: number, written: number) => Json,
): History {
  const written = [0, 0];
  for (const { steps } of all) for (const { key } of steps) written[key] = (written[key] ?? 0) + 1;
  const next = [0, 0];
  const open = new Map<number, Json[]>();
  const entries = all.map(({ process, steps }): Entry => {
    const pending = open.get(process);
    if (pending !== undefined) {
      open.delete(process);
      return ok(process, pending);
    }
    const answered = steps.map(({ isRead, key, pick }): Json => {
      if (isRead) return ["r", key, answer(key, pick, written[key] ?? 0)];
      next[key] = (next[key] ?? 0) + 1;
      return [write, key, next[key] ?? 0];
    });
    open.set(process, answered);
    return invoke(
      process,
      "txn",
      answered.map((step) => asked(step)),
    );
  });
  return history(entries);
}

function asked(step: Json): Json {
  const [f = null, key = null, value = null] = step as Json[];
  return [f, key, f === "r" ? null : value];
}

const CYCLES = new Set([...CYCLE_TYPES, ...ACYCLIC_PARTS].map(({ name }) => name));

/** Compares a strict verdict with the actual edges. */
function compare(
  { anomalyTypes, not = [], alsoNot = [] }: TransactionVerdict,
  edges: Edge[],
): void {
  const cyclic = ACYCLIC_PARTS.filter(
    (part) => !part.name.startsWith("strong-session") && isCyclic(edges, part),
  );
  for (const { model } of cyclic) expect([...not, ...alsoNot]).toContain(usualName(model));
  expect(anomalyTypes.some((name) => CYCLES.has(name))).toBe(cyclic.length > 0);
}

describe("checkTxnRwRegister", () => {
  test("finds cycles if and only if values and real time form them", () => {
    fc.assert(
      fc.property(turns, (all) => {
        const made = run(all, "w", (_, pick, written) => pick % (written + 1) || null);
        const edges = [...registerEdges(made), ...realtimeEdges(made)];
        // The checker does not report a transaction that depends only on itself.
        fc.pre(edges.every(([from, to]) => from !== to));
        compare(checkTxnRwRegister(made, {}), edges);
      }),
    );
  });
});

describe("checkTxnListAppend", () => {
  const orders = fc.tuple(
    ...[0, 1].map(() => fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 })),
  );

  test("finds cycles if and only if lists and real time form them", () => {
    fc.assert(
      fc.property(turns, orders, (all, [first = [], second = []]) => {
        // Every read is a prefix of the key's list, which contains only appended elements.
        const appended = [0, 1].map((key) =>
          appendsTo(
            run(all, "append", () => null),
            key,
          ),
        );
        const order = (key: number): readonly number[] =>
          (key === 0 ? first : second).filter((element) => (appended[key] ?? []).includes(element));
        const made = run(all, "append", (key, pick) =>
          order(key).slice(0, pick % (order(key).length + 1)),
        );
        fc.pre(isAnswered(made));
        compare(checkTxnListAppend(made, {}), [...listEdges(made, order), ...realtimeEdges(made)]);
      }),
    );
  });
});

/** The elements that ok transactions append to a key. */
function appendsTo(made: History, key: number): Json[] {
  return made
    .filter(({ type }) => type === "ok")
    .flatMap(({ value }) => value as Json[][])
    .flatMap(([f, k, element = null]) => (f === "append" && k === key ? [element] : []));
}

/** Whether every transaction completed. Otherwise an append may be the only one to its key. */
function isAnswered(made: History): boolean {
  return made.filter(({ type }) => type === "invoke").length * 2 === made.length;
}
