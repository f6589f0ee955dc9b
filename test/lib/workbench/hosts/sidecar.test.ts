import { heapStats } from "bun:jsc";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Command, type Request, subjects } from "../../../../lib/workbench/hosts/wire.ts";
import {
  CLUSTER,
  clusterOn,
  hostsOn,
  MemoryBus,
  NODES,
  sidecarOf,
  testOn,
} from "../../../support/hosts.ts";
import { testOptionsOf } from "../../../support/simulations/simulate.ts";

setDefaultTimeout(60_000);

const echoTest = testOptionsOf("echo", {
  nodeIds: NODES,
  concurrency: NODES.length,
  rate: 100,
  timeLimitS: 0.5,
  recoveryS: 0,
});

/** Messages between two counts of objects. */
const MESSAGES = 2000;

describe("A sidecar", () => {
  test("is refused a name that another one has", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus);
    await expect(sidecarOf(bus, "n1", { instance: "second" }).open()).rejects.toThrow(
      /n1 of cluster "demo" runs already: on host of n1, process 1/,
    );
  });

  test("answers no tester before it has the name: another one may have it", async () => {
    const bus = new MemoryBus();
    const sidecar = sidecarOf(bus, "n1");
    const beat = () =>
      bus.requestAll(subjects.control(CLUSTER, "n1"), '{"type":"beat","test":"a"}', 20);
    const opened = sidecar.open();
    expect(await beat()).toEqual([]);
    await opened;
    expect(await beat()).toEqual([expect.stringContaining("no-test")]);
    await sidecar.close();
  });

  test("keeps the name of two that start at once if its instance is first", async () => {
    const bus = new MemoryBus();
    const [one, other] = [
      sidecarOf(bus, "n1", { instance: "a" }),
      sidecarOf(bus, "n1", { instance: "b" }),
    ];
    const opened = await Promise.allSettled([one.open(), other.open()]);
    expect(opened.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await Promise.all([one.close(), other.close()]);
  });

  test("refuses a test while another runs, and takes the next one", async () => {
    const bus = new MemoryBus();
    await using hosts = await hostsOn(bus);
    const first = testOn(bus, echoTest);
    await hosts.begun;
    await expect(testOn(bus, echoTest)).rejects.toThrow(/runs another test, of here, process 2/);
    expect((await first).valid).toBe(true);
    expect((await testOn(bus, echoTest)).valid).toBe(true);
  });

  test("kills its node and heals all faults when the tester disappears", async () => {
    const bus = new MemoryBus();
    const remarks: string[] = [];
    const removed: string[] = [];
    await using hosts = await hostsOn(bus, {
      onRemark: (text) => remarks.push(text),
      removeServices: async (id) => void removed.push(id),
    });
    void testOn(bus, { ...echoTest, timeLimitS: 20 }, 600).catch(() => {});
    await hosts.begun;
    bus.arrives = () => false;
    while (removed.length < 3) await Bun.sleep(20);
    expect(remarks.filter((text) => text.includes("is silent for 0.6 s"))).toHaveLength(3);
    bus.arrives = () => true;
    expect((await testOn(bus, echoTest)).valid).toBe(true);
  });

  test("keeps nothing of the messages that it has carried", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus, {}, ["n0"]);
    const request = (content: Request) =>
      bus.request(subjects.control(CLUSTER, "n0"), JSON.stringify(content), 1000);
    let number = 0;
    const order = (command: Command) =>
      request({ type: "command", test: "long", number: ++number, command });
    const message = (body: object) => ({ id: 0, src: "c1", dest: "n0", body });
    bus.subscribe(subjects.reports(CLUSTER, "long"), (_, answer) => answer("{}"));
    let replies = 0;
    bus.subscribe(subjects.clients(CLUSTER, "long"), () => replies++);
    const latency = { meanMs: 0, distribution: "constant" } as const;
    const tester = { host: "here", pid: 2 };
    const plan = { test: "long", tester, nodeIds: ["n0"], seed: 1, latency, leaseMs: 60_000 };
    await request({ type: "begin", plan });
    await order({ type: "start" });
    const init = message({ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] });
    await order({ type: "deliver", message: init });

    const echo = JSON.stringify(message({ type: "echo", msg_id: 2, echo: "a" }));
    const objectCounts: number[] = [];
    for (let round = 1; round <= 4; round++) {
      for (let sent = 0; sent < MESSAGES; sent++) {
        bus.publish(subjects.node(CLUSTER, "long", "n0"), echo);
      }
      while (replies < round * MESSAGES) await Bun.sleep(1);
      await order({ type: "report" });
      Bun.gc(true);
      objectCounts.push(heapStats().objectCount);
    }
    await order({ type: "stop" });

    // During the first rounds, code is compiled.
    const [, early = 0, , late = 0] = objectCounts;
    expect(late - early).toBeLessThan(MESSAGES);
  });

  test("answers what it does not understand with a refusal", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus);
    const answer = await bus.request(subjects.control(CLUSTER, "n0"), '{"type":"dance"}', 1000);
    expect(answer).toContain("refused");
  });
});

describe("A tester", () => {
  test("says how to start nodes that do not answer", async () => {
    const bus = new MemoryBus();
    await expect(clusterOn(bus, echoTest)).rejects.toThrow(
      /No node of cluster "demo" answers. Start one/,
    );
    await using _ = await hostsOn(bus, {}, ["n0"]);
    await expect(clusterOn(bus, echoTest)).rejects.toThrow(
      /n1, n2 of cluster "demo" were not started, or cannot be reached. On its host, run vortex node --name n1/,
    );
  });

  test("refuses sidecars that name different nodes, and nodes that none names", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus);
    await expect(clusterOn(bus, { ...echoTest, nodeIds: ["n0", "n7"] })).rejects.toThrow(
      /n7 is not a node of cluster "demo", whose nodes are n0, n1, n2/,
    );
    await using __ = await hostsOn(bus, { nodeIds: ["n3"] }, ["n3"]);
    await expect(clusterOn(bus, echoTest)).rejects.toThrow(
      /name different nodes: n0 has --nodes n0,n1,n2, and n3 has --nodes n3/,
    );
  });
});
