import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { echo } from "../../../../challenges/echo.ts";
import { txnRwRegister } from "../../../../challenges/txn-rw-register.ts";
import type { KVNode } from "../../../../lib/vortex/index.ts";
import { runSimulated, type SimulatedOptions } from "../../../support/simulations/simulate.ts";

const READ_COMMITTED: SimulatedOptions = {
  nodeCount: 2,
  rate: 100,
  consistencyModels: ["read-committed"],
};
const CONVERGE = { ...READ_COMMITTED, converge: true, recoveryS: 1 };

/** Commits to its own registers, without replication. */
function isolated(node: KVNode): void {
  const registers = new Map<number, number>();
  const operation = v.tuple([v.string(), v.number(), v.nullable(v.number())]);
  node.handle("txn", v.object({ txn: v.array(operation) }), ({ body }) => {
    const txn = body.txn.map(([f, key, value]) => {
      if (f === "w" && value !== null) registers.set(key, value);
      return [f, key, registers.get(key) ?? null];
    });
    return { type: "txn_ok", txn };
  });
}

describe("--converge", () => {
  test("is invalid for nodes that never replicate, which Maelstrom accepts", () => {
    expect(runSimulated("txn-rw-register", isolated, READ_COMMITTED).result.valid).toBe(true);
    const { result } = runSimulated("txn-rw-register", isolated, CONVERGE);
    expect(result).toMatchObject({
      valid: false,
      workload: { valid: true },
      convergence: { valid: false, converged: false },
    });
    expect(result.convergence?.differingCount).toBeGreaterThan(10);
  });

  test("is valid for nodes that replicate, after all faults have healed", () => {
    const partitioned = { ...CONVERGE, nemesis: ["partition"] as const, nemesisIntervalS: 2 };
    const { result, history } = runSimulated("txn-rw-register", txnRwRegister, partitioned);
    expect(result).toMatchObject({ valid: true, convergence: { converged: true } });
    expect(result.faults.partition).toBeGreaterThan(0);
    expect(history.at(-1)).toMatchObject({ process: "nemesis", f: "stop-partition" });
  });

  test("reads outside the history and the message counts", () => {
    const { result, messages } = runSimulated("txn-rw-register", txnRwRegister, CONVERGE);
    const { count } = result.stats ?? {};
    // Two messages for each operation, and for the init of each of the two nodes.
    expect(result.net.clients.msgCount).toBe(2 * Number(count) + 4);
    expect(messages.filter(({ type }) => type === "send")).toHaveLength(result.net.all.msgCount);
  });

  test("is unknown when a node does not report its state", () => {
    const failing = (node: KVNode) => {
      txnRwRegister(node, { flushMs: 50, durable: false });
      // Long after the last operation, and before the comparison.
      node.after(10_800, () => node.send("nobody", { type: "lost" }));
    };
    const { result } = runSimulated("txn-rw-register", failing, CONVERGE);
    expect(result.convergence).toMatchObject({ valid: "unknown" });
    expect(Object.keys(result.convergence?.unreported ?? {})).toEqual(["n0", "n1"]);
    expect(result.valid).toBe("unknown");
  });

  test("is refused for workloads without a final state to read", () => {
    expect(() => runSimulated("echo", echo, { converge: true })).toThrow("--converge");
  });
});
