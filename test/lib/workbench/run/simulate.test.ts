import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { echo } from "../../../../challenges/echo.ts";
import { uniqueIds } from "../../../../challenges/unique-ids.ts";
import { type KVNode, withOptions } from "../../../../lib/vortex/index.ts";
import { TestCrash } from "../../../../lib/workbench/run/test.ts";
import { runSimulated, type SimulatedOptions } from "../../../support/simulations/simulate.ts";

const partitioned: SimulatedOptions = { nodeCount: 3, rate: 100, nemesis: ["partition"] };

describe("simulate", () => {
  test("the same seed gives the same history and the same messages, to the byte", () => {
    const run = () => JSON.stringify(runSimulated("unique-ids", uniqueIds, partitioned));
    expect(run()).toBe(run());
  });

  test("another seed gives another history", () => {
    const run = (seed: number) =>
      JSON.stringify(runSimulated("echo", echo, { ...partitioned, seed }).history);
    expect(run(1)).not.toBe(run(2));
  });

  test("takes as long in virtual time as the test says", () => {
    const { history } = runSimulated("echo", echo, { rate: 10, timeLimitS: 60 });
    const lastS = (history.at(-1)?.time ?? 0) / 1e9;
    expect(lastS).toBeGreaterThan(58);
    expect(lastS).toBeLessThan(61);
  });

  test("keeps to the rate", () => {
    const { result } = runSimulated("echo", echo, { rate: 100, timeLimitS: 60, nodeCount: 5 });
    expect(Math.abs((result.stats?.["count"] as number) - 6000)).toBeLessThan(300);
  });

  test("gives the program its options", () => {
    const schema = v.object({ suffix: v.optional(v.string(), "") });
    const suffixing = withOptions(schema, (node, { suffix }) => {
      node.handle("echo", v.object({ echo: v.string() }), ({ body }) => ({
        type: "echo_ok",
        echo: body.echo + suffix,
      }));
    });
    const withArgs = (...args: string[]) => runSimulated("echo", suffixing, {}, { args }).result;
    expect(withArgs().valid).toBe(true);
    expect(withArgs("--suffix", "!").valid).toBe(false);
  });

  test("says why a program does not start", () => {
    const broken = () => {
      throw new Error("no such luck");
    };
    expect(() => runSimulated("echo", broken)).toThrow("no such luck");
  });

  test("refuses a timer that is not due at any time, and does not end before its time", () => {
    const refused: unknown[] = [];
    const mistaken = (node: KVNode) => {
      try {
        node.after(Number.NaN, () => {});
      } catch (error) {
        refused.push(error);
      }
      echo(node);
    };
    const { history } = runSimulated("echo", mistaken, { rate: 10, timeLimitS: 60 });
    expect(refused).toEqual([expect.any(RangeError)]);
    expect((history.at(-1)?.time ?? 0) / 1e9).toBeGreaterThan(58);
  });

  test("ends when an invariant does not hold, and names it, the node and the seed", () => {
    const atMostThree = (node: KVNode) => {
      let count = 0;
      node.invariant("at most three echoes", () => count <= 3);
      node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => {
        if (node.id === "n1") count++;
        return { type: "echo_ok", echo: body.echo };
      });
    };
    const run = () => runSimulated("echo", atMostThree, { nodeCount: 3, rate: 10, seed: 7 });
    expect(run).toThrow(TestCrash);
    expect(run).toThrow(
      /^Invariant "at most three echoes" does not hold on n1 after "echo" from "c\d+" \(seed 7\)$/,
    );
  });

  test("says who does not keep up, and that it may be for a pause, if there are any", () => {
    const flooding = (node: KVNode) => {
      node.handle("echo", v.object({}), () => {
        for (let count = 0; count <= 250_002; count++) node.send("n1", { type: "flood" });
      });
    };
    const run = (...nemesis: SimulatedOptions["nemesis"] & {}) =>
      runSimulated("echo", flooding, { nodeCount: 2, timeLimitS: 60, latency: SLOW, nemesis });
    const SLOW = { meanMs: 100, distribution: "constant" } as const;
    expect(run).toThrow(/250000 messages wait for n1, .* send no more than others can take$/);
    expect(() => run("pause")).toThrow(/a shorter --nemesis-interval or a lower --rate/);
  });

  test("hears nothing more of a node that sends to nobody", () => {
    const lost = (node: KVNode) => {
      node.handle("echo", v.object({ echo: v.string() }), ({ body }) => {
        node.send("n7", { type: "hello" });
        return { type: "echo_ok", echo: body.echo };
      });
    };
    const { result } = runSimulated("echo", lost, { timeLimitS: 2 });
    expect(result.badLines).toEqual([
      {
        node: "n0",
        line: expect.stringMatching(/^\{"src":"n0","dest":"n7",.*\}$/),
        reason: 'Invalid dest: "n7" is not in the network',
        kind: "unknown-dest",
      },
    ]);
    expect(result.stats).toMatchObject({ okCount: 0 });
  });

  test("numbers clients: one a node for init, one for set-up, then those of threads", () => {
    const { messages } = runSimulated("echo", echo, { nodeCount: 2, rate: 20, timeLimitS: 2 });
    const sources = new Set(
      messages.flatMap(({ type, message }) =>
        type === "send" && message.src.startsWith("c") ? [message.src] : [],
      ),
    );
    expect([...sources]).toEqual(["c0", "c1", "c4", "c5"]);
  });

  test("tells of each operation which node it went to", () => {
    const { history } = runSimulated("echo", echo, { nodeCount: 2, concurrency: 4, rate: 50 });
    const nodes = new Set(history.map(({ process, node }) => `${process} ${node}`));
    expect([...nodes].sort()).toEqual(["0 n0", "1 n1", "2 n0", "3 n1"]);
  });

  test("ends at a message to nobody when it is strict", () => {
    const lost = (node: KVNode) => {
      node.send("n7", { type: "hello" });
    };
    expect(() => runSimulated("echo", lost, {}, { isStrict: true })).toThrow("n7");
  });

  test("lets nodes share no object: what travels is text", () => {
    const seen: unknown[] = [];
    const sharing = (node: KVNode) => {
      const list: number[] = [];
      node.handle("generate", v.object({}), () => {
        list.push(list.length);
        node.send(node.peers[0] ?? "n0", { type: "look", list });
        list.push(-1);
        return { type: "generate_ok", id: node.generateId() };
      });
      node.handle("look", v.object({ list: v.unknown() }), (request) => {
        seen.push(request.body.list);
      });
    };
    runSimulated("unique-ids", sharing, { nodeCount: 2, rate: 1, timeLimitS: 2 });
    expect(seen[0]).toEqual([0]);
  });
});
