import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { TestCluster } from "../../../lib/testing/index.ts";
import type { Node } from "../../../lib/vortex/index.ts";

const Add = v.object({ delta: v.number() });

/** A counter on one node, which stores every add. */
function counter(node: Node): void {
  const log = node.storage.of(Add);
  let total = 0;
  for (const { delta } of log.readAll()) total += delta;
  node.handle("add", Add, async ({ body: { delta } }) => {
    total += delta;
    log.append({ delta });
    await log.sync();
    return { type: "add_ok" };
  });
  node.handle("read", v.unknown(), () => ({ type: "read_ok", value: total }));
}

/** The same, but it acknowledges an add before it is stored. */
function hasty(node: Node): void {
  const log = node.storage.of(Add);
  let total = 0;
  for (const { delta } of log.readAll()) total += delta;
  node.handle("add", Add, ({ body: { delta } }) => {
    total += delta;
    log.append({ delta });
    return { type: "add_ok" };
  });
  node.handle("read", v.unknown(), () => ({ type: "read_ok", value: total }));
}

async function totalAfterKill(program: (node: Node) => void, keepUnsynced: boolean) {
  const cluster = new TestCluster({ program, nodeIds: ["n1"] });
  await cluster.ask("n1", { type: "add", delta: 3 });
  cluster.kill("n1", { keepUnsynced });
  cluster.start("n1");
  return (await cluster.ask("n1", { type: "read" }))["value"];
}

describe("The disk of a test cluster", () => {
  test("keeps what was synced, whatever becomes of the rest", async () => {
    expect(await totalAfterKill(counter, false)).toBe(3);
    expect(await totalAfterKill(counter, true)).toBe(3);
  });

  test("shows that a program acknowledges before it syncs, unless a kill keeps what was not", async () => {
    expect(await totalAfterKill(hasty, false)).toBe(0);
    expect(await totalAfterKill(hasty, true)).toBe(3);
  });

  test("is another for each node, and empty at first", () => {
    const cluster = new TestCluster({ program: (node: Node) => node.storage.append(node.id) });
    expect(cluster.disk("n0").synced).toEqual([]);
    expect(cluster.disk("n0").records).toEqual(["n0"]);
    expect(cluster.disk("n1").records).toEqual(["n1"]);
    expect(() => cluster.disk("n7")).toThrow("There is no node n7");
  });

  test("may be lost with the node", async () => {
    const cluster = new TestCluster({ program: counter });
    await cluster.ask("n1", { type: "add", delta: 3 });
    cluster.kill("n1", { loseDisk: true });
    cluster.start("n1");
    expect(await cluster.ask("n1", { type: "read" })).toMatchObject({ value: 0 });
  });

  test("makes a request wait for a slow sync", async () => {
    const cluster = new TestCluster({ program: counter });
    cluster.disk("n0").syncMs = 40;
    const reply = cluster.request("n0", { type: "add", delta: 3 });
    await cluster.advance(39);
    expect(reply()).toBeUndefined();
    await cluster.advance(1);
    expect(reply()).toMatchObject({ type: "add_ok" });
  });

  test("loses a sync in progress when its node is killed", async () => {
    const cluster = new TestCluster({ program: counter });
    cluster.disk("n0").syncMs = 40;
    cluster.request("n0", { type: "add", delta: 3 });
    await cluster.advance(20);
    cluster.start("n0");
    await cluster.advance(40);
    expect(cluster.disk("n0").synced).toEqual([]);
  });

  test("makes syncs fail until the test lets them succeed", async () => {
    const cluster = new TestCluster({ program: counter });
    cluster.disk("n0").syncError = "full";
    expect(await cluster.ask("n0", { type: "add", delta: 3 })).toMatchObject({ code: 13 });
    cluster.disk("n0").syncError = undefined;
    expect(await cluster.ask("n0", { type: "add", delta: 4 })).toMatchObject({ type: "add_ok" });
    expect(cluster.disk("n0").synced).toEqual([{ delta: 3 }, { delta: 4 }]);
  });
});
