import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { KVNode } from "../../../lib/vortex/index.ts";
import { runSimulated } from "../../support/simulations/simulate.ts";

/** Takes ids from the timestamp service, one request per operation. */
function timestamps(node: KVNode): void {
  node.handle("generate", v.object({}), async () => ({
    type: "generate_ok",
    id: await node.linTso.next(),
  }));
}

describe("The services of a test", () => {
  test("answer nodes, and count as servers", () => {
    const { result } = runSimulated("unique-ids", timestamps, { nodeCount: 3 });
    expect(result.valid).toBe(true);
    expect(result.net.servers.msgsPerOp).toBe(2);
  });

  test("have the configured latency in both directions", () => {
    const latency = { meanMs: 100, distribution: "constant" } as const;
    const { result } = runSimulated("unique-ids", timestamps, { latency });
    expect(result.perf.latencies["all"]?.["0.5"]).toBeCloseTo(200, -1);
  });

  test("stay reachable during partitions", () => {
    const { result } = runSimulated("unique-ids", timestamps, {
      nodeCount: 5,
      nemesis: ["partition", "one-way-partition", "loss"],
      nemesisIntervalS: 1,
    });
    expect(result.availability).toMatchObject({ okFraction: 1 });
  });

  test("do not reply to an unknown request type, with a remark", () => {
    const remarks: string[] = [];
    const confused = (node: KVNode) => {
      node.handle("generate", v.object({}), () => {
        node.send("seq-kv", { type: "please" });
        return { type: "generate_ok", id: node.generateId() };
      });
    };
    const onRemark = (text: string) => void remarks.push(text);
    runSimulated("unique-ids", confused, { timeLimitS: 1 }, { onRemark });
    expect(remarks[0]).toBe('seq-kv does not support {"type":"please"}: n0 gets no reply');
  });

  test.each(["seq-kv", "lin-kv", "lww-kv"] as const)("%s stores values", (name) => {
    const services = { "seq-kv": "seqKv", "lin-kv": "linKv", "lww-kv": "lwwKv" } as const;
    const remembering = (node: KVNode) => {
      const kv = node[services[name]];
      node.handle("echo", v.object({ echo: v.string() }), async ({ body }) => {
        const key = node.generateId();
        await kv.write(key, body.echo);
        // The replica of lww-kv that answers may not have the value yet.
        let echo = await kv.readOr(key, undefined);
        while (echo === undefined) echo = await kv.readOr(key, undefined);
        return { type: "echo_ok", echo };
      });
    };
    expect(runSimulated("echo", remembering, { nodeCount: 2 }).result.valid).toBe(true);
  });
});
