import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { TestCluster } from "../../../lib/testing/index.ts";
import {
  isStorageError,
  type Json,
  KVNode,
  type Node,
  type Storage,
  stringifyJson,
} from "../../../lib/vortex/index.ts";
import { INIT, newNode, receive, settled, startNode } from "../../support/fake-host.ts";

/** A node's storage, and its disk. */
function newStorage() {
  const { node, host } = startNode();
  return { node, host, storage: node.storage, disk: host.disk };
}

/** The values that a node reads when it is started again on the same host. */
function readAfterRestart({ host }: ReturnType<typeof newStorage>): unknown[] {
  const node = new KVNode(host, () => {});
  receive(node, INIT);
  return node.storage.readAll();
}

/** A log that a program changes, without regard to durability. */
type Change = { readonly append: Json } | { readonly replace: readonly Json[] } | "sync";

const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ append: fc.integer() }) },
    { weight: 1, arbitrary: fc.record({ replace: fc.array(fc.integer(), { maxLength: 3 }) }) },
    { weight: 2, arbitrary: fc.constant("sync" as const) },
  ),
  { maxLength: 20 },
);

async function change(storage: Storage, step: Change): Promise<void> {
  if (step === "sync") await storage.sync();
  else if ("append" in step) storage.append(step.append);
  else storage.replace(step.replace);
}

/** The log after the given changes. */
function logAfter(steps: readonly Change[]): Json[] {
  let log: Json[] = [];
  for (const step of steps) {
    if (step === "sync") continue;
    if ("append" in step) log.push(step.append);
    else log = [...step.replace];
  }
  return log;
}

describe("Storage", () => {
  test("reads back what was synced, in order, after a restart", async () => {
    const started = newStorage();
    started.storage.append({ term: 1 });
    started.storage.append("two");
    await started.storage.sync();
    expect(readAfterRestart(started)).toEqual([{ term: 1 }, "two"]);
  });

  test("loses what was not synced when the disk says so, and keeps it otherwise", () => {
    const cluster = new TestCluster({ program: (node) => node.storage.append(node.id) });
    cluster.kill("n0", { keepUnsynced: false });
    cluster.kill("n1", { keepUnsynced: true });
    expect(cluster.disk("n0").synced).toEqual([]);
    expect(cluster.disk("n1").synced).toEqual(["n1"]);
  });

  test("is, after a restart, what the changes before the last sync made of it", async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (steps) => {
        const started = newStorage();
        for (const step of steps) await change(started.storage, step);
        expect(started.disk.records).toEqual(logAfter(steps));
        const syncedCount = steps.lastIndexOf("sync") + 1;
        expect(readAfterRestart(started)).toEqual(logAfter(steps.slice(0, syncedCount)));
      }),
    );
  });

  test("keeps the values of records as they were appended, numbers as they were written", async () => {
    const started = newStorage();
    const record = { list: [1] };
    started.storage.append(record);
    record.list.push(2);
    started.storage.append(JSON.parse('{"__proto__": null, "0": "\\ud800", "1": -0}'));
    await started.storage.sync();
    expect(readAfterRestart(started).map(stringifyJson)).toEqual([
      '{"list":[1]}',
      '{"0":"\\ud800","1":0,"__proto__":null}',
    ]);
  });

  test("refuses a record that JSON cannot hold, and appends nothing", async () => {
    const started = newStorage();
    expect(() => started.storage.append(undefined)).toThrow(TypeError);
    expect(() => started.storage.replace([1, undefined])).toThrow(TypeError);
    expect(started.disk.records).toEqual([]);
  });

  test("refuses to read after a change: what was read would not be durable", () => {
    const { storage } = newStorage();
    storage.append(1);
    expect(() => storage.readAll()).toThrow("read it when the program starts");
  });

  test("parses records by a schema, and names the record that does not fit", async () => {
    const started = newStorage();
    started.storage.append({ term: 1 });
    started.storage.append({ term: "two" });
    await started.storage.sync();
    const program = (node: Node) => void node.storage.of(v.object({ term: v.number() })).readAll();
    const restarted = new KVNode(started.host, program);
    receive(restarted, INIT);
    const [reply] = started.host.takeBodies();
    expect(reply).toMatchObject({ type: "error", code: 13 });
    expect(reply?.["text"]).toContain('Cannot use record 1 of the node\'s log, {"term":"two"}');
  });

  test("syncs once for all that ask while the disk is busy", async () => {
    const { storage, disk, host } = newStorage();
    disk.syncMs = 5;
    const synced: number[] = [];
    const append = (record: number) => {
      storage.append(record);
      void storage.sync().then(() => synced.push(record));
    };
    append(1);
    append(2);
    await settled();
    append(3);
    append(4);
    await host.clock.advance(5);
    expect(synced).toEqual([1, 2]);
    expect(disk.synced).toEqual([1, 2]);
    await host.clock.advance(5);
    expect(synced).toEqual([1, 2, 3, 4]);
    expect(disk.syncCount).toBe(2);
  });

  test("does not ask the disk when there is nothing to sync", async () => {
    const { storage, disk } = newStorage();
    await storage.sync();
    storage.append(1);
    await storage.sync();
    await storage.sync();
    expect(disk.syncCount).toBe(1);
  });

  test("rejects with the disk's error, and stores all with the next sync", async () => {
    const started = newStorage();
    const { storage, disk } = started;
    disk.syncError = "full";
    storage.append(1);
    const error = await storage.sync().catch((caught: unknown) => caught);
    expect(isStorageError(error, "full")).toBe(true);
    expect(isStorageError(error, "failed")).toBe(false);
    storage.append(2);
    disk.syncError = undefined;
    await storage.sync();
    expect(readAfterRestart(started)).toEqual([1, 2]);
  });

  test("refuses records beyond 2^26 characters that wait for a sync, and takes more after it", async () => {
    const { storage, disk } = newStorage();
    const long = "x".repeat(2 ** 25 - 2);
    storage.append(long);
    storage.append(long);
    expect(() => storage.append(1)).toThrow("more than 67108864 characters wait for a sync");
    expect(disk.records).toHaveLength(2);
    await storage.sync();
    storage.append(1);
    expect(disk.records).toHaveLength(3);
  });

  test("replies crash (13), which is indefinite, when a handler lets a failed sync pass", async () => {
    const { node, host, storage, disk } = newStorage();
    disk.syncError = "failed";
    node.handle("add", v.unknown(), async () => {
      storage.append(1);
      await storage.sync();
      return { type: "add_ok" };
    });
    receive(node, { type: "add", msg_id: 7 });
    await settled();
    expect(host.takeBodies()).toMatchObject([{ type: "error", code: 13, in_reply_to: 7 }]);
  });

  test("is not opened before the program uses it", () => {
    const { node, host } = newNode();
    let openCount = 0;
    const openDisk = () => {
      openCount++;
      return host.disk.open();
    };
    Object.assign(host, { openDisk });
    receive(node, INIT);
    expect(openCount).toBe(0);
    expect(node.storage).toBe(node.storage);
    expect(openCount).toBe(1);
  });

  test("of a node whose host has no disk stores nothing, and the node says so once", async () => {
    const { host } = newNode();
    const { openDisk: _, ...diskless } = { ...host, logger: host.logger };
    const node = new KVNode(diskless, () => {});
    receive(node, INIT);
    node.storage.append(1);
    await node.storage.sync();
    expect(host.logged).toEqual([
      "n0 has no directory for its log: whatever it stores is lost when it ends. Pass --data DIR to keep it",
    ]);
  });
});
