import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { type Replica, type ReplicateOptions, replicate } from "../../../lib/raft/index.ts";
import { TestCluster } from "../../../lib/testing/index.ts";
import { KeptJson, type KVNode, type Message, RpcError } from "../../../lib/vortex/index.ts";

const Command = v.variant("f", [
  v.object({ f: v.literal("append"), item: KeptJson }),
  v.object({ f: v.literal("first"), item: KeptJson }),
  v.object({ f: v.literal("read") }),
]);
type Command = v.InferOutput<typeof Command>;

/** The last 20 items that were appended. `first` appends to an empty list only. */
class List {
  readonly command = Command;
  items: unknown[] = [];

  queryCount = 0;

  query(command: Command): unknown {
    this.queryCount++;
    if (command.f === "read") return this.items;
    if (command.f === "first" && this.items.length > 0) {
      throw new RpcError("precondition-failed", "not empty");
    }
    return undefined;
  }

  apply(command: Command): unknown {
    const result = this.query(command);
    if (command.f !== "read") this.items = [...this.items, command.item].slice(-20);
    return result ?? this.items.length;
  }

  snapshot(): unknown {
    return this.items;
  }

  restore(snapshot: unknown): void {
    this.items = v.parse(v.array(v.unknown()), snapshot);
  }
}

interface Nodes {
  readonly cluster: TestCluster;
  readonly replicas: Map<string, Replica<Command, unknown>>;
  readonly lists: Map<string, List>;
}

function startNodes(nodeCount = 3, options: ReplicateOptions = {}): Nodes {
  const replicas = new Map<string, Replica<Command, unknown>>();
  const lists = new Map<string, List>();
  const program = (node: KVNode) => {
    const list = new List();
    const replica = replicate(node, list, options);
    replicas.set(node.id, replica);
    lists.set(node.id, list);
    node.handle("execute", v.object({ command: Command }), async ({ body }) => {
      return { type: "execute_ok", result: await replica.execute(body.command) };
    });
  };
  const nodeIds = Array.from({ length: nodeCount }, (_, index) => `n${index}`);
  return { cluster: new TestCluster({ program, nodeIds, latencyMs: 1 }), replicas, lists };
}

const append = (item: unknown) => ({ type: "execute", command: { f: "append", item } });
const first = (item: unknown) => ({ type: "execute", command: { f: "first", item } });
const READ = { type: "execute", command: { f: "read" } };

/** Nodes that have a leader: n0, as in every cluster that starts without faults. */
async function startReady(nodeCount = 3, options: ReplicateOptions = {}): Promise<Nodes> {
  const nodes = startNodes(nodeCount, options);
  await nodes.cluster.advance(1000);
  expect(nodes.replicas.get("n1")?.leaderId).toBe("n0");
  nodes.cluster.takeMessages();
  return nodes;
}

function sent(cluster: TestCluster): string[] {
  return cluster.takeMessages().map(({ src, dest, body }) => `${src} ${body["type"]} ${dest}`);
}

describe("replicate", () => {
  test("executes commands that arrive at any node, in one order", async () => {
    const { cluster } = startNodes();
    for (const [at, id] of ["n0", "n1", "n2", "n1"].entries()) {
      expect(await cluster.ask(id, append(at))).toMatchObject({ result: at + 1 });
    }
    for (const id of ["n0", "n1", "n2"]) {
      expect(await cluster.ask(id, READ)).toMatchObject({ result: [0, 1, 2, 3] });
    }
  });

  test("runs on a single node, without messages", async () => {
    const { cluster } = startNodes(1);
    expect(await cluster.ask("n0", append(1))).toMatchObject({ result: 1 });
    expect(cluster.messages).toEqual([]);
  });

  test("takes three messages for a command at a follower of three nodes", async () => {
    const { cluster } = await startReady();
    await cluster.ask("n1", append(1));
    await cluster.advance(10);
    expect(sent(cluster)).toEqual([
      "n1 forward n0",
      "n0 append_entries n1",
      "n1 append_entries_reply n0",
    ]);
  });

  test("takes two messages for a command at the leader of three nodes", async () => {
    const { cluster } = await startReady();
    await cluster.ask("n0", append(1));
    await cluster.advance(10);
    expect(sent(cluster)).toHaveLength(2);
  });

  test("takes five messages for a command at a follower of five nodes, which collects", async () => {
    const { cluster } = await startReady(5);
    await cluster.ask("n3", append(1));
    await cluster.advance(10);
    expect(sent(cluster)).toEqual([
      "n3 forward n0",
      "n0 append_entries n3",
      "n0 append_entries n1",
      "n1 append_entries_reply n3",
      "n3 append_entries_reply n0",
    ]);
  });

  test("serves reads, and commands that change nothing, from the leader's state", async () => {
    const { cluster } = await startReady();
    await cluster.ask("n0", append(1));
    await cluster.advance(10);
    cluster.takeMessages();
    expect(await cluster.ask("n0", READ)).toMatchObject({ result: [1] });
    expect(await cluster.ask("n0", first(2))).toMatchObject({ type: "error", code: 22 });
    expect(sent(cluster)).toEqual([]);
    expect(await cluster.ask("n2", first(2))).toMatchObject({ type: "error", code: 22 });
    expect(sent(cluster)).toEqual(["n2 forward n0", "n0 forward_reply n2"]);
  });

  test("queries once for a read, and again if the state has changed before it is served", async () => {
    const { cluster, lists } = await startReady();
    const list = lists.get("n0");
    await cluster.ask("n0", append(1));
    if (list) list.queryCount = 0;
    expect(await cluster.ask("n0", READ)).toMatchObject({ result: [1] });
    expect(list?.queryCount).toBe(1);
    cluster.request("n0", append(2));
    await cluster.settle();
    expect(await cluster.ask("n0", READ)).toMatchObject({ result: [1, 2] });
  });

  test("without a lease, asks a majority before it serves a read", async () => {
    const { cluster } = await startReady(3, { hasLease: false });
    expect(await cluster.ask("n0", READ)).toMatchObject({ result: [] });
    expect(sent(cluster)).toContain("n0 append_entries n1");
  });

  test("sends at most ten messages a second when idle", async () => {
    const { cluster } = await startReady();
    await cluster.advance(60_000);
    expect(cluster.takeMessages().length).toBeLessThanOrEqual(600);
  });

  test("with batchMs, forwards requests together and logs them together", async () => {
    const { cluster } = await startReady(3, { batchMs: 50 });
    const replies = Array.from({ length: 20 }, (_, item) => cluster.request("n1", append(item)));
    await cluster.advance(200);
    expect(replies.map((reply) => reply()?.["result"])).toEqual(replies.map((_, at) => at + 1));
    const messages = cluster.takeMessages().map(({ body }) => body);
    expect(messages.filter(({ type }) => type === "forward")).toHaveLength(1);
    expect(messages.filter(({ entries = [] }) => (entries as []).length > 0)).toHaveLength(1);
  });

  test.each<[string, ReplicateOptions]>([
    ["maxPending must be a number from 1 on, but is NaN", { maxPending: Number.NaN }],
    ["compactionLength must be a number from 0 on, but is -1", { compactionLength: -1 }],
    ["timeoutMs must be a finite number of milliseconds", { timeoutMs: Infinity }],
    [
      "0 < heartbeatMs < electionMinMs <= electionMaxMs, but is 700, 600, 1000",
      { heartbeatMs: 700 },
    ],
    ["but is 450, 600, 500", { electionMaxMs: 500 }],
    ["but is 450, 600, Infinity", { electionMaxMs: Infinity }],
  ])("refuses options out of range: %s", (message, options) => {
    expect(() => startNodes(1, options)).toThrow(message);
  });
});

describe("replicate under faults", () => {
  test("serves again within two seconds after its leader was killed", async () => {
    const { cluster } = await startReady();
    await cluster.ask("n1", append(1));
    cluster.kill("n0");
    const reply = cluster.request("n1", append(2));
    await cluster.advance(2000);
    expect(reply()).toMatchObject({ result: 2 });
  });

  test("keeps everything acknowledged when all nodes are killed, and lose what was not synced", async () => {
    const { cluster } = await startReady();
    for (let item = 0; item < 10; item++) await cluster.ask("n1", append(item));
    for (const id of ["n0", "n1", "n2"]) cluster.kill(id);
    for (const id of ["n0", "n1", "n2"]) cluster.start(id);
    expect(await cluster.ask("n2", READ)).toMatchObject({ result: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
  });

  test("admits a node that has lost its disk, so that each disk may be lost in turn", async () => {
    const { cluster } = await startReady();
    await cluster.ask("n1", append("kept"));
    for (const id of ["n0", "n1", "n2", "n0"]) {
      cluster.kill(id, { loseDisk: true });
      cluster.start(id);
      await cluster.advance(3000);
    }
    expect(await cluster.ask("n1", READ)).toMatchObject({ result: ["kept"] });
  });

  test("stops rather than lose data when a majority has lost its disks", async () => {
    const { cluster } = await startReady();
    await cluster.ask("n1", append("kept"));
    for (const id of ["n0", "n1"]) {
      cluster.kill(id, { loseDisk: true });
      cluster.start(id);
    }
    expect(await cluster.ask("n0", READ)).toMatchObject({ type: "error", code: 11 });
  });

  test("starts when one node is late, and admits it", async () => {
    const { cluster } = startNodes();
    cluster.partition(["n0", "n1"], ["n2"]);
    await cluster.advance(5000);
    cluster.heal();
    expect(await cluster.ask("n2", append(1))).toMatchObject({ result: 1 });
  });

  test("executes a command once, however often its messages arrive", async () => {
    const { cluster } = await startReady();
    const copies: Message[] = [];
    cluster.filter = (message) => {
      copies.push(message);
      return "deliver";
    };
    await cluster.ask("n1", append(1));
    cluster.filter = () => "deliver";
    for (const message of [...copies, ...copies]) cluster.deliver(message);
    await cluster.advance(1000);
    expect(await cluster.ask("n2", READ)).toMatchObject({ result: [1] });
  });

  test("executes a command once when the leader dies after it has logged it", async () => {
    const { cluster } = await startReady();
    // n0 has the entry, and n2 too; n1, which waits for it, does not.
    cluster.filter = ({ src, dest, body }) => {
      const isEntry = body["type"] === "append_entries" && (body["entries"] as []).length > 0;
      return isEntry && src === "n0" && dest === "n1" ? "drop" : "deliver";
    };
    const reply = cluster.request("n1", append(1));
    await cluster.advance(100);
    cluster.kill("n0");
    cluster.filter = () => "deliver";
    await cluster.advance(2000);
    expect(reply()).toMatchObject({ result: 1 });
    expect(await cluster.ask("n2", READ)).toMatchObject({ result: [1] });
  });

  test("repeats a command that the leader has logged nowhere else before it died", async () => {
    const { cluster } = await startReady();
    cluster.filter = ({ src, body }) => {
      return src === "n0" && body["type"] === "append_entries" ? "drop" : "deliver";
    };
    const reply = cluster.request("n1", append(1));
    await cluster.advance(20);
    cluster.kill("n0");
    cluster.filter = () => "deliver";
    await cluster.advance(2000);
    expect(reply()).toMatchObject({ result: 1 });
    cluster.start("n0");
    await cluster.advance(2000);
    expect(await cluster.ask("n0", READ)).toMatchObject({ result: [1] });
  });

  test("ends with a definite error when no leader can have the command", async () => {
    const { cluster } = await startReady(3, { timeoutMs: 3000 });
    cluster.partition(["n1"], ["n0", "n2"]);
    await cluster.advance(2000);
    expect(await cluster.ask("n1", append(1))).toMatchObject({ type: "error", code: 11 });
  });

  test("ends with an indefinite error when a leader may have the command", async () => {
    const { cluster } = await startReady(3, { timeoutMs: 300 });
    cluster.partition(["n1"], ["n0", "n2"]);
    expect(await cluster.ask("n1", append(1))).toMatchObject({ type: "error", code: 0 });
  });

  test("serves no read from a leader that was cut off for longer than its lease", async () => {
    const { cluster } = await startReady();
    cluster.partition(["n0"], ["n1", "n2"]);
    await cluster.advance(545);
    const stale = cluster.request("n0", READ);
    await cluster.advance(2000);
    expect(stale()).toBeUndefined();
    await cluster.ask("n1", append("new"));
    cluster.heal();
    await cluster.advance(2000);
    expect(stale()).toMatchObject({ result: ["new"] });
  });

  test("acknowledges nothing that is not synced", async () => {
    const { cluster } = await startReady();
    for (const id of ["n0", "n1", "n2"]) cluster.disk(id).syncMs = 100;
    const reply = cluster.request("n0", append(1));
    await cluster.advance(150);
    expect(reply()).toBeUndefined();
    await cluster.advance(100);
    expect(reply()).toMatchObject({ result: 1 });
  });

  test("does not take an answer to a start that its disk has forgotten for its own", async () => {
    const { cluster } = await startReady();
    await cluster.ask("n0", append(1));
    cluster.disk("n1").syncMs = 10_000;
    cluster.start("n1");
    cluster.request("n1", READ);
    await cluster.advance(500);
    cluster.disk("n1").syncMs = 0;
    cluster.start("n1");
    await cluster.ask("n0", append(2));
    expect(await cluster.ask("n1", READ)).toMatchObject({ result: [1, 2] });
  });

  test("moves leadership away from a node whose disk fails", async () => {
    const { cluster, replicas } = await startReady();
    cluster.disk("n0").syncError = "failed";
    const reply = cluster.request("n1", append(1));
    await cluster.advance(4000);
    expect(reply()).toMatchObject({ result: 1 });
    expect(replicas.get("n1")?.leaderId).not.toBe("n0");
  });

  test("transfers leadership on request", async () => {
    const { cluster, replicas } = await startReady();
    expect(replicas.get("n0")?.transferLeadership("n2")).toBe(true);
    await cluster.advance(20);
    expect(replicas.get("n1")?.leaderId).toBe("n2");
  });

  test("keeps its disk as small as the state, and sends a snapshot to a node that was away", async () => {
    const { cluster, lists } = await startReady();
    cluster.kill("n2");
    const item = "x".repeat(5000);
    for (let count = 0; count < 100; count++) await cluster.ask("n0", append(item));
    for (const id of ["n0", "n1"]) {
      expect(JSON.stringify(cluster.disk(id).records).length).toBeLessThan(400_000);
    }
    cluster.start("n2");
    await cluster.advance(2000);
    expect(lists.get("n2")?.items).toEqual(lists.get("n0")?.items);
    expect(lists.get("n2")?.items).toHaveLength(20);
  });

  test("sends a large snapshot in messages of a bounded length", async () => {
    const { cluster, lists } = await startReady();
    const item = "x".repeat(20_000);
    for (let count = 0; count < 60; count++) await cluster.ask("n0", append(item));
    cluster.kill("n2", { loseDisk: true });
    cluster.takeMessages();
    cluster.start("n2");
    await cluster.advance(5000);
    expect(lists.get("n2")?.items).toHaveLength(20);
    const messages = cluster.takeMessages();
    expect(messages.map(({ body }) => body["type"])).toContain("install_snapshot");
    const lengths = messages.map(({ body }) => JSON.stringify(body).length);
    expect(Math.max(...lengths)).toBeLessThan(100_000);
  });
});
