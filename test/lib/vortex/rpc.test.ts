import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { TestHost } from "../../../lib/testing/index.ts";
import {
  type AnyBody,
  type KVNode,
  parseJson,
  RpcError,
  type RpcResult,
  type SyncRpcOptions,
} from "../../../lib/vortex/index.ts";
import { receive, settled, startNode } from "../../support/fake-host.ts";

const AskOk = v.object({ type: v.literal("ask_ok"), value: v.number() });
const ASK = { type: "ask", key: "a" };

/** The msg_id of the last request sent. */
function lastId(host: TestHost): unknown {
  return host.sent.at(-1)?.body["msg_id"];
}

/** Sends a request to n1; resolves with the reply or the error. */
function ask(node: KVNode, options?: SyncRpcOptions): Promise<unknown> {
  return node.syncRpc("n1", ASK, AskOk, options).catch((error: unknown) => error);
}

/** The result of a promise, or `"pending"`. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, settled().then(() => "pending")]);
}

/** The outcome of `syncRpc` for a given reply. */
async function answered(reply: AnyBody): Promise<unknown> {
  const { node, host } = startNode();
  const promise = ask(node);
  receive(node, { ...reply, in_reply_to: lastId(host) }, "n1");
  return outcome(promise);
}

/** Asserts that no timer or RPC is pending. */
async function expectNothingLeft(node: KVNode, host: TestHost): Promise<void> {
  expect(host.clock.pendingTimers).toBe(0);
  expect(await outcome(node.drain(1e6))).toBeUndefined();
}

describe("syncRpc", () => {
  test("sends the body with a msg_id, and resolves with the output of the schema", async () => {
    const { node, host } = startNode();
    const promise = ask(node);
    expect(host.sent).toEqual([{ src: "n0", dest: "n1", body: { ...ASK, msg_id: 1 } }]);
    receive(node, { type: "ask_ok", value: 5, extra: true, in_reply_to: 1 }, "n1");
    expect(await outcome(promise)).toEqual({ type: "ask_ok", value: 5 });
    await expectNothingLeft(node, host);
  });

  test("replaces a msg_id in the body by a new one for each request", () => {
    const { node, host } = startNode();
    for (let count = 0; count < 3; count++) node.rpc("n1", { ...ASK, msg_id: 9 }, AskOk, () => {});
    expect(host.takeBodies().map(({ msg_id }) => msg_id)).toEqual([1, 2, 3]);
  });

  test("resolves with its own reply, whatever the order of replies", async () => {
    const { node } = startNode();
    const promises = [1, 2, 3].map(() => node.syncRpc("n1", ASK, AskOk));
    for (const id of [2, 3, 1]) {
      receive(node, { type: "ask_ok", value: id * 10, in_reply_to: id }, "n1");
    }
    const values = (await Promise.all(promises)).map(({ value }) => value);
    expect(values).toEqual([10, 20, 30]);
  });

  test("rejects with the peer's error", async () => {
    const error = await answered({ type: "error", code: 22, text: "5 is not 4" });
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      kind: "precondition-failed",
      definite: true,
      message: "5 is not 4",
    });
  });

  test("rejects with an indefinite crash when the schema throws", async () => {
    const { node } = startNode();
    const Parsed = v.object({ text: v.pipe(v.string(), v.transform(JSON.parse)) });
    const promise = node.syncRpc("n1", ASK, Parsed).catch((error: unknown) => error);
    receive(node, { type: "ask_ok", text: "{", in_reply_to: 1 }, "n1");
    expect(await outcome(promise)).toMatchObject({ kind: "crash", definite: false });
  });

  test("rejects with the error's name if it has no text", async () => {
    expect(await answered({ type: "error", code: 20 })).toMatchObject({
      kind: "key-does-not-exist",
      message: "key-does-not-exist",
    });
  });

  test("rejects with an indefinite error when the code is a custom one", async () => {
    const error = await answered({ type: "error", code: 1001, text: "Out of seats" });
    expect(error).toMatchObject({ kind: "unknown", code: 1001, definite: false });
  });

  test.each([
    ["a reply of another type", { type: "read_ok" }, '"type" must be "ask_ok", but is "read_ok"'],
    ["a reply with a wrong field", { type: "ask_ok", value: "5" }, '"value" must be a number'],
    ["a reply without type", {}, '"type" is missing'],
    ["an error without code", { type: "error", text: "?" }, '"code" is missing'],
    ["an error whose code is a text", { type: "error", code: "22" }, '"code" must be a number'],
  ])("rejects with an indefinite crash when the peer replies %s", async (_, body, reason) => {
    const error = await answered(body);
    expect(error).toMatchObject({ kind: "crash", definite: false });
    expect(String(error)).toContain(reason);
    expect(String(error)).toContain("n1");
  });

  test("rejects with an indefinite timeout when no reply arrives within timeoutMs", async () => {
    const { node, host } = startNode();
    const promise = ask(node, { timeoutMs: 70 });
    await host.clock.advance(69);
    expect(await outcome(promise)).toBe("pending");
    await host.clock.advance(1);
    expect(await outcome(promise)).toMatchObject({
      kind: "timeout",
      code: 0,
      definite: false,
      message: 'No reply to "ask" from n1 within 70 ms',
    });
    await expectNothingLeft(node, host);
  });

  test("times out after one second by default", async () => {
    const { node, host } = startNode();
    const promise = ask(node);
    await host.clock.advance(999);
    expect(await outcome(promise)).toBe("pending");
    await host.clock.advance(1);
    expect(await outcome(promise)).toMatchObject({ kind: "timeout" });
  });

  test("ignores a reply after the timeout", async () => {
    const { node, host } = startNode();
    const promise = ask(node);
    await host.clock.advance(1000);
    receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
    expect(await outcome(promise)).toMatchObject({ kind: "timeout" });
    expect(host.logged).toEqual([]);
  });

  test("ignores a second reply to the same msg_id", async () => {
    const { node, host } = startNode();
    const promise = ask(node);
    receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
    receive(node, { type: "ask_ok", value: 6, in_reply_to: 1 }, "n1");
    expect(await outcome(promise)).toMatchObject({ value: 5 });
    expect(host.logged).toEqual([]);
  });

  test.each(["0", "2", "1.0", '"1"', "null", "[1]"])(
    "ignores a reply with in_reply_to %s to the request with msg_id 1",
    async (text) => {
      const { node } = startNode();
      const promise = ask(node);
      receive(node, { type: "ask_ok", value: 5, in_reply_to: parseJson(text) }, "n1");
      expect(await outcome(promise)).toBe("pending");
    },
  );

  test.each([
    ["another node", "n2"],
    ["a client", "c1"],
    ["a service", "seq-kv"],
    ["itself", "n0"],
    ["an unknown name", "__proto__"],
    ["nobody", ""],
  ])(
    "ignores a reply from %s, and accepts the one from the receiver of the request",
    async (_, src) => {
      const { node, host } = startNode();
      const promise = ask(node);
      receive(node, { type: "ask_ok", value: 6, in_reply_to: 1 }, src);
      receive(node, { type: "error", code: 20, in_reply_to: 1 }, src);
      expect(await outcome(promise)).toBe("pending");
      receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
      expect(await outcome(promise)).toMatchObject({ value: 5 });
      await expectNothingLeft(node, host);
    },
  );

  test("times out when only another node replies, and logs that once", async () => {
    const { node, host } = startNode();
    for (let calls = 1; calls <= 3; calls++) {
      const promise = ask(node);
      for (let replies = 0; replies < 5; replies++) {
        receive(node, { type: "ask_ok", value: 6, in_reply_to: calls }, "proxy");
      }
      await host.clock.advance(1000);
      expect(await outcome(promise)).toMatchObject({ kind: "timeout" });
    }
    expect(host.logged).toEqual([
      'Ignoring a reply from "proxy" to "ask", which was sent to "n1" (logged once)',
    ]);
  });

  test("rejects at once when the body cannot be encoded, and leaves nothing pending", async () => {
    const { node, host } = startNode();
    const promise = node.syncRpc("n1", { type: "ask", big: 1n }, AskOk);
    expect(await promise.catch((error) => error)).toBeInstanceOf(TypeError);
    await expectNothingLeft(node, host);
    node.rpc("n1", ASK, AskOk, () => {});
    expect(lastId(host)).toBe(1);
  });

  test("rejects in a handler, which replies with the error of the RPC", async () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", v.object({}), async () => {
        await starting.syncRpc("seq-kv", ASK, AskOk);
      });
    });
    receive(node, { type: "read", msg_id: 8 });
    host.takeSent();
    receive(node, { type: "error", code: 20, text: "no such key", in_reply_to: 1 }, "seq-kv");
    await settled();
    expect(host.takeBodies()).toEqual([
      { type: "error", code: 20, text: "no such key", in_reply_to: 8 },
    ]);
  });
});

describe("syncRpc with a signal", () => {
  test("that has aborted rejects with its reason, and sends nothing", async () => {
    const { node, host } = startNode();
    const reason = new Error("changed my mind");
    const promise = ask(node, { signal: AbortSignal.abort(reason) });
    expect(await outcome(promise)).toBe(reason);
    expect(host.sent).toEqual([]);
    await expectNothingLeft(node, host);
  });

  test("that aborts before the reply rejects with its reason, and ignores the reply", async () => {
    const { node, host } = startNode();
    const controller = new AbortController();
    const promise = ask(node, { signal: controller.signal });
    controller.abort("enough");
    expect(await outcome(promise)).toBe("enough");
    await expectNothingLeft(node, host);
    receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
    expect(host.logged).toEqual([]);
  });

  test("that aborts after the reply has no effect", async () => {
    const { node, host } = startNode();
    const controller = new AbortController();
    const promise = ask(node, { signal: controller.signal });
    receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
    controller.abort();
    expect(await outcome(promise)).toMatchObject({ value: 5 });
    await expectNothingLeft(node, host);
  });

  test("removes its listener, however it ends", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const { node, host } = startNode();
    const promises = [1, 2].map(() => ask(node, { signal }));
    expect(listeners).toBe(2);
    receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
    await host.clock.advance(1000);
    await Promise.all(promises);
    expect(listeners).toBe(0);
  });

  test("may still time out", async () => {
    const { node, host } = startNode();
    const { signal } = new AbortController();
    const promise = ask(node, { signal, timeoutMs: 5 });
    await host.clock.advance(5);
    expect(await outcome(promise)).toMatchObject({ kind: "timeout" });
  });
});

describe("rpc", () => {
  /** The results passed to the callback of one RPC. */
  function resultsOf(act: (node: KVNode, host: TestHost) => void | Promise<void>) {
    const { node, host } = startNode();
    const results: RpcResult<v.InferOutput<typeof AskOk>>[] = [];
    node.rpc("n1", ASK, AskOk, (result) => void results.push(result));
    return Promise.resolve(act(node, host)).then(() => results);
  }

  test("calls back with the body of the first reply, once", async () => {
    const results = await resultsOf(async (node, host) => {
      receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
      receive(node, { type: "ask_ok", value: 6, in_reply_to: 1 }, "n1");
      await host.clock.advance(5000);
      await expectNothingLeft(node, host);
    });
    expect(results).toEqual([{ ok: true, body: { type: "ask_ok", value: 5 } }]);
  });

  test("calls back with the peer's error", async () => {
    const results = await resultsOf((node) => {
      receive(node, { type: "error", code: 11, text: "busy", in_reply_to: 1 }, "n1");
    });
    expect(results).toMatchObject([{ ok: false, error: { code: 11, message: "busy" } }]);
  });

  test("calls back once with a timeout, even if a reply arrives later", async () => {
    const results = await resultsOf(async (node, host) => {
      await host.clock.advance(1000);
      receive(node, { type: "ask_ok", value: 5, in_reply_to: 1 }, "n1");
      await expectNothingLeft(node, host);
    });
    expect(results).toMatchObject([{ ok: false, error: { kind: "timeout" } }]);
  });

  test("calls back with an indefinite crash when the reply does not fit the schema", async () => {
    const results = await resultsOf((node) => {
      receive(node, { type: "ask_ok", in_reply_to: 1 }, "n1");
    });
    expect(results).toMatchObject([{ ok: false, error: { kind: "crash", definite: false } }]);
  });

  test("logs the error of its callback, synchronous or not", async () => {
    const { node, host } = startNode();
    node.rpc("n1", ASK, AskOk, () => {
      throw new Error("at once");
    });
    node.rpc("n1", ASK, AskOk, async () => {
      throw new Error("later");
    });
    await host.clock.advance(1000);
    expect(host.logged[0]).toStartWith('Error in callback of "ask": Error: at once\n');
    expect(host.logged[1]).toStartWith('Error in callback of "ask": Error: later\n');
    await expectNothingLeft(node, host);
  });

  test("may be called from a callback", async () => {
    const { node, host } = startNode();
    const attempts: number[] = [];
    const attempt = () => {
      node.rpc("n1", ASK, AskOk, (result) => {
        attempts.push(node.nowMs());
        if (!result.ok && attempts.length < 3) attempt();
      });
    };
    attempt();
    await host.clock.advance(10_000);
    expect(attempts).toEqual([1000, 2000, 3000]);
    await expectNothingLeft(node, host);
  });
});

describe("rpcAll", () => {
  test("sends the same request to each peer, and resolves with their results in that order", async () => {
    const { node, host } = startNode();
    const promise = node.rpcAll(["n2", "n1"], ASK, AskOk);
    expect(host.sent.map(({ dest, body }) => [dest, body["key"]])).toEqual([
      ["n2", "a"],
      ["n1", "a"],
    ]);
    receive(node, { type: "ask_ok", value: 1, in_reply_to: 2 }, "n1");
    expect(await outcome(promise)).toBe("pending");
    receive(node, { type: "error", code: 11, text: "busy", in_reply_to: 1 }, "n2");
    expect([...(await promise)]).toMatchObject([
      ["n2", { ok: false, error: { code: 11, message: "busy" } }],
      ["n1", { ok: true, body: { type: "ask_ok", value: 1 } }],
    ]);
    await expectNothingLeft(node, host);
  });

  test("holds a timeout for a peer that does not reply in time", async () => {
    const { node, host } = startNode();
    const promise = node.rpcAll(["n1", "n2"], ASK, AskOk, { timeoutMs: 50 });
    receive(node, { type: "ask_ok", value: 1, in_reply_to: 1 }, "n1");
    await host.clock.advance(50);
    const results = await promise;
    expect(results.get("n1")).toMatchObject({ ok: true, body: { value: 1 } });
    expect(results.get("n2")).toMatchObject({ ok: false, error: { kind: "timeout" } });
  });

  test("resolves at once when there are no peers", async () => {
    expect(await startNode().node.rpcAll([], ASK, AskOk)).toEqual(new Map());
  });

  test("rejects with the reason of a signal that aborts, and leaves nothing pending", async () => {
    const { node, host } = startNode();
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const promise = node.rpcAll(["n1", "n2"], ASK, AskOk, options).catch((reason) => reason);
    controller.abort("enough");
    expect(await outcome(promise)).toBe("enough");
    await expectNothingLeft(node, host);
  });

  test("rejects when the body cannot be encoded", async () => {
    const { node } = startNode();
    const promise = node.rpcAll(["n1"], { type: "ask", big: 1n }, AskOk);
    expect(await promise.catch((error) => error)).toBeInstanceOf(TypeError);
  });
});
