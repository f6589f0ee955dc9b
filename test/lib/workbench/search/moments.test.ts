import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { uniqueIds } from "../../../../challenges/unique-ids.ts";
import type { AnyProgram, Clock } from "../../../../lib/vortex/index.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { FAULTS } from "../../../../lib/workbench/nemesis/faults.ts";
import type { Exploration } from "../../../../lib/workbench/run/exploration.ts";
import { explore } from "../../../../lib/workbench/search/explore.ts";
import type { WorkloadName } from "../../../../lib/workbench/workloads/index.ts";
import { keyValue } from "../../../programs/key-value.ts";
import { byLeader } from "../../../programs/leader.ts";
import { onDisk, storedSet } from "../../../programs/on-disk.ts";
import {
  runSimulated,
  type SimulatedOptions,
  testOptionsOf,
} from "../../../support/simulations/simulate.ts";

setDefaultTimeout(30_000);

/** Time from a moment to its fault. */
const AFTER_MOMENT_NS = 2000;

const DEADLY: SimulatedOptions = {
  ...{ nodeCount: 3, concurrency: 6, rate: 20, timeLimitS: 150 },
  ...{ nemesis: ["kill"], nemesisIntervalS: 1, seed: 1 },
};

/** Runs a test with faults at moments; returns the times of syncs, too, in ns. */
function run(workload: WorkloadName, program: AnyProgram, options: SimulatedOptions = {}) {
  const given = {
    ...testOptionsOf(workload, { ...DEADLY, ...options }),
    search: ["adaptive"],
  } as const;
  const { options: drawn, parts } = explore(given);
  const syncTimes = new Set<number>();
  let zeroMs = 0;
  const exploration = (clock: Clock): Exploration => {
    const explored = parts.exploration?.(clock) ?? {};
    return {
      ...explored,
      onMessage(event) {
        if (event.time >= 0) zeroMs = clock.nowMs() - event.time / 1e6;
        explored.onMessage?.(event);
      },
      onSync(node, hasEnded) {
        if (!hasEnded) syncTimes.add(Math.round((clock.nowMs() - zeroMs) * 1e6));
        explored.onSync?.(node, hasEnded);
      },
    };
  };
  return { ...runSimulated(workload, program, drawn, { parts: { exploration } }), syncTimes };
}

/** Seeds of a few runs: each draws which nodes are hit, and with which targets. */
const SEEDS = [1, 2, 3, 4, 5, 6];

/** The starts of a fault with a target: when they were done, and the nodes that they affected. */
function startsOf(history: readonly Operation[], fault: string, target: string) {
  const starts = history.filter(({ f }) => f === `start-${fault}`);
  return starts.flatMap(({ value }, index) => {
    const done = starts[index + 1];
    if (index % 2 === 1 || value !== target || done === undefined) return [];
    return [{ time: done.time, nodes: Object.keys(Object(done.value)) }];
  });
}

describe("A kill", () => {
  test("lands between an append and the end of its sync", () => {
    const { history, syncTimes } = run("g-set", onDisk(storedSet), {
      nodeCount: 1,
      concurrency: 50,
    });
    const kills = startsOf(history, "kill", "syncing").filter(({ nodes }) => nodes.length > 0);
    expect(kills.length).toBeGreaterThan(0);
    // Without a sync for a second, as while all clients wait for a node that is down, others follow.
    const atSync = kills.filter(({ time }) => syncTimes.has(time - AFTER_MOMENT_NS));
    expect(atSync.length / kills.length).toBeGreaterThan(0.5);
  });

  test("hits a node whose disk is stalled, while its sync is in progress", () => {
    const onStalled = SEEDS.flatMap((seed) => {
      const options = { nodeCount: 3, nemesis: ["disk", "kill"], timeLimitS: 60, seed };
      const { history } = run("g-set", onDisk(storedSet), options);
      const stalls = history.filter(({ f }) => f === "start-disk");
      return startsOf(history, "kill", "syncing").filter(({ time, nodes }) => {
        const last = stalls.findLast((operation) => operation.time < time);
        const states: Record<string, unknown> = Object(last?.value);
        return nodes.some((node) => states[node] === "has a stalled disk");
      });
    });
    expect(onStalled.length).toBeGreaterThan(0);
  });

  test("comes at the moment at which a node has replied to a client", () => {
    const { history, messages } = run("lin-kv", byLeader(keyValue));
    const kills = startsOf(history, "kill", "just-replied").filter(({ nodes }) => nodes.length > 0);
    expect(kills.length).toBeGreaterThan(0);
    for (const { time, nodes } of kills) {
      const sent = messages.filter(
        (event) => event.type === "send" && event.time === time - AFTER_MOMENT_NS,
      );
      expect(sent.map(({ message }) => message.src)).toContain(nodes[0] ?? "");
    }
  });
});

test("A kill comes right after a node has sent a message to another node", () => {
  const atSends = SEEDS.flatMap((seed) => {
    const { history, messages } = run("lin-kv", byLeader(keyValue), { timeLimitS: 30, seed });
    const sends = messages.filter(({ type }) => type === "send");
    return startsOf(history, "kill", "just-sent").filter(({ time, nodes }) =>
      sends.some(
        (sent) =>
          sent.time === time - AFTER_MOMENT_NS &&
          nodes.includes(sent.message.src) &&
          sent.message.dest.startsWith("n"),
      ),
    );
  });
  expect(atSends.length).toBeGreaterThan(0);
});

describe("Faults", () => {
  test("hit the node that most messages go to: the leader", () => {
    const hit = SEEDS.flatMap((seed) => {
      const options = { nodeCount: 3, nemesis: ["pause"], timeLimitS: 60, seed };
      const { history } = run("lin-kv", byLeader(keyValue), options);
      const isHit = history.some(({ value }) => Object.keys(Object(value)).includes("n0"));
      const pauses = startsOf(history, "pause", "busiest").filter(({ time }) => time > 5e9);
      return isHit ? pauses.flatMap(({ nodes }) => nodes) : [];
    });
    expect(new Set(hit)).toEqual(new Set(["n0"]));
  });

  test("hit the node that has just come back", () => {
    const { history, messages } = run("unique-ids", uniqueIds);
    const kills = startsOf(history, "kill", "just-restarted").filter(({ time }) => time > 10e9);
    expect(kills.length).toBeGreaterThan(0);
    for (const { time, nodes } of kills) {
      const restarts = messages.filter(
        (event) =>
          event.type === "recv" && event.message.body["type"] === "init" && event.time < time,
      );
      expect(nodes).toEqual([restarts.at(-1)?.message.dest ?? ""]);
    }
  });

  test.each(FAULTS)("of every kind can have such targets: %s", (fault) => {
    const { history } = run("g-set", onDisk(storedSet), { nemesis: [fault], timeLimitS: 30 });
    const drawn = history
      .filter(({ f }) => f === `start-${fault}`)
      .map(({ value }) => String(value));
    expect(drawn.some((target) => /busiest|just-|syncing/.test(target))).toBe(true);
    expect(history.filter(({ process }) => process === "nemesis").length % 2).toBe(0);
  });
});
