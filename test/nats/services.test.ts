import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Json } from "../../lib/vortex/index.ts";
import type { History, Operation } from "../../lib/workbench/history/history.ts";
import { describeNats } from "../support/nats.ts";
import { type LinkedCluster, startLinkedCluster } from "../support/nats-links.ts";
import { simulationSeeds } from "../support/seeds.ts";
import { openHosts } from "./hosts.ts";
import { judgeLinKv, judgeSeqKv, judgeTimestamps } from "./judge.ts";
import { casOf, type Invocation, MISSING, Recorder, readOf, writeOf } from "./operations.ts";
import { runServices } from "./run.ts";
import type { SubjectName } from "./subjects.ts";

let cluster: LinkedCluster;
let runCount = 0;

/** Runs a subject; names of clusters are not used twice. */
function run(
  subject: SubjectName,
  options: Pick<Parameters<typeof runServices>[1], "seconds" | "seed" | "faults" | "faultMs">,
) {
  return runServices(cluster, { name: `run${runCount++}`, subject, replicas: 3, ...options });
}

describeNats("services on three servers", () => {
  beforeAll(async () => {
    cluster = await startLinkedCluster();
  }, 90_000);
  afterAll(() => cluster[Symbol.asyncDispose](), 30_000);

  // Faults that need no election, which takes NATS up to nine seconds. services.ts has the others.
  const QUICK = ["cut a follower off", "change the leader", "cut one link"] as const;

  test.each(simulationSeeds(1))(
    "keep their promises while servers are cut off and others lead, seed %d",
    async (seed) => {
      const { findings, counts, faults } = await run("vortex", {
        seconds: 4,
        seed,
        faults: QUICK,
        faultMs: 400,
      });
      expect(findings).toEqual([]);
      expect(faults).not.toBeEmpty();
      for (const { ok } of Object.values(counts)) expect(ok).toBeGreaterThan(5);
    },
    120_000,
  );

  test("a read on a host that is cut off gets no answer; JetStream's own gets an old one, which the checker finds", async () => {
    const options = { cluster: `run${runCount++}`, replicas: 3, timeoutMs: 1500 };
    const subjects = ["vortex", "direct-reads", "seen-reads"] as const;
    const all = await Promise.all(
      subjects.map(async (subject) => {
        const hosts = await openHosts(cluster, subject, options);
        const recorder = new Recorder(3);
        const carryOut = async (host: number, invocation: Invocation) => {
          const services = hosts.services[host];
          if (services !== undefined) await recorder.carryOut("lin-kv", services, host, invocation);
        };
        return { key: subject, hosts, recorder, carryOut };
      }),
    );
    const leader = (await all[0]?.hosts.leader()) ?? 0;
    const follower = (leader + 1) % 3;
    await Promise.all(
      all.map(async ({ key, carryOut }) => {
        await carryOut(leader, writeOf(key, 0));
        await carryOut(follower, casOf(key, 0, 1));
        await carryOut(follower, readOf(key));
      }),
    );
    for (const other of [0, 1, 2]) {
      cluster.links.cut(follower, other);
      cluster.links.cut(other, follower);
    }
    await Promise.all(
      all.map(async ({ key, carryOut, recorder }) => {
        await carryOut(leader, writeOf(key, 2));
        await carryOut(follower, readOf(key));
        // A direct read goes to any replica, perhaps to one that cannot be reached.
        while (key !== "vortex" && recorder.counts.ok < 5) await carryOut(follower, readOf(key));
      }),
    );
    cluster.links.heal();
    await Promise.all(all.map(({ hosts }) => hosts.close()));
    expect(
      all.map(({ key, recorder }) => [key, recorder.counts.ok, judgeLinKv(recorder.history)[0]]),
    ).toEqual([
      ["vortex", 4, undefined],
      ["direct-reads", 5, "lin-kv: false"],
      ["seen-reads", 5, "lin-kv: false"],
    ]);
  }, 60_000);

  test.skipIf(process.env["SEEDS"] === undefined)(
    "lin-kv with reads by the leader is not linearizable once another one is elected",
    async () => {
      const { findings } = await run("leader-reads", {
        seconds: 20,
        seed: 1,
        faults: ["cut the leader off"],
        faultMs: 12_000,
      });
      expect(findings[0]).toBe("lin-kv: false");
    },
    180_000,
  );
});

/** Operations one after another, each `[process, function, argument, result]`. */
function historyOf(...operations: readonly (readonly [number, string, Json, Json])[]): History {
  return operations.flatMap(([process, f, value, result], position): Operation[] => {
    const at = (index: number) => ({ index, time: index, process, f });
    return [
      { type: "invoke", value, ...at(2 * position) },
      { type: "ok", value: result, ...at(2 * position + 1) },
    ];
  });
}

describe("the judge of seq-kv", () => {
  const [x, y] = [
    [0, "x"],
    [0, "y"],
  ];

  test("accepts a read that is old for others, and none that goes back", () => {
    const written = [
      [0, "write", [x, 1], [x, 1]],
      [0, "write", [y, 1], [y, 1]],
    ] as const;
    const stale = [1, "read", [x, null], [x, MISSING]] as const;
    expect(judgeSeqKv(historyOf(...written, stale))).toEqual([]);
    const newer = [1, "read", [y, null], [y, 1]] as const;
    expect(judgeSeqKv(historyOf(...written, newer, stale))[0]).toBe(
      "seq-kv, keys of epoch 0: false",
    );
  });
});

describe("the judge of lin-tso", () => {
  test("accepts gaps, and neither repetitions nor a timestamp below an earlier one", () => {
    const given = (...timestamps: number[]) =>
      judgeTimestamps(historyOf(...timestamps.map((ts) => [0, "ts", null, ts] as const)));
    expect(given(0, 1, 5)).toEqual([]);
    expect(given(1, 1)).toEqual(["lin-tso: 1 was given twice", "lin-tso: 1 was given after 1"]);
    expect(given(5, 3)).toEqual(["lin-tso: 3 was given after 5"]);
  });
});
