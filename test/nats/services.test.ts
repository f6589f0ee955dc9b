import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Json } from "../../lib/vortex/index.ts";
import type { History, Operation } from "../../lib/workbench/history/history.ts";
import type { ServiceName } from "../../lib/workbench/nats/services/index.ts";
import { describeNats } from "../support/nats.ts";
import { type LinkedCluster, startLinkedCluster } from "../support/nats-links.ts";
import { simulationSeeds } from "../support/seeds.ts";
import { type Hosts, openHosts } from "./hosts.ts";
import { judgeLinKv, judgeLwwEnd, judgeLwwReads, judgeSeqKv, judgeTimestamps } from "./judge.ts";
import { type Invocation, MISSING, Recorder, readOf, writeOf } from "./operations.ts";
import { runServices, settle } from "./run.ts";
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

/** A client of a service on each host. */
function clientsOf(service: ServiceName, hosts: Hosts, recorder: Recorder) {
  const processes = [0, 1, 2];
  const carryOut = async (host: number, invocation: Invocation) => {
    const [services, thread = 0] = [hosts.services[host], processes[host]];
    if (services === undefined) throw new Error(`Host ${host} is missing`);
    const { type, process } = await recorder.carryOut(service, services, thread, invocation);
    processes[host] = process;
    return type === "ok";
  };
  return {
    carryOut,
    /** Repeats an operation until it succeeds: on a slow machine it can take longer than its time. */
    async succeed(host: number, invocation: Invocation) {
      while (!(await carryOut(host, invocation)));
    },
  };
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
      for (const { ok } of Object.values(counts)) expect(ok).toBeGreaterThanOrEqual(10);
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
        return { key: subject, hosts, recorder, ...clientsOf("lin-kv", hosts, recorder) };
      }),
    );
    const leader = (await all[0]?.hosts.leader()) ?? 0;
    const follower = (leader + 1) % 3;
    await Promise.all(
      all.map(async ({ key, succeed }) => {
        await succeed(leader, writeOf(key, 0));
        await succeed(follower, writeOf(key, 1));
        await succeed(follower, readOf(key));
      }),
    );
    for (const other of [0, 1, 2]) {
      cluster.links.cut(follower, other);
      cluster.links.cut(other, follower);
    }
    await Promise.all(
      all.map(async ({ key, carryOut, succeed }) => {
        await succeed(leader, writeOf(key, 2));
        // A direct read goes to any replica, perhaps to one that cannot be reached.
        await (key === "vortex" ? carryOut : succeed)(follower, readOf(key));
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

  test("lww-kv keeps the last write; one that goes by clocks which differ loses it, and is found", async () => {
    const options = { cluster: `run${runCount++}`, replicas: 3, timeoutMs: 1500 };
    const writeTwice = async (key: "vortex" | "skewed-clocks") => {
      const hosts = await openHosts(cluster, key, options);
      const recorder = new Recorder(3);
      const settled = (limitMs?: number) => settle(recorder, hosts.services, [key], limitMs);
      const { succeed } = clientsOf("lww-kv", hosts, recorder);
      await succeed(0, writeOf(key, 1));
      expect(await settled()).toEqual([]);
      // The clock of this host is behind.
      await succeed(1, writeOf(key, 2));
      return { hosts, settled };
    };
    const [vortex, skewed] = [await writeTwice("vortex"), await writeTwice("skewed-clocks")];
    expect(await vortex.settled()).toEqual([]);
    const finding = 'lww-kv, key "skewed-clocks": hosts read 1, though 2 was written later';
    while ((await skewed.settled(0))[0] !== finding);
    await Promise.all([vortex, skewed].map(({ hosts }) => hosts.close()));
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

describe("the judge of lww-kv", () => {
  const write = (process: number, value: number) =>
    [process, "write", [0, value], [0, value]] as const;
  const read = (value: Json) => [1, "read", [0, null], [0, value]] as const;
  const written = [write(0, 1), write(0, 2)] as const;
  const end = (history: History, ...values: Json[]) => judgeLwwEnd(history, [{ key: 0, values }]);

  test("accepts reads that are old, and go back", () => {
    const history = historyOf(read(MISSING), ...written, read(2), read(1), read(MISSING));
    expect(judgeLwwReads(history)).toEqual([]);
    expect(end(history, 2, 2)).toEqual([]);
  });

  test("finds a value that was not written, not yet, or certainly not", () => {
    const refused = historyOf(...written, read(2)).map((operation) =>
      operation.index === 3 ? { ...operation, type: "fail" as const } : operation,
    );
    const swap = [1, "cas", [0, [7, 3]], [0, [7, 3]]] as const;
    expect(
      [historyOf(read(7)), historyOf(read(1), ...written), refused, historyOf(swap)].map(
        (history) => judgeLwwReads(history)[0],
      ),
    ).toEqual([
      "lww-kv: read of 0 found 7, which was never written",
      "lww-kv: read of 0 found 1, which was written later",
      "lww-kv: read of 0 found 2, which was refused",
      "lww-kv: cas of 0 found 7, which was never written",
    ]);
  });

  test("finds hosts that end with different values, or without the last one", () => {
    const history = historyOf(...written);
    expect(end(history, 2, 1)).toEqual(["lww-kv, key 0: hosts read different values, [2,1]"]);
    expect(end(history, 1, 1)).toEqual(["lww-kv, key 0: hosts read 1, though 2 was written later"]);
    expect(end(history, MISSING)[0]).toContain('hosts read "missing"');
  });

  test("lets either of two writes at the same time be the last, and one whose outcome is unknown", () => {
    const [called, returned] = historyOf(write(0, 1));
    const [otherCalled, otherReturned] = historyOf(write(1, 2));
    const at = (...operations: readonly (Operation | undefined)[]) =>
      operations.flatMap((one, index) => (one === undefined ? [] : [{ ...one, index }]));
    const overlapping = at(called, otherCalled, returned, otherReturned);
    const unknown = at(
      called,
      returned && { ...returned, type: "info" },
      otherCalled,
      otherReturned,
    );
    for (const history of [overlapping, unknown]) {
      expect([...end(history, 1), ...end(history, 2)]).toEqual([]);
    }
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
