/** A stale read of a register, and how far its linearization comes. */
import type { Finding } from "../../../lib/workbench/checkers/checker.ts";
import type { Operation } from "../../../lib/workbench/history/history.ts";
import { RunBuilder } from "./report-run.ts";

type Step = readonly [type: Operation["type"], ms: number];

/**
 * Two clients write 1, then 2; a third writes 3 with an unknown outcome; then a read returns 1.
 *
 * @param label The label of the read.
 */
export function staleRead(label = "read: 1"): { run: RunBuilder; finding: Finding } {
  const run = new RunBuilder("lin-kv", ["n0", "n1"], 4).start();
  const add = (process: number, f: string, value: number, [type, ms]: Step) => {
    const node = `n${process % 2}`;
    const [client, isInvocation] = [`c${8 + process}`, type === "invoke"];
    if (isInvocation) run.message(client, node, ms, 0, { type: f, key: 0, msg_id: 1 });
    else run.message(node, client, ms, 0, { type: `${f}_ok`, in_reply_to: 1 });
    return run.operation({ process, node, f, type, value: [0, value] }, ms);
  };
  const write1 = add(0, "write", 1, ["invoke", 100]);
  const write1Ok = add(0, "write", 1, ["ok", 110]);
  const write2 = add(1, "write", 2, ["invoke", 120]);
  const write3 = add(2, "write", 3, ["invoke", 125]);
  const write2Ok = add(1, "write", 2, ["ok", 130]);
  const read = add(3, "read", 1, ["invoke", 140]);
  const readOk = add(3, "read", 1, ["ok", 150]);
  const bar = (process: number, invocation: number, completion: number, text: string) => ({
    process,
    invocation,
    completion,
    start: run.history[invocation]?.time ?? 0,
    end: run.history[completion]?.time ?? 0,
    label: text,
  });
  const step = (operation: number, state: string) => ({ operation, state });
  const finding = {
    anomaly: "nonlinearizable",
    sentence: "key 0: process 3's read returned 1",
    operations: run.history.filter(({ index }) => index >= read),
    linearization: {
      part: "key 0",
      operations: [
        bar(0, write1, write1Ok, "write 1"),
        bar(1, write2, write2Ok, "write 2"),
        { process: 2, invocation: write3, start: 125e6, label: "write 3" },
        bar(3, read, readOk, label),
      ],
      omittedCount: 40,
      partials: [
        { initialState: "7", steps: [step(0, "1"), step(1, "2"), step(2, "3")], refused: [3] },
        { initialState: "7", steps: [step(0, "1"), step(1, "2")], refused: [3] },
      ],
      stuck: 3,
      unplaced: [3],
    },
  };
  return { run, finding };
}
