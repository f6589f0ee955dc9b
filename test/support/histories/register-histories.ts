/** Histories of registers: arbitrary ones from fast-check, and one that is hard to check. */
import fc from "fast-check";
import type { History } from "../../../lib/workbench/history/history.ts";
import { fail, history, info, invoke, ok, whole } from "./history.ts";

/** A few overlapping operations on key 0 with arbitrary results. */
export const registerHistories: fc.Arbitrary<History> = fc
  .array(
    fc.record({
      thread: fc.nat({ max: 3 }),
      f: fc.constantFrom("read", "write", "cas"),
      from: fc.nat({ max: 2 }),
      to: fc.nat({ max: 2 }),
      end: fc.constantFrom("ok", "ok", "ok", "info", "fail"),
    }),
    { minLength: 4, maxLength: 14 },
  )
  .map((steps) => {
    const processes = [0, 1, 2, 3];
    const open = new Map<number, string>();
    const entries = steps.map(({ thread, f, from, to, end }) => {
      const process = processes[thread] ?? thread;
      const running = open.get(process);
      if (running === undefined) {
        open.set(process, f);
        if (f === "cas") return invoke(process, f, [0, [from, to]]);
        return invoke(process, f, [0, f === "read" ? null : to]);
      }
      open.delete(process);
      if (end === "fail") return fail(process);
      if (end === "info") {
        processes[thread] = process + 4;
        return info(process);
      }
      return running === "read" ? ok(process, [0, to]) : ok(process);
    });
    return history(...entries);
  });

/**
 * Twenty indefinite cas operations between five values, and reads that use them up. Whether they
 * suffice is only known after searching all their orders.
 */
export function explosiveHistory(): History {
  const values = [0, 1, 2, 3, 4];
  const steps = values.flatMap((from) =>
    values.filter((to) => to !== from).map((to): [number, number] => [from, to]),
  );
  return history(
    whole(0, "write", [0, 0]),
    steps.flatMap((step, index) => [invoke(index + 2, "cas", [0, step]), info(index + 2)]),
    ...Array.from({ length: 10 }, (_, index) => whole(1, "read", [0, null], [0, index % 2])),
  );
}
