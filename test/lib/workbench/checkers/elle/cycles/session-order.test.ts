import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GraphBuilder } from "../../../../../../lib/workbench/checkers/elle/cycles/graph.ts";
import {
  linkProcesses,
  RealtimeOrder,
} from "../../../../../../lib/workbench/checkers/elle/cycles/session-order.ts";
import {
  type TransactionHistory,
  transactionHistory,
} from "../../../../../../lib/workbench/checkers/elle/transactions.ts";
import {
  type Entry,
  fail,
  history,
  info,
  invoke,
  ok,
} from "../../../../../support/histories/history.ts";

const ends = { ok, fail, info };

/** Histories of up to four processes that invoke and complete empty transactions in any order. */
const histories = fc
  .array(
    fc.tuple(fc.nat({ max: 3 }), fc.constantFrom<keyof typeof ends>("ok", "ok", "fail", "info")),
    {
      maxLength: 24,
    },
  )
  .map((turns) => {
    const running = new Set<number>();
    const entries = turns.map(([process, type]): Entry => {
      if (running.delete(process)) return ends[type](process);
      running.add(process);
      return invoke(process, "txn", []);
    });
    return transactionHistory(history(entries));
  });

/** Whether one transaction completed before another was invoked. */
function precedes({ transactions }: TransactionHistory, a: number, b: number): boolean {
  const one = transactions[a];
  const other = transactions[b];
  if (one === undefined || other === undefined) return false;
  return one.isOk && one.completion.index < other.invocation.index;
}

describe("RealtimeOrder", () => {
  test("links each transaction to exactly those invoked after its completion", () => {
    fc.assert(
      fc.property(histories, (all) => {
        const count = all.transactions.length;
        const builder = new GraphBuilder(count);
        new RealtimeOrder(all).link(builder);
        const { offsets, targets } = builder.build();
        for (let from = 0; from < count; from++) {
          const reached = new Set([from]);
          for (const node of reached) {
            for (let edge = offsets[node] ?? 0; edge < (offsets[node + 1] ?? 0); edge++) {
              reached.add(targets[edge] ?? 0);
            }
          }
          for (let to = 0; to < count; to++) {
            if (to !== from) expect(reached.has(to)).toBe(precedes(all, from, to));
          }
        }
      }),
    );
  });

  test("immediatelyAfter returns the successors with no other transaction in between", () => {
    fc.assert(
      fc.property(histories, (all) => {
        const numbers = [...all.transactions.keys()];
        const order = new RealtimeOrder(all);
        const sorted = order.sortedByInvocation(Int32Array.from(numbers));
        for (const from of numbers) {
          const immediate = numbers.filter(
            (to) =>
              precedes(all, from, to) &&
              !numbers.some(
                (between) => precedes(all, from, between) && precedes(all, between, to),
              ),
          );
          expect(order.immediatelyAfter(from, sorted).toSorted()).toEqual(
            Int32Array.from(immediate),
          );
        }
      }),
    );
  });
});

describe("linkProcesses", () => {
  test("links each process's ok transactions in order", () => {
    const all = transactionHistory(
      history(
        [invoke(0, "txn", []), invoke(1, "txn", []), ok(0), ok(1)],
        [invoke(0, "txn", []), fail(0), invoke(0, "txn", []), ok(0), invoke(1, "txn", []), info(1)],
      ),
    );
    const builder = new GraphBuilder(all.transactions.length);
    linkProcesses(builder, all);
    const { offsets, targets } = builder.build();
    expect([...offsets]).toEqual([0, 1, 1, 1, 1]);
    expect([...targets]).toEqual([2]);
  });
});
