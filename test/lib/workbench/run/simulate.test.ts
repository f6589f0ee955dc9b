import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { echo } from "../../../../challenges/echo.ts";
import { uniqueIds } from "../../../../challenges/unique-ids.ts";
import { type KVNode, type Node, withOptions } from "../../../../lib/vortex/index.ts";
import { findingsOf } from "../../../../lib/workbench/run/check-history.ts";
import { runSimulated, type SimulatedOptions } from "../../../support/simulations/simulate.ts";

const partitioned: SimulatedOptions = { nodeCount: 3, rate: 100, nemesis: ["partition"] };

describe("simulate", () => {
  test("gives the same history and messages for the same seed, to the byte", () => {
    const run = () => JSON.stringify(runSimulated("unique-ids", uniqueIds, partitioned));
    expect(run()).toBe(run());
  });

  test("gives another history for another seed", () => {
    const run = (seed: number) =>
      JSON.stringify(runSimulated("echo", echo, { ...partitioned, seed }).history);
    expect(run(1)).not.toBe(run(2));
  });

  test("takes the time limit in virtual time", () => {
    const { history } = runSimulated("echo", echo, { rate: 10, timeLimitS: 60 });
    const lastS = (history.at(-1)?.time ?? 0) / 1e9;
    expect(lastS).toBeGreaterThan(58);
    expect(lastS).toBeLessThan(61);
  });

  test("runs operations at the given rate", () => {
    const { result } = runSimulated("echo", echo, { rate: 100, timeLimitS: 60, nodeCount: 5 });
    expect(Math.abs((result.stats?.["count"] as number) - 6000)).toBeLessThan(300);
  });

  test("passes options to the program", () => {
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

  test("reports why a program does not start", () => {
    const broken = () => {
      throw new Error("no such luck");
    };
    expect(() => runSimulated("echo", broken)).toThrow("no such luck");
  });

  test.each([
    [
      "a handler of topology that returns nothing",
      (node: KVNode) => node.handle("topology", v.object({}), () => undefined),
      'n0 did not answer topology within 5 s: its handler must return { type: "topology_ok" }',
    ],
    [
      "an init that waits for ever",
      (node: KVNode) => node.delayInit(new Promise(() => {})),
      "n0 did not answer init within 10 s: a promise given to node.delayInit has not settled",
    ],
  ])("names what a simulated program must do about %s", (_, program, advice) => {
    const run = () => runSimulated("broadcast", program);
    expect(run).toThrow(`${advice}\nIts log is empty`);
  });

  test("rejects a delay that is not a number, and still runs to the end", () => {
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

  describe("with assertions in the program", () => {
    /** Counts echoes on n1, and passes each count to `assert`. */
    const counting = (assert: (node: Node, count: number) => void) => (node: Node) => {
      let count = 0;
      node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => {
        if (node.id === "n1") assert(node, ++count);
        return { type: "echo_ok", echo: body.echo };
      });
    };
    const run = (program: (node: Node) => void, options: SimulatedOptions = {}) =>
      runSimulated("echo", program, { nodeCount: 3, rate: 10, seed: 7, ...options });

    test("is invalid when one fails, and names it, the node, the moment and the operation", () => {
      const program = counting((node, count) => {
        node.always(count <= 3, "at most three echoes", { count });
      });
      const { result, history } = run(program);
      expect(result.valid).toBe(false);
      const [finding, ...others] = findingsOf(result);
      expect(others).toEqual([]);
      expect(finding?.anomaly).toBe("failed-assertion");
      expect(finding?.sentence).toMatch(
        /^"at most three echoes" did not hold on n1 at \d+\.\d{3} s: \{"count":4\}$/,
      );
      const fourth = history.filter(({ node, type }) => node === "n1" && type === "invoke")[3];
      expect<unknown>(finding?.operations).toEqual([fourth]);
    });

    test("is invalid when an invariant does not hold, and names the event", () => {
      const program = (node: Node) => {
        node.invariant("n0 exists alone", () => node.peers.length === 0);
        echo(node);
      };
      const sentences = findingsOf(run(program).result).map(({ sentence }) => sentence);
      expect(sentences.sort()).toEqual(
        ["n0", "n1", "n2"].map(
          (node, index) =>
            `"n0 exists alone" did not hold on ${node} while nodes started, after "init" from "c${index}"`,
        ),
      );
    });

    test("is invalid when it gets to what is unreachable", () => {
      const { result } = run(counting((node) => node.unreachable("an echo on n1")));
      expect(findingsOf(result)[0]?.sentence).toMatch(/^"an echo on n1" was reached on n1 at /);
    });

    test("runs on after a failure, with the same history as without", () => {
      const failing = run(counting((node) => node.always(false, "never")));
      expect(failing.history).toEqual(run(echo).history);
      expect(failing.messages).toEqual(run(echo).messages);
    });

    test("reports an assertion once per node, even if the node is restarted", () => {
      const program = counting((node) => node.always(false, "never"));
      const { result } = run(program, { nemesis: ["kill"], nemesisIntervalS: 1, timeLimitS: 20 });
      expect(result.faults.kill).toBeGreaterThan(0);
      expect(result.assertions?.failures).toHaveLength(1);
    });

    test("counts how often a situation was reached, and how often an assertion was evaluated", () => {
      const program = counting((node, count) => {
        node.sometimes(count % 2 === 0, "an even count");
        node.sometimes(count < 0, "a negative count");
        node.always(count > 0, "counts are positive");
      });
      const { result, history } = run(program);
      const echoes = history.filter(({ node, type }) => node === "n1" && type === "ok").length;
      expect(result.valid).toBe(true);
      expect(result.coverage).toEqual({
        sometimes: [
          { name: "a negative count", count: 0 },
          { name: "an even count", count: Math.floor(echoes / 2) },
        ],
        always: [{ name: "counts are positive", count: echoes }],
      });
    });

    test("mentions a failed assertion when the test crashes later", () => {
      const program = (node: Node) => {
        node.always(node.id !== "n1", "n1 does not exist");
        if (node.id === "n1") throw new Error("no memory");
      };
      expect(() => run(program)).toThrow(
        /^"n1 does not exist" did not hold on n1 while nodes started\nn1 answered init with error 13/,
      );
    });
  });

  test("names the node that does not keep up, and hints at pauses if the test has any", () => {
    const flooding = (node: KVNode) => {
      node.handle("echo", v.object({}), () => {
        for (let count = 0; count <= 250_002; count++) node.send("n1", { type: "flood" });
      });
    };
    const run = (...nemesis: SimulatedOptions["nemesis"] & {}) =>
      runSimulated("echo", flooding, { nodeCount: 2, timeLimitS: 60, latency: SLOW, nemesis });
    const SLOW = { meanMs: 100, distribution: "constant" } as const;
    expect(run).toThrow(
      /n1 does not keep up: 250000 messages wait for it, .* no more than its peers can process$/,
    );
    expect(() => run("pause")).toThrow(/a shorter --nemesis-interval or a lower --rate/);
  });

  test("ignores a node after a message to an unknown node", () => {
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

  test("numbers clients: one per node for init, one for set-up, then one per thread", () => {
    const { messages } = runSimulated("echo", echo, { nodeCount: 2, rate: 20, timeLimitS: 2 });
    const sources = new Set(
      messages.flatMap(({ type, message }) =>
        type === "send" && message.src.startsWith("c") ? [message.src] : [],
      ),
    );
    expect([...sources]).toEqual(["c0", "c1", "c4", "c5"]);
  });

  test("records the node of each operation", () => {
    const { history } = runSimulated("echo", echo, { nodeCount: 2, concurrency: 4, rate: 50 });
    const nodes = new Set(history.map(({ process, node }) => `${process} ${node}`));
    expect([...nodes].sort()).toEqual(["0 n0", "1 n1", "2 n0", "3 n1"]);
  });

  test("ends at a message to an unknown node if it is strict", () => {
    const lost = (node: KVNode) => {
      node.send("n7", { type: "hello" });
    };
    expect(() => runSimulated("echo", lost, {}, { isStrict: true })).toThrow("n7");
  });

  test("shares no objects between nodes: messages are encoded", () => {
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
