import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { TestCluster } from "../../../lib/testing/index.ts";
import { type KVNode, StoredLog } from "../../../lib/vortex/index.ts";

/** A log, and the records it has passed on. */
interface Seen {
  readonly log: StoredLog<string>;
  readonly records: string[];
}

/** Three nodes with a log of one name; logs and records by start of a node, in order. */
function start() {
  const seen: Seen[] = [];
  const program = (node: KVNode) => {
    const records: string[] = [];
    const log = new StoredLog(node, {
      name: "log",
      schema: v.string(),
      onRecord: (record) => void records.push(record),
    });
    seen.push({ log, records });
  };
  const cluster = new TestCluster({ program });
  const at = (index: number): Seen => {
    const found = seen[index];
    if (found === undefined) throw new Error(`There was no start ${index}`);
    return found;
  };
  /** Advances time until a promise has settled. */
  const done = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const settle = () => {
      isDone = true;
    };
    promise.then(settle, settle);
    for (let rounds = 0; !isDone && rounds < 1000; rounds++) await cluster.advance(10);
    return await promise;
  };
  return { cluster, at, done };
}

describe("StoredLog", () => {
  test("gives other nodes the records in the order in which they were appended", async () => {
    const { at, done } = start();
    for (const record of ["a", "b", "c"])
      expect(await done(at(0).log.tryAppend(record))).toBe(true);
    await done(at(1).log.readOn());
    expect(at(0).records).toEqual(["a", "b", "c"]);
    expect(at(1).records).toEqual(["a", "b", "c"]);
    expect(at(1).log.length).toBe(3);
  });

  test("appends nothing if another record has the number, and passes that one on", async () => {
    const { at, done } = start();
    await done(at(0).log.tryAppend("a"));
    expect(await done(at(1).log.tryAppend("b"))).toBe(false);
    expect(at(1).records).toEqual(["a"]);
    expect(await done(at(1).log.tryAppend("b"))).toBe(true);
    await done(at(0).log.readOn());
    expect(at(0).records).toEqual(["a", "b"]);
  });

  test("appends after a record that came first, built again with that record known", async () => {
    const { at, done } = start();
    await done(at(0).log.append(() => "a"));
    const appended = await done(at(1).log.append(() => `b after ${at(1).log.length}`));
    expect(appended).toBe("b after 1");
    expect(at(1).log.length).toBe(2);
  });

  test("appends one of two concurrent records under a number", async () => {
    const { at, done } = start();
    const appending = [at(0).log.tryAppend("a"), at(1).log.tryAppend("b")];
    const won = await done(Promise.all(appending));
    expect(won.toSorted()).toEqual([false, true]);
    expect(at(0).records).toEqual(at(1).records);
  });

  test("appends once even if the reply is lost", async () => {
    const { cluster, at, done } = start();
    let lostCount = 0;
    cluster.filter = ({ body }) =>
      body["type"] === "cas_ok" && lostCount++ === 0 ? "drop" : "deliver";
    expect(await done(at(0).log.tryAppend("a"))).toBe(true);
    await done(at(1).log.readOn());
    expect(at(1).records).toEqual(["a"]);
  });

  test("changes nothing with a write that arrives late, after a restart of its node", async () => {
    const { cluster, at, done } = start();
    cluster.filter = ({ body }) => (body["type"] === "cas" ? "hold" : "deliver");
    void at(0).log.tryAppend("before the kill");
    await cluster.settle();
    cluster.filter = () => "deliver";
    cluster.start("n0");
    await done(at(3).log.readOn());
    expect(await done(at(3).log.tryAppend("after"))).toBe(true);
    await cluster.release();
    await done(at(1).log.readOn());
    expect(at(1).records).toEqual(["after"]);
  });

  test("reads at most 256 records at once", async () => {
    const { cluster, at, done } = start();
    for (let number = 0; number < 1000; number++) {
      const id = String(number);
      cluster.linKv.write(`log/${number}`, { id, record: id });
    }
    let underWay = 0;
    let most = 0;
    cluster.filter = ({ dest }) => {
      underWay += dest === "lin-kv" ? 1 : -1;
      most = Math.max(most, underWay);
      return "deliver";
    };
    await done(at(0).log.readOn());
    expect(at(0).records).toHaveLength(1000);
    expect(most).toBeLessThanOrEqual(256);
  });

  /** Appends records one after the other: their numbers in the log. */
  async function appendMany({ at, done }: ReturnType<typeof start>, index: number, count: number) {
    for (let left = count; left > 0; left--) {
      const { log } = at(index);
      await done(log.tryAppend(String(log.length)));
    }
  }

  const numbers = (count: number) => Array.from({ length: count }, (_, number) => String(number));
  const pagesIn = ({ messages }: { messages: readonly { readonly body: object }[] }) =>
    messages.flatMap(({ body }) =>
      "type" in body && body.type === "write" && "key" in body ? [body.key] : [],
    );

  test("reads long logs in pages", async () => {
    const started = start();
    const { cluster, at, done } = started;
    await appendMany(started, 0, 3000);
    expect(pagesIn(cluster)).toHaveLength(10);
    const before = cluster.messages.length;
    await done(at(1).log.readOn());
    expect(at(1).records).toEqual(numbers(3000));
    // The first 256 records one by one, pages, the last 184 records and the end.
    expect(cluster.messages.length - before).toBeLessThan(2 * (256 + 16 + 256));
  });

  test("reads record by record if a page is missing", async () => {
    const started = start();
    const { cluster, at, done } = started;
    let lostCount = 0;
    cluster.filter = ({ body }) =>
      body["type"] === "write" && lostCount++ % 2 === 0 ? "drop" : "deliver";
    await appendMany(started, 0, 2000);
    expect(lostCount).toBeGreaterThan(2);
    await done(at(1).log.readOn());
    expect(at(1).records).toEqual(numbers(2000));
  });

  test("reads record by record if a page is malformed", async () => {
    const started = start();
    const { cluster, at, done } = started;
    await appendMany(started, 0, 800);
    expect(pagesIn(cluster)).toEqual(["log/page from 256", "log/page from 512"]);
    cluster.linKv.write("log/page from 256", ["x"]);
    cluster.linKv.write("log/page from 512", "nonsense");
    await done(at(1).log.readOn());
    expect(at(1).records).toEqual(numbers(800));
  });

  test("stores a page that several nodes appended to, but none that it knows in part", async () => {
    const started = start();
    const { cluster, at, done } = started;
    await appendMany(started, 0, 300);
    cluster.start("n0");
    await done(at(3).log.readOn());
    await appendMany(started, 3, 300);
    await done(at(1).log.readOn());
    for (let round = 0; round < 300; round++) {
      await appendMany(started, 1, 1);
      await done(at(3).log.readOn());
      await appendMany(started, 3, 1);
      await done(at(1).log.readOn());
    }
    // A node restarted within 256 to 511.
    expect([...new Set(pagesIn(cluster))]).toEqual(["log/page from 512", "log/page from 768"]);
    await done(at(2).log.readOn());
    expect(at(2).records).toEqual(numbers(1200));
  });

  test("stores no page if the records are long", async () => {
    const { cluster, at, done } = start();
    for (let count = 0; count < 600; count++) await done(at(0).log.tryAppend("x".repeat(2000)));
    expect(pagesIn(cluster)).toEqual([]);
    await done(at(1).log.readOn());
    expect(at(1).records).toHaveLength(600);
  });

  test("shares one read among concurrent calls", async () => {
    const { cluster, at, done } = start();
    await done(Promise.all([at(0).log.readOn(), at(0).log.readOn()]));
    expect(cluster.messages).toHaveLength(2);
  });

  test("accepts a record from elsewhere only if it is the next", async () => {
    const { at } = start();
    const { log, records } = at(0);
    log.accept(1, "b");
    log.accept(0, "a");
    log.accept(0, "a");
    log.accept(1, "b");
    expect(records).toEqual(["a", "b"]);
  });

  test("rejects when a stored value is not a record", async () => {
    const { cluster, at, done } = start();
    cluster.linKv.write("log/0", "nonsense");
    await expect(done(at(0).log.readOn())).rejects.toThrow('stored under "log/0"');
  });

  test("reads all records before a malformed one, and the rest once that is repaired", async () => {
    const { cluster, at, done } = start();
    const numbers = Array.from({ length: 20 }, (_, number) => `${number}`);
    for (const record of numbers) await done(at(0).log.tryAppend(record));
    const value = cluster.linKv.valuesOf("log/12").at(-1) ?? null;
    cluster.linKv.write("log/12", null);
    await expect(done(at(1).log.readOn())).rejects.toThrow('stored under "log/12"');
    expect(at(1).records).toEqual(numbers.slice(0, 12));
    cluster.linKv.write("log/12", value);
    await done(at(1).log.readOn());
    expect(at(1).records).toEqual(numbers);
  });
});
