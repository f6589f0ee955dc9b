import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../../lib/vortex/serve.ts";
import { ProcessCluster } from "../../../../lib/workbench/clusters/process-cluster.ts";
import { Journal, type JournalEvent } from "../../../../lib/workbench/network/journal.ts";
import { Network } from "../../../../lib/workbench/network/network.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";

/** A network with a client and the given journal. */
function networkOf(events: JournalEvent[]): Network {
  const network = new Network({
    clock: systemClock,
    random: randomStream(1, "network"),
    latency: { meanMs: 0, distribution: "constant" },
    nodeIds: ["n0"],
    journal: new Journal([(event) => events.push(event)]),
    zeroMs: () => 0,
    onOverload: expect.unreachable,
  });
  network.connect("c0", () => {});
  return network;
}

/** A cluster whose nodes all run one command of the shell. */
function cluster(command: string, network = networkOf([])): ProcessCluster {
  const args = ["-c", command];
  return new ProcessCluster({ bin: "/bin/sh", args, network, onBadLine: () => {} });
}

describe("ProcessCluster", () => {
  test("reports a crash even if the nemesis kills and restarts the node afterwards", async () => {
    const nodes = cluster("echo why >&2; exit 3");
    await nodes.start("n0");
    expect(nodes.pause("n0")).toBe(false);
    expect(nodes.kill("n0")).toBe(false);
    await nodes.start("n0");
    const crash = { node: "n0", status: "exit status 3", stdout: [], stderr: ["why"] };
    expect(await nodes.stop()).toEqual([crash, crash]);
  });

  test("does not report a node that it killed itself as crashed", async () => {
    const nodes = cluster("exec sleep 60");
    void nodes.start("n0");
    expect(nodes.pause("n0")).toBe(true);
    expect(nodes.kill("n0")).toBe(true);
    expect(nodes.pause("n0")).toBe(false);
    void nodes.start("n0");
    expect(await nodes.stop()).toEqual([]);
  });

  test("drops messages for a node that has exited, and says that it is down", async () => {
    const events: JournalEvent[] = [];
    const network = networkOf(events);
    const nodes = cluster("exit 0", network);
    await nodes.start("n0");
    await Bun.sleep(0);
    network.send("c0", "n0", { type: "read" });
    expect(events).toMatchObject([{ type: "send" }, { type: "drop", reason: "down" }]);
    await nodes.stop();
  });

  test("returns the id of a node's process while it runs", async () => {
    const nodes = cluster("exec sleep 60");
    expect(nodes.processId("n0")).toBeUndefined();
    const ended = nodes.start("n0");
    expect(process.kill(nodes.processId("n0") ?? 0, 0)).toBe(true);
    nodes.kill("n0");
    await ended;
    expect(nodes.processId("n0")).toBeUndefined();
    await nodes.stop();
  });
});
