import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { LinearizableKv } from "../../../lib/services/linearizable.ts";
import { SequentialKv } from "../../../lib/services/sequential.ts";
import type { TestHost } from "../../../lib/testing/index.ts";
import { TestKv } from "../../../lib/testing/index.ts";
import {
  type AnyBody,
  isRpcError,
  type KVNode,
  type UpdateOptions,
} from "../../../lib/vortex/index.ts";
import { receive, settled, startNode } from "../../support/fake-host.ts";

const ABSENT = { type: "error", code: 20, text: "key does not exist" };
const MISMATCH = { type: "error", code: 22, text: "current value 2 is not 1" };

/** Replies to all requests of some nodes, until they send no more or wait for timers. */
async function serveAll(
  nodes: readonly { readonly node: KVNode; readonly host: TestHost }[],
  answer: (body: AnyBody) => AnyBody | undefined,
): Promise<void> {
  for (let isBusy = true; isBusy; ) {
    await settled();
    isBusy = false;
    for (const { node, host } of nodes) {
      for (const { src, dest, body } of host.takeSent()) {
        isBusy = true;
        const reply = answer(body);
        if (reply !== undefined)
          receive(node, { ...reply, in_reply_to: body["msg_id"] }, dest, src);
      }
    }
  }
}

/**
 * Lets a client act on a service that gives the listed answers, one after another. Time passes as
 * needed. Returns what was asked, and what the action came to.
 */
async function scripted<T>(replies: readonly AnyBody[], action: (node: KVNode) => Promise<T>) {
  const started = startNode();
  const { node, host } = started;
  const asked: AnyBody[] = [];
  const askedAtMs: number[] = [];
  const remaining = [...replies];
  let isOver = false;
  const outcome = action(node)
    .catch((error: unknown) => error)
    .finally(() => {
      isOver = true;
    });
  while (!isOver) {
    await serveAll([started], ({ msg_id: _, ...body }) => {
      asked.push(body);
      askedAtMs.push(node.nowMs());
      return remaining.shift();
    });
    await host.clock.advance(0.5);
  }
  return { asked, askedAtMs, outcome: await outcome, host };
}

describe("KvClient.read", () => {
  test.each(["seqKv", "linKv", "lwwKv"] as const)(
    "of %s asks the service of that name",
    async (name) => {
      const { node, host } = startNode();
      const reading = node[name].read("a");
      const [request] = host.takeSent();
      expect(request).toMatchObject({
        dest: name.replace("Kv", "-kv"),
        body: { type: "read", key: "a", msg_id: 1 },
      });
      receive(node, { type: "read_ok", value: [1], in_reply_to: 1 }, request?.dest);
      expect(await reading).toEqual([1]);
    },
  );

  test.each([[0], [null], [false], [""], [[]], [{ a: 1 }]])(
    "resolves with the value %j unchanged",
    async (value) => {
      const { outcome } = await scripted([{ type: "read_ok", value }], (node) =>
        node.seqKv.read(1),
      );
      expect(outcome).toEqual(value);
    },
  );

  test('accepts any JSON as a key: 1 and "1" are two keys', async () => {
    const { asked } = await scripted([ABSENT, ABSENT], async (node) => {
      await node.linKv.readOr(1, 0);
      await node.linKv.readOr("1", 0);
    });
    expect(asked.map(({ key }) => key)).toEqual([1, "1"]);
  });

  test("rejects with key-does-not-exist when the service replies that", async () => {
    const { outcome } = await scripted([ABSENT], (node) => node.seqKv.read("a"));
    expect(outcome).toMatchObject({ kind: "key-does-not-exist", definite: true });
  });

  test("rejects with a timeout when the service does not reply in time", async () => {
    const { outcome } = await scripted([], (node) => node.seqKv.read("a", { timeoutMs: 20 }));
    expect(outcome).toMatchObject({ kind: "timeout", definite: false });
  });

  test("rejects with an indefinite crash when the reply has no value", async () => {
    const { outcome } = await scripted([{ type: "read_ok" }], (node) => node.seqKv.read("a"));
    expect(outcome).toMatchObject({ kind: "crash", message: expect.stringContaining('"value"') });
  });

  test("stops waiting when its signal aborts", async () => {
    const controller = new AbortController();
    const { outcome } = await scripted([], (node) => {
      node.after(5, () => controller.abort("enough"));
      return node.seqKv.read("a", { signal: controller.signal });
    });
    expect(outcome).toBe("enough");
  });
});

describe("KvClient.of", () => {
  const Point = v.object({ x: v.number() });
  const read = (reply: AnyBody) =>
    scripted([reply], (node) => node.seqKv.of(Point).readOr("a", undefined)).then(
      ({ outcome }) => outcome,
    );

  test("resolves with the output of the schema", async () => {
    expect(await read({ type: "read_ok", value: { x: 1, y: 2 } })).toEqual({ x: 1 });
  });

  test("resolves with undefined for a missing key", async () => {
    expect(await read(ABSENT)).toBeUndefined();
  });

  test("rejects with any other error of the service", async () => {
    expect(await read({ type: "error", code: 11 })).toMatchObject({ code: 11 });
  });

  test.each([[null], [5], [[]], [{}], [{ x: "1" }]])(
    "rejects with an error that is not an RpcError and names key and reason, for the value %j",
    async (value) => {
      const error = await read({ type: "read_ok", value });
      expect(isRpcError(error)).toBe(false);
      expect(String(error)).toStartWith('Error: Cannot use the value stored under "a" in seq-kv: ');
    },
  );

  /** A map, stored as a list of entries. */
  const Entries = v.pipe(
    v.array(v.tuple([v.string(), v.number()])),
    v.transform((entries): ReadonlyMap<string, number> => new Map(entries)),
  );

  test("reads the output of a schema that transforms, and writes its input", async () => {
    const { outcome, asked } = await scripted(
      [{ type: "read_ok", value: [["x", 1]] }, { type: "write_ok" }],
      async (node) => {
        const store = node.linKv.of(Entries);
        const entries = await store.read("a");
        await store.write("a", [...entries, ["y", 2]]);
        return entries;
      },
    );
    expect(outcome).toEqual(new Map([["x", 1]]));
    expect(asked[1]).toEqual({
      type: "write",
      key: "a",
      value: [
        ["x", 1],
        ["y", 2],
      ],
    });
  });

  test("compares an update with the stored value, not with the output of the schema", async () => {
    const { asked } = await scripted(
      [{ type: "read_ok", value: [["x", 1]] }, { type: "cas_ok" }],
      (node) => node.linKv.of(Entries).update("a", (entries) => [...new Map(entries).set("x", 2)]),
    );
    expect(asked[1]).toEqual({ type: "cas", key: "a", from: [["x", 1]], to: [["x", 2]] });
  });

  test("rejects an update of a value that does not fit the schema, and stores nothing", async () => {
    const { outcome, asked } = await scripted([{ type: "read_ok", value: 5 }], (node) =>
      node.linKv.of(Entries).update("a", () => []),
    );
    expect(String(outcome)).toContain('under "a" in lin-kv');
    expect(asked).toHaveLength(1);
  });
});

describe("KvClient.readOr", () => {
  const read = (reply: AnyBody) =>
    scripted([reply], (node) => node.seqKv.readOr("a", 7)).then(({ outcome }) => outcome);

  test("resolves with the value, even if it is null", async () => {
    expect(await read({ type: "read_ok", value: 3 })).toBe(3);
    expect(await read({ type: "read_ok", value: null })).toBeNull();
  });

  test("resolves with the fallback for a missing key", async () => {
    expect(await read(ABSENT)).toBe(7);
  });

  test("rejects with any other error", async () => {
    expect(await read({ type: "error", code: 11 })).toMatchObject({ code: 11 });
  });
});

describe("KvClient.write", () => {
  test("stores a value", async () => {
    const { asked, outcome } = await scripted([{ type: "write_ok" }], (node) =>
      node.linKv.write("a", null),
    );
    expect(asked).toEqual([{ type: "write", key: "a", value: null }]);
    expect(outcome).toBeUndefined();
  });
});

describe("KvClient.cas", () => {
  test("requires an existing key by default", async () => {
    const { asked, outcome } = await scripted([{ type: "cas_ok" }], (node) =>
      node.linKv.cas("a", 1, 2),
    );
    expect(asked).toEqual([{ type: "cas", key: "a", from: 1, to: 2 }]);
    expect(outcome).toBeUndefined();
  });

  test("creates the key with createIfNotExists", async () => {
    const { asked } = await scripted([{ type: "cas_ok" }], (node) =>
      node.linKv.cas("a", null, 2, { createIfNotExists: true }),
    );
    expect(asked).toEqual([
      { type: "cas", key: "a", from: null, to: 2, create_if_not_exists: true },
    ]);
  });

  test.each([
    ["precondition-failed", MISMATCH],
    ["key-does-not-exist", ABSENT],
  ])("rejects with %s when the service says so", async (kind, reply) => {
    const { outcome } = await scripted([reply], (node) => node.linKv.cas("a", 1, 2));
    expect(outcome).toMatchObject({ kind, message: reply.text });
  });
});

describe("KvClient.update", () => {
  const increment = (current: unknown) => (current as number) + 1;

  test("compare-and-sets the changed value, and resolves with it", async () => {
    const { asked, outcome } = await scripted(
      [{ type: "read_ok", value: 4 }, { type: "cas_ok" }],
      (node) => node.seqKv.update("a", increment),
    );
    expect(asked).toEqual([
      { type: "read", key: "a" },
      { type: "cas", key: "a", from: 4, to: 5 },
    ]);
    expect(outcome).toBe(5);
  });

  test("retries with a new read when another client changed the value in between", async () => {
    const { asked, outcome } = await scripted(
      [{ type: "read_ok", value: 1 }, MISMATCH, { type: "read_ok", value: 2 }, { type: "cas_ok" }],
      (node) => node.seqKv.update("a", increment),
    );
    expect(asked.at(-1)).toEqual({ type: "cas", key: "a", from: 2, to: 3 });
    expect(outcome).toBe(3);
  });

  test("retries when seq-kv denies a key that it has just returned", async () => {
    const { outcome } = await scripted(
      [{ type: "read_ok", value: 1 }, ABSENT, { type: "read_ok", value: 1 }, { type: "cas_ok" }],
      (node) => node.seqKv.update("a", increment),
    );
    expect(outcome).toBe(2);
  });

  test("passes undefined to the change of a missing key, and creates it", async () => {
    const seen: unknown[] = [];
    const { asked } = await scripted([ABSENT, { type: "cas_ok" }], (node) =>
      node.seqKv.update("a", (current) => {
        seen.push(current);
        return 1;
      }),
    );
    expect(seen).toEqual([undefined]);
    expect(asked[1]).toMatchObject({ type: "cas", key: "a", to: 1, create_if_not_exists: true });
  });

  test("passes null to the change of a key whose value is null, and requires it to exist", async () => {
    const { asked } = await scripted(
      [{ type: "read_ok", value: null }, { type: "cas_ok" }],
      (node) => node.seqKv.update("a", (current) => [current]),
    );
    expect(asked[1]).toEqual({ type: "cas", key: "a", from: null, to: [null] });
  });

  test("does not overwrite a null that another client stored while the key seemed missing", async () => {
    const store = new TestKv(new LinearizableKv());
    let requests = 0;
    const started = startNode();
    const updating = started.node.seqKv.update("a", (current) => `was ${current}`);
    await serveAll([started], (body) => {
      if (++requests === 2) store.write("a", null);
      return store.handle("n0", body);
    });
    await started.host.clock.advance(10);
    await serveAll([started], (body) => store.handle("n0", body));
    expect(store.valuesOf("a")).toEqual([null, "was null"]);
    expect(await updating).toBe("was null");
  });

  /** The waits of an update before its second and later attempts, when all of them fail. */
  async function waitsMs(options: UpdateOptions): Promise<number[]> {
    const round = [{ type: "read_ok", value: 1 }, MISMATCH];
    const { askedAtMs } = await scripted(Array(12).fill(round).flat(), (node) =>
      node.seqKv.update("a", increment, { attempts: 12, ...options }),
    );
    const reads = askedAtMs.filter((_, index) => index % 2 === 0);
    return reads.slice(1).map((atMs, index) => atMs - (reads[index] ?? 0));
  }

  test("waits between attempts, up to a limit that doubles up to a maximum", async () => {
    const waits = await waitsMs({ backoffMs: 10, maxBackoffMs: 300 });
    expect(waits).toHaveLength(11);
    for (const [index, wait] of waits.entries()) {
      // The test advances time in steps of half a millisecond.
      expect(wait).toBeLessThanOrEqual(Math.min(300, 10 * 2 ** index) + 0.5);
    }
    expect(Math.max(...waits)).toBeGreaterThan(100);
  });

  test("waits for a random time, so that competing clients spread out", async () => {
    const waits = await waitsMs({ backoffMs: 100, maxBackoffMs: 100 });
    expect(new Set(waits).size).toBeGreaterThan(5);
  });

  test("gives up with a definite error after the last attempt", async () => {
    const round = [{ type: "read_ok", value: 1 }, MISMATCH];
    const { asked, outcome } = await scripted(Array(10).fill(round).flat(), (node) =>
      node.seqKv.update("a", increment, { attempts: 3 }),
    );
    expect(asked).toHaveLength(6);
    expect(outcome).toMatchObject({
      kind: "precondition-failed",
      definite: true,
      message: "Gave up after 3 attempts to update seq-kv",
    });
    expect(isRpcError((outcome as Error).cause, "precondition-failed")).toBe(true);
  });

  test("does not retry a compare-and-set that timed out, because it may have happened", async () => {
    const { asked, outcome } = await scripted([{ type: "read_ok", value: 1 }], (node) =>
      node.seqKv.update("a", increment, { timeoutMs: 20 }),
    );
    expect(asked).toHaveLength(2);
    expect(outcome).toMatchObject({ kind: "timeout" });
  });

  test("rejects with the error of the change, and stores nothing", async () => {
    const { asked, outcome } = await scripted([{ type: "read_ok", value: "x" }], (node) =>
      node.seqKv.update("a", () => {
        throw new Error("not a number");
      }),
    );
    expect(asked).toHaveLength(1);
    expect(outcome).toMatchObject({ message: "not a number" });
  });

  test("leaves no timer behind", async () => {
    const { host } = await scripted(
      [{ type: "read_ok", value: 1 }, MISMATCH, { type: "read_ok", value: 2 }, { type: "cas_ok" }],
      (node) => node.seqKv.update("a", increment),
    );
    await host.clock.advance(10_000);
    expect(host.clock.pendingTimers).toBe(0);
  });

  test("counts each of many concurrent increments once, however stale the reads", async () => {
    const schedule = fc.infiniteStream(fc.nat({ max: 3 }));
    await fc.assert(
      fc.asyncProperty(schedule, fc.nat(), async (staleness, seed) => {
        const pickState = (_seen: number, newest: number) => newest - staleness.next().value;
        const store = new TestKv(new SequentialKv(pickState));
        const nodes = [1, 2, 3, 4].map((index) => startNode(undefined, seed + index));
        const updates = nodes.flatMap(({ node }) =>
          [1, 2].map(() =>
            node.seqKv.update("n", (current) => ((current as number | undefined) ?? 0) + 1, {
              attempts: 1000,
            }),
          ),
        );
        let done = 0;
        for (const update of updates) void update.then(() => done++);
        while (done < updates.length) {
          await serveAll(nodes, (body) => store.handle("n0", body));
          for (const { host } of nodes) await host.clock.advance(50);
        }
        expect(store.valuesOf("n")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      }),
      { numRuns: 20 },
    );
  });
});

describe("TsoClient.next", () => {
  test("resolves with the timestamp of lin-tso", async () => {
    const { asked, outcome } = await scripted([{ type: "ts_ok", ts: 0 }], (node) =>
      node.linTso.next(),
    );
    expect(asked).toEqual([{ type: "ts" }]);
    expect(outcome).toBe(0);
  });

  test("rejects with an indefinite crash when the timestamp is not an integer", async () => {
    const { outcome } = await scripted([{ type: "ts_ok", ts: "0" }], (node) => node.linTso.next());
    expect(outcome).toMatchObject({ kind: "crash" });
  });
});
