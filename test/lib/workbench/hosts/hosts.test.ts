import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { hostsOn, MemoryBus, NODES, testOn } from "../../../support/hosts.ts";
import { DIST } from "../../../support/processes/vortex.ts";
import { testOptionsOf } from "../../../support/simulations/simulate.ts";

setDefaultTimeout(60_000);

const SHORT = { nodeIds: NODES, concurrency: 3, rate: 100, timeLimitS: 0.5, recoveryS: 0.2 };
const echoTest = testOptionsOf("echo", SHORT);

/** Sends one message of 5 kB instead of its reply to init. */
const SENDS_MUCH = `
read -r init
id=$(echo "$init" | sed 's/.*"node_id":"\\([^"]*\\)".*/\\1/')
[ "$id" = n2 ] || echo "{\\"src\\":\\"$id\\",\\"dest\\":\\"n2\\",\\"body\\":{\\"type\\":\\"big\\",\\"text\\":\\"$(printf %05000d 0)\\"}}"
cat >/dev/null`;

const broadcast = { bin: join(DIST, "broadcast") };

describe("A test on several hosts", () => {
  test("has the verdict and the message counts of one on a single machine", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus);
    const { valid, stats, net, hosts } = await testOn(bus, echoTest);
    expect(valid).toBe(true);
    const okCount = stats?.valid === true ? Number(stats["okCount"]) : 0;
    expect(okCount).toBeGreaterThan(0);
    // Init and its reply for each node beside the requests and replies.
    expect(net.clients.sendCount).toBe(2 * (okCount + NODES.length));
    expect(net.clients.recvCount).toBe(net.clients.sendCount);
    expect(hosts?.undelivered).toBe(0);
    expect(Object.keys(hosts?.nodes ?? {})).toEqual([...NODES]);
  });

  test("starts the nodes afresh, with no message of the test before", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus, broadcast);
    const options = testOptionsOf("broadcast", { ...SHORT, recoveryS: 1 });
    // A value of the first test in a read of the second would be an error of the checker.
    expect((await testOn(bus, options)).valid).toBe(true);
    expect((await testOn(bus, options)).valid).toBe(true);
  });

  test("survives the loss of some control messages and reports", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus);
    const random = randomStream(1, "losses");
    bus.arrives = (subject) => !/control|reports/.test(subject) || random.next() < 0.92;
    const { valid, hosts, net } = await testOn(bus, echoTest, 4000);
    expect(valid).toBe(true);
    const repeats = Object.values(hosts?.nodes ?? {}).map((node) => node.repeats);
    expect(Math.max(...repeats)).toBeGreaterThan(0);
    // Reports arrive in the end, all of them.
    expect(net.clients.recvCount).toBe(net.clients.sendCount);
  });

  test("cuts, drops and repeats messages where they are received", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus, broadcast);
    const faults = ["partition", "loss", "duplicate", "slow"] as const;
    // Each starts at once, and lasts until the end.
    const { faults: counts, net } = await testOn(
      bus,
      testOptionsOf("broadcast", {
        ...SHORT,
        timeLimitS: 2,
        recoveryS: 0.1,
        nemesis: faults,
        nemesisIntervalS: 100,
        seed: 3,
      }),
    );
    for (const fault of faults) expect([fault, counts[fault]]).not.toEqual([fault, 0]);
    expect(net.servers.sendCount).toBeGreaterThan(0);
  });

  test("ends with the node's last output when one crashes", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus, { bin: "/bin/sh", args: ["-c", "echo broken >&2; exit 3"] });
    await expect(testOn(bus, echoTest)).rejects.toThrow(/it exited with status 3: broken/);
  });

  test("ends with what to do when a program cannot be run", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus, { bin: "/nonexistent/program" });
    await expect(testOn(bus, echoTest)).rejects.toThrow(/Cannot run \/nonexistent\/program/);
  });

  test("ends with what to do when a message exceeds what the server accepts", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus, { bin: "/bin/sh", args: ["-c", SENDS_MUCH] });
    bus.maxBytes = 4000;
    await expect(testOn(bus, echoTest)).rejects.toThrow(
      /of \d+ bytes, but the NATS server accepts 4000\. Raise max_payload/,
    );
  });

  test("ends when a host is silent for longer than the lease", async () => {
    const bus = new MemoryBus();
    await using hosts = await hostsOn(bus);
    const ended = testOn(bus, { ...echoTest, timeLimitS: 20 }, 400);
    await hosts.begun;
    bus.arrives = (subject) => !subject.includes("n1");
    await expect(ended).rejects.toThrow(/n1 on host of n1 cannot be reached for 0.4 s/);
  });

  test("ends when a report is not understood", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus);
    let isSpoilt = false;
    bus.arrives = (subject) => {
      if (subject.endsWith("reports") && !isSpoilt) {
        isSpoilt = true;
        bus.publish(subject, '{"node":"n0"}');
      }
      return true;
    };
    await expect(testOn(bus, { ...echoTest, timeLimitS: 20 })).rejects.toThrow(
      /What a host sent is not understood/,
    );
  });

  test("ends when a sidecar does", async () => {
    const bus = new MemoryBus();
    await using hosts = await hostsOn(bus);
    const ended = testOn(bus, { ...echoTest, timeLimitS: 20 });
    await hosts.begun;
    void hosts.sidecars[1]?.close();
    await expect(ended).rejects.toThrow(/The sidecar of n1 was ended during the test/);
  });

  test("says which node needs services that there are not", async () => {
    const bus = new MemoryBus();
    await using _ = await hostsOn(bus, { bin: join(DIST, "g-counter") });
    const options = testOptionsOf("g-counter", SHORT);
    await expect(testOn(bus, options)).rejects.toThrow(
      /needs seq-kv, which cannot be served: there are none/,
    );
  });
});
