import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { uniqueIds } from "../../../../challenges/unique-ids.ts";
import { type KVNode, RpcError } from "../../../../lib/vortex/index.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import type { NamedNemesis } from "../../../../lib/workbench/nemesis/definition.ts";
import {
  duplicate,
  isRpcError,
  kill,
  loss,
  type NemesisTest,
  oneWayPartition,
  partition,
  pause,
  type RandomTarget,
  slow,
} from "../../../../lib/workload/index.ts";
import { doneBy, faultOf, nemesisOf, partsWith } from "../../../support/simulations/nemeses.ts";
import { runSimulated, type SimulatedOptions } from "../../../support/simulations/simulate.ts";

/** Answers `leader` with a node, and sends others a message every 100 ms. */
function group(node: KVNode): void {
  uniqueIds(node);
  node.handle("leader", v.object({}), () => ({ type: "leader_ok", leader: "n1" }));
  node.handle("refuse", v.object({}), () => {
    throw new RpcError("precondition-failed", "not now");
  });
  node.handle("silence", v.object({}), () => {});
  node.handle("hello", v.object({}), () => {});
  node.every(100, () => {
    for (const peer of node.peers) node.send(peer, { type: "hello" });
  });
}

/** Runs nemeses, of which those that are strings are built in. */
function run(nemeses: readonly (NamedNemesis | string)[], options: SimulatedOptions = {}) {
  const own = nemeses.filter((nemesis) => typeof nemesis !== "string");
  return runSimulated(
    "unique-ids",
    group,
    {
      ...{ nodeCount: 5, timeLimitS: 20, nemesisIntervalS: 1 },
      ...{ nemesis: nemeses.map((one) => (typeof one === "string" ? one : one.name)), ...options },
    },
    { parts: partsWith(...own) },
  );
}

const nodesIn = ({ value }: Operation): string[] =>
  typeof value === "object" && value !== null ? Object.keys(value) : [];

async function leader({ rpc }: NemesisTest): Promise<string> {
  return (await rpc("n0", { type: "leader" }, { leader: v.string() })).leader;
}

function lastAnswering({ history }: NemesisTest): string | undefined {
  return history.findLast(({ type }) => type === "ok")?.node;
}

describe("A nemesis of a user", () => {
  test.each([
    ["one", 1],
    ["minority", 2],
    ["majority", 3],
    ["all", 5],
  ] satisfies [RandomTarget, number][])("kills %s of five nodes: %i", (target, count) => {
    const { history, result } = run([nemesisOf("killer", kill({ targets: [target] }))]);
    const starts = doneBy(history, "start-killer");
    expect(starts.length).toBeGreaterThan(3);
    expect(new Set(starts.map((start) => nodesIn(start).length))).toEqual(new Set([count]));
    expect(doneBy(history, "stop-killer").slice(0, 3).map(nodesIn)).toEqual(
      starts.slice(0, 3).map(nodesIn),
    );
    expect(result.faults["killer"]).toBe(starts.length * count);
  });

  test("acts on the node that a function finds in the history", () => {
    const { history } = run([nemesisOf("killer", kill({ targets: [lastAnswering] }))]);
    const starts = doneBy(history, "start-killer").filter((start) => nodesIn(start).length > 0);
    expect(starts.length).toBeGreaterThan(3);
    for (const start of starts) {
      const last = history.slice(0, start.index).findLast(({ type }) => type === "ok");
      expect(nodesIn(start)).toEqual([last?.node ?? ""]);
    }
  });

  test("acts on the node that nodes name when they are asked", () => {
    const { history, messages } = run([nemesisOf("pauser", pause({ targets: [leader] }))]);
    const starts = doneBy(history, "start-pauser");
    expect(starts.length).toBeGreaterThan(3);
    expect(starts.every((start) => nodesIn(start).join() === "n1")).toBe(true);
    expect(history.find(({ f }) => f === "start-pauser")?.value).toBe("leader");
    const asked = messages.filter(({ message }) => message.body["type"] === "leader");
    expect(asked.length).toBeGreaterThanOrEqual(starts.length);
  });

  test("does nothing when a function picks no node, and the result warns of that", () => {
    const { history, result } = run([nemesisOf("killer", kill({ targets: [() => []] }))]);
    expect(doneBy(history, "start-killer")[0]?.value).toEqual({});
    expect(result.faults["killer"]).toBe(0);
    expect(result.warnings).toContainEqual(
      expect.objectContaining({ fault: "killer", reason: "did-nothing" }),
    );
  });

  test("separates the nodes that a function picks, in both directions", () => {
    const { messages, history } = run([nemesisOf("isolate", partition({ targets: [leader] }))]);
    expect(doneBy(history, "start-isolate")[0]?.value).toEqual([
      "isolated",
      { n1: ["n0", "n2", "n3", "n4"], n0: ["n1"], n2: ["n1"], n3: ["n1"], n4: ["n1"] },
    ]);
    expect(droppedRoutes(messages)).toEqual([
      "n0>n1",
      "n1>n0",
      "n1>n2",
      "n1>n3",
      "n1>n4",
      "n2>n1",
      "n3>n1",
      "n4>n1",
    ]);
  });

  test("makes the nodes that a function picks deaf, or mute", () => {
    const { history } = run([nemesisOf("oneway", oneWayPartition({ targets: [leader] }))]);
    const byKind = Map.groupBy(
      history.filter(({ f }) => f === "start-oneway"),
      ({ index }) =>
        history.findLast(
          ({ f, value, index: i }) =>
            f === "start-oneway" && typeof value === "string" && i <= index,
        )?.value,
    );
    expect(byKind.get("leader-deaf")?.[1]?.value).toEqual([
      "isolated",
      { n1: ["n0", "n2", "n3", "n4"] },
    ]);
    expect(byKind.get("leader-mute")?.[1]?.value).toEqual([
      "isolated",
      { n0: ["n1"], n2: ["n1"], n3: ["n1"], n4: ["n1"] },
    ]);
  });

  test("loses the messages of the nodes that it targets, and no others", () => {
    const { messages, result } = run([
      nemesisOf("lossy", loss({ probability: 1, targets: [leader] })),
    ]);
    const routes = droppedRoutes(messages);
    expect(routes.length).toBe(8);
    expect(routes.every((route) => route.includes("n1"))).toBe(true);
    expect(result.faults["lossy"]).toBeGreaterThan(100);
  });

  test("duplicates and slows the messages of the nodes that it targets", () => {
    const { result, messages } = run([
      nemesisOf("echoing", duplicate({ probability: 1, targets: [leader] })),
      nemesisOf("sluggish", slow({ factor: 20, targets: ["one"] })),
    ]);
    expect(result.faults["echoing"]).toBeGreaterThan(100);
    expect(result.faults["sluggish"]).toBeGreaterThan(100);
    const received = messages.filter(
      ({ type, message }) => type === "recv" && message.body["type"] === "hello",
    );
    const twice = received.filter(({ message }, index) =>
      received.slice(0, index).some((other) => other.message.id === message.id),
    );
    expect(twice.length).toBeGreaterThan(100);
    expect(twice.every(({ message: { src, dest } }) => src === "n1" || dest === "n1")).toBe(true);
  });

  test("repeats the same history for the same seed, whatever ran in between", () => {
    const nemeses = [
      nemesisOf("killer", kill({ targets: ["one", lastAnswering] })),
      nemesisOf("isolate", partition({ targets: ["majority", leader] })),
    ];
    const first = run(nemeses, { seed: 7 });
    const other = run(nemeses, { seed: 8 });
    const second = run(nemeses, { seed: 7 });
    expect(second.history).toEqual(first.history);
    expect(second.messages).toEqual(first.messages);
    expect(other.history).not.toEqual(first.history);
  });

  test("draws from a stream of its own: built-in faults choose as they do without it", () => {
    const kinds = (history: readonly Operation[]) =>
      history.flatMap(({ f, value }) =>
        f === "start-partition" && typeof value === "string" ? [value] : [],
      );
    const alone = kinds(run(["partition"]).history);
    const idle = nemesisOf(
      "idle",
      faultOf(({ random }) => ({ start: () => random.next() })),
    );
    const combined = kinds(run(["partition", idle]).history);
    expect(combined.slice(0, 5)).toEqual(alone.slice(0, 5));
  });

  test("does not restart the nodes that another nemesis killed", () => {
    const { history } = run(
      [nemesisOf("killer", kill({ targets: ["majority"] })), "kill", "pause"],
      { timeLimitS: 60 },
    );
    const down = new Map<string, string>();
    let contested = 0;
    for (const { f, value } of doneBy(history)) {
      for (const [node, did] of Object.entries(value ?? {})) {
        if (did === "killed") {
          expect(down.has(node)).toBe(false);
          down.set(node, f.replace("start-", ""));
        }
        if (did === "started") {
          expect(down.get(node)).toBe(f.replace("stop-", ""));
          down.delete(node);
          if (down.size > 0) contested++;
        }
      }
    }
    expect(contested).toBeGreaterThan(0);
  });
});

/** The links on which messages were dropped, by the partition or by loss. */
function droppedRoutes(messages: ReturnType<typeof run>["messages"]): string[] {
  const routes = messages.flatMap(({ type, message }) =>
    type === "drop" ? [`${message.src}>${message.dest}`] : [],
  );
  return [...new Set(routes)].sort();
}

describe("The requests of a nemesis", () => {
  const asking = (type: string, timeoutMs?: number) =>
    faultOf((test) => ({
      start: async () => {
        await test.rpc("n0", { type }, undefined, timeoutMs);
        return "asked";
      },
    }));

  test.each([
    ["silence", ["timeout", "No reply from n0 within 1000 ms"]],
    ["refuse", ["precondition-failed", "not now"]],
    ["unknown", ["not-supported", expect.any(String)]],
  ])("that fail are recorded, and the test goes on: %s", (type, error) => {
    const { history, result } = run([nemesisOf("asker", asking(type))]);
    expect(doneBy(history, "start-asker")[0]).toMatchObject({ value: null, error });
    expect(doneBy(history, "stop-asker")[0]).toMatchObject({ value: "stopped" });
    expect(result.valid).toBe(true);
    expect(result.faults["asker"]).toBe(0);
  });

  test("that the schema refuses are recorded as malformed", () => {
    const fault = faultOf((test) => ({
      start: () => test.rpc("n0", { type: "leader" }, { leader: v.number() }).then(() => 1),
    }));
    const { history } = run([nemesisOf("asker", fault)]);
    expect(doneBy(history, "start-asker")[0]?.error).toEqual([
      "malformed-reply",
      expect.stringContaining('Malformed reply to "leader" from n0'),
    ]);
  });

  test("can be made to several nodes at once, and caught", () => {
    const fault = faultOf((test) => ({
      start: async () => {
        const replies = await Promise.allSettled(
          test.nodes.map((node) => test.rpc(node, { type: node === "n4" ? "silence" : "leader" })),
        );
        return replies.map((reply) =>
          reply.status === "fulfilled" ? "ok" : isRpcError(reply.reason, "timeout"),
        );
      },
    }));
    const { history } = run([nemesisOf("asker", fault)]);
    expect(doneBy(history, "start-asker")[0]?.value).toEqual(["ok", "ok", "ok", "ok", true]);
  });

  test("reach a late reply without harm to the node", () => {
    const late = nemesisOf("asker", asking("leader", 500));
    const { result } = run([late, "pause"], { timeLimitS: 60 });
    expect(result.badLines).toEqual([]);
    expect(result.faults.pause).toBeGreaterThan(0);
  });
});

describe("The schedule of a nemesis", () => {
  const times = (history: readonly Operation[]) =>
    history
      .filter(({ process }, index) => process === "nemesis" && history[index]?.type === "info")
      .filter((_, index) => index % 2 === 0)
      .map(({ f, time }) => `${f} at ${Math.round(time / 1e8) / 10} s`);

  test("sets the times of its operations, whatever clients do", () => {
    const nemesis = nemesisOf(
      "timed",
      faultOf(() => ({ operations: { nudge: () => "nudged" } })),
      {
        schedule: ({ phases, sleep, once }) =>
          phases([
            sleep(5),
            once({ f: "start" }),
            sleep(1),
            once({ f: "nudge" }),
            sleep(2),
            once({ f: "stop" }),
          ]),
      },
    );
    const { history } = run([nemesis], { rate: 100 });
    expect(times(history)).toEqual([
      "start-timed at 5 s",
      "nudge-timed at 6 s",
      "stop-timed at 8 s",
    ]);
  });

  test("repeats with cycle, and alternates with stagger", () => {
    const cycled = nemesisOf("cycled", kill({ targets: ["one"] }), {
      schedule: ({ cycle, phases, sleep, once }) =>
        cycle(() => phases([sleep(4), once({ f: "start" }), sleep(1), once({ f: "stop" })])),
    });
    const alternating = nemesisOf(
      "even",
      faultOf(() => ({})),
      {
        schedule: ({ stagger, alternating, intervalS }) => stagger(intervalS, alternating),
      },
    );
    const { history } = run([cycled, alternating]);
    const ofCycled = times(history).filter((text) => text.includes("cycled"));
    expect(ofCycled.slice(0, 4)).toEqual([
      "start-cycled at 4 s",
      "stop-cycled at 5 s",
      "start-cycled at 9 s",
      "stop-cycled at 10 s",
    ]);
    const fs = doneBy(history).flatMap(({ f }) => (f.endsWith("-even") ? [f] : []));
    expect(fs.length).toBeGreaterThan(10);
    expect(fs.every((f, index) => f.startsWith(index % 2 === 0 ? "start" : "stop"))).toBe(true);
  });

  test("is refused a start of what is active", () => {
    const { history } = run([
      nemesisOf("eager", kill({ targets: ["one"] }), {
        schedule: ({ phases, once, sleep }) =>
          phases([
            once({ f: "start" }),
            sleep(1),
            once({ f: "start" }),
            sleep(1),
            once({ f: "stop" }),
          ]),
      }),
    ]);
    const [first, second, stop] = doneBy(history);
    expect(second?.error).toEqual(["already-active", expect.any(String)]);
    expect(nodesIn(stop as Operation)).toEqual(nodesIn(first as Operation));
  });

  test.each([
    [
      "it has no operation",
      "melt",
      /failed in its schedule: RangeError: it has no operation "melt", only start, stop/,
    ],
    [
      "it leaves no time",
      "stop",
      /failed in its schedule: it emitted more than 1000 operations within a second/,
    ],
  ])("ends the test when %s", (_, f, message) => {
    const nemesis = nemesisOf(
      "wild",
      faultOf(() => ({})),
      { schedule: () => () => ({ f }) },
    );
    expect(() => run([nemesis])).toThrow(message);
  });
});

describe("The healing of a nemesis", () => {
  // txn-rw-register would have final operations too; broadcast is simpler to answer.
  const healing = (fault: Parameters<typeof nemesisOf>[1], timeLimitS = 2) => {
    const broadcast = (node: KVNode) => {
      const seen = new Set<number>();
      node.handle("topology", v.object({}), () => ({ type: "topology_ok" }));
      node.handle("broadcast", v.object({ message: v.number() }), ({ body }) => {
        seen.add(body.message);
        return { type: "broadcast_ok" };
      });
      node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...seen] }));
    };
    return runSimulated(
      "broadcast",
      broadcast,
      {
        nodeCount: 1,
        timeLimitS,
        recoveryS: 5,
        nemesis: ["partial", "kill"],
        nemesisIntervalS: 60,
      },
      { parts: partsWith(nemesisOf("partial", fault)) },
    );
  };

  test("comes after that of built-in faults, and before the final operations", () => {
    const { history } = healing(faultOf(() => ({})));
    const stops = doneBy(history).flatMap(({ f }) => (f.startsWith("stop") ? [f] : []));
    expect(stops).toEqual(["stop-kill", "stop-partial"]);
    const final = history.findIndex((operation) => operation.final);
    expect(final).toBeGreaterThan(history.findIndex(({ f }) => f === "stop-partial"));
  });

  test("is tried again after a request that failed", () => {
    let tries = 0;
    const { history, result } = healing(
      faultOf(() => ({
        stop: () => {
          if (++tries < 3) throw new RpcError("timeout", "no reply");
          return "healed";
        },
      })),
    );
    const stops = doneBy(history, "stop-partial");
    expect(stops.map(({ error }) => error)).toEqual([
      ["timeout", "no reply"],
      ["timeout", "no reply"],
      undefined,
    ]);
    expect((stops[1]?.time ?? 0) - (stops[0]?.time ?? 0)).toBeGreaterThanOrEqual(1e9);
    expect(result.warnings?.filter(({ kind }) => kind === "not-healed") ?? []).toEqual([]);
  });

  test("that keeps failing gives a warning, whatever the verdict", () => {
    const { history, result } = healing(
      faultOf(() => ({
        stop: () => {
          throw new RpcError("timeout", "no reply");
        },
      })),
    );
    expect(doneBy(history, "stop-partial")).toHaveLength(5);
    expect(result.warnings).toContainEqual({
      kind: "not-healed",
      fault: "partial",
      reason: "no reply",
    });
  });
});

test("A node that does not start again is reported as with built-in faults", () => {
  let startCount = 0;
  const once = (node: KVNode) => {
    if (++startCount > 1) throw new Error("only once");
    uniqueIds(node);
  };
  const killer = nemesisOf("killer", kill({ targets: ["one"] }));
  const crash = (nemesis: string, parts = {}) => {
    startCount = 0;
    const options = { nodeCount: 1, timeLimitS: 20, nemesisIntervalS: 1, nemesis: [nemesis] };
    try {
      runSimulated("unique-ids", once, options, { parts });
    } catch (error) {
      return error instanceof Error ? error.message.split("\n", 1)[0] : undefined;
    }
    return undefined;
  };
  expect(crash("kill")).toStartWith("n0 answered init with error 13 (crash): Error: only once");
  expect(crash("killer", partsWith(killer))).toBe(crash("kill"));
});

test("A low rate while a nemesis of a user keeps nodes down is not warned of", () => {
  const asleep = nemesisOf("asleep", pause({ targets: ["all"] }), {
    schedule: ({ once }) => once({ f: "start" }),
  });
  const { result } = run([asleep], { rate: 20 });
  expect(result.warnings?.map(({ kind }) => kind) ?? []).not.toContain("low-rate");
});

describe("A nemesis whose code is wrong ends the test with its name:", () => {
  test.each<[string, Parameters<typeof nemesisOf>[1], RegExp]>([
    [
      "it throws",
      faultOf(() => ({
        start() {
          throw new TypeError("no such thing");
        },
      })),
      /The nemesis wrong failed in start: TypeError: no such thing$/,
    ],
    [
      "it throws when it is made",
      () => {
        throw new Error("not ready");
      },
      /The nemesis wrong failed in its fault: not ready$/,
    ],
    [
      "its stop throws",
      faultOf(() => ({
        stop() {
          throw new Error("cannot heal");
        },
      })),
      /The nemesis wrong failed in stop: cannot heal/,
    ],
    [
      "it picks what is not a node",
      kill({
        targets: [
          function leaderOf() {
            return "n9";
          },
        ],
      }),
      /failed in start: TypeError: leaderOf picked "n9", which is not among the nodes n0, n1, n2, n3, n4/,
    ],
    [
      "it kills what is not a node",
      faultOf((test) => ({ start: () => test.kill("lin-kv") })),
      /failed in start: RangeError: "lin-kv" is not among the nodes n0, n1/,
    ],
    [
      "it asks what is not in the network",
      faultOf((test) => ({ start: () => test.rpc("n9", { type: "leader" }).then(() => null) })),
      /failed in start: InvalidMessageError: Invalid dest: "n9" is not in the network/,
    ],
    [
      "it returns what is not JSON",
      faultOf(() => ({ start: () => 1n as never })),
      /failed in start: TypeError: it returned a value that is not JSON/,
    ],
    [
      "it does not end",
      faultOf(() => ({ start: () => new Promise<null>(() => {}) })),
      /failed in start: it has not ended for 60 s of the test's time/,
    ],
    [
      "it has no stop",
      (() => ({ start: () => null })) as never,
      /failed in its fault: TypeError: it must return \{ start, stop \}, but stop is not a function/,
    ],
    [
      "it sleeps for no number of ms",
      faultOf((test) => ({ start: () => test.sleep(Number.NaN).then(() => null) })),
      /failed in start: RangeError: The duration of test\.sleep must be a finite number/,
    ],
  ])("%s", (_, fault, message) => {
    expect(() => run([nemesisOf("wrong", fault)])).toThrow(message);
  });
});
