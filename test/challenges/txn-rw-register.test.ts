import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { txnRwRegister } from "../../challenges/txn-rw-register.ts";
import { type AnyBody, parseJson } from "../../lib/vortex/index.ts";
import { receive, startNode } from "../support/fake-host.ts";
import { binary, bodies, INIT, line, run } from "../support/processes/node-process.ts";

setDefaultTimeout(60_000);

const FLUSH_MS = 50;
/** Time after which a node without answers has probed each peer once, in ms. */
const STARTED_MS = 300;

/** Starts n0 of three nodes, and takes its first probes. */
async function start(options: { durable?: boolean; flushMs?: number | undefined } = {}) {
  const { durable = false, flushMs } = { flushMs: FLUSH_MS, ...options };
  const { node, host } = startNode((it) => txnRwRegister(it, { flushMs, durable }));
  await host.clock.advance(STARTED_MS);
  const [probe] = host.takeBodies();
  let msg_id = 1;
  return {
    host,
    clock: host.clock,
    incarnation: String(probe?.["from"]),
    txn: (txn: unknown) => {
      receive(node, { type: "txn", msg_id: ++msg_id, txn });
      return host.takeBodies()[0];
    },
    receiveFrom: (src: string, body: AnyBody) => receive(node, { type: "replicate", ...body }, src),
    sentTo: (dest: string) => host.sent.filter((message) => message.dest === dest).at(-1)?.body,
  };
}

/** Acknowledgement from incarnation "a" of n1: it has n0's transactions up to a clock. */
const ackOf = (incarnation: string, clock: number) => ({
  from: "a",
  to: incarnation,
  ack: clock,
  wantsAck: false,
});

describe("txn-rw-register", () => {
  test("returns the operations with reads filled in, null where nothing was written", async () => {
    const { txn } = await start();
    const requested = [["r", 1, null], ["w", 1, 6], ["w", 2, 9]]; // biome-ignore format: one line
    expect(txn(requested)).toEqual({ type: "txn_ok", in_reply_to: 2, txn: requested });
    expect(txn([["r", 1, null], ["r", 2, null], ["r", 3, null]])).toMatchObject({
      txn: [["r", 1, 6], ["r", 2, 9], ["r", 3, null]],
    }); // biome-ignore format: rows
  });

  test("lets reads see earlier writes of their own transaction, and no later ones", async () => {
    const { txn } = await start();
    txn([["w", 1, 1]]);
    const requested = [
      ["r", 1, null],
      ["w", 1, 2],
      ["r", 1, null],
      ["w", 1, 3],
      ["r", 1, null],
    ];
    expect(txn(requested)).toMatchObject({
      txn: [
        ["r", 1, 1],
        ["w", 1, 2],
        ["r", 1, 2],
        ["w", 1, 3],
        ["r", 1, 3],
      ],
    });
  });

  test("accepts an empty transaction, and one of 10,000 operations", async () => {
    const { txn } = await start();
    expect(txn([])).toMatchObject({ type: "txn_ok", txn: [] });
    const writes = Array.from({ length: 5000 }, (_, key) => ["w", key, key * 2]);
    const reads = writes.map(([, key, value]) => ["r", key, value]);
    const requested = [...writes, ...reads.map(([, key]) => ["r", key, null])];
    expect(txn(requested)).toMatchObject({ type: "txn_ok", txn: [...writes, ...reads] });
  });

  test("keeps integers that a double cannot hold, as keys and as values", async () => {
    const { txn } = await start();
    const big = (text: string) => parseJson(text);
    txn(big('[["w",9007199254740993,18446744073709551617],["w",-0,5]]'));
    const reads = '[["r",9007199254740993,null],["r",9007199254740992,null],["r",0,null]]';
    expect(JSON.stringify(txn(big(reads))?.["txn"])).toBe(
      '[["r",9007199254740993,18446744073709551617],["r",9007199254740992,null],["r",0,5]]',
    );
  });

  test.each([
    ['[["w",1,1],["x",1,null]]', '"txn.1.0" must be "r" or "w", but is "x"'],
    ['[["w",1,1],["append",1,2]]', '"txn.1.0" must be "r" or "w", but is "append"'],
    ['[["w",1,1],["r",1]]', '"txn.1.2" is missing'],
    ['[["w",1,1],["w",1,2,3]]', '"txn.1.3" is not allowed'],
    ['[["w",1,1],[]]', '"txn.1.0" is missing; "txn.1.1" is missing; "txn.1.2" is missing'],
    ['[["w",1,1],7]', '"txn.1" must be an array, but is 7'],
    ['[["w",1,1],["r","1",null]]', '"txn.1.1" must be an integer, but is "1"'],
    ['[["w",1,1],["r",1.0,null]]', '"txn.1.1" must be an integer, but is 1.0'],
    ['[["w",1,1],["r",null,null]]', '"txn.1.1" must be an integer, but is null'],
    ['[["w",1,1],["w",1,"2"]]', '"txn.1.2" must be an integer, but is "2"'],
    ['[["w",1,1],["w",1,null]]', '"txn.1.2" must be an integer, but is null'],
    ['[["w",1,1],["w",1,2.5]]', '"txn.1.2" must be an integer, but is 2.5'],
    ['{"0":["w",1,1]}', '"txn" must be an array, but is an object'],
  ])("replies malformed-request (12) to %s, and executes none of it", async (requested, reason) => {
    const { txn } = await start();
    expect(txn(parseJson(requested))).toMatchObject({
      type: "error",
      code: 12,
      text: `Malformed "txn": ${reason}`,
    });
    expect(txn([["r", 1, null]])).toMatchObject({ txn: [["r", 1, null]] });
  });
});

describe("txn-rw-register, replicating", () => {
  test("sends nothing before its peers can be running, then probes each of them", async () => {
    const { node, host } = startNode((it) => txnRwRegister(it, { flushMs: 0, durable: false }));
    receive(node, { type: "txn", msg_id: 2, txn: [["w", 1, 1]] });
    await host.clock.advance(200);
    expect(host.takeSent().map(({ dest }) => dest)).toEqual(["c1"]);
    await host.clock.advance(100);
    expect(host.takeSent().map(({ dest }) => dest)).toEqual(["n1", "n2"]);
  });

  test("sends the transactions of a flush interval in one message, each of them whole", async () => {
    const { txn, receiveFrom, clock, incarnation, host, sentTo } = await start();
    receiveFrom("n1", ackOf(incarnation, 1));
    await clock.advance(FLUSH_MS);
    host.takeSent();
    txn([
      ["w", 1, 1],
      ["w", 1, 2],
      ["w", 2, 3],
    ]);
    txn([["r", 1, null]]);
    txn([["w", 1, 4]]);
    expect(host.sent).toEqual([]);
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({
      to: "a",
      transactions: [
        [
          2,
          [
            [1, 2],
            [2, 3],
          ],
        ],
        [3, [[1, 4]]],
      ],
    });
  });

  test("replicates integers that a double cannot hold digit for digit", async () => {
    const { txn, receiveFrom, clock, incarnation, host, sentTo } = await start();
    receiveFrom("n1", ackOf(incarnation, 1));
    txn(parseJson('[["w",9007199254740993,-18446744073709551617]]'));
    await clock.advance(FLUSH_MS);
    expect(JSON.stringify(sentTo("n1")?.["transactions"])).toBe(
      "[[2,[[9007199254740993,-18446744073709551617]]]]",
    );
    host.takeSent();
    const received = parseJson("[[3,[[9007199254740995,36893488147419103233]]]]");
    receiveFrom("n1", { ...ackOf(incarnation, 2), transactions: received, upTo: 3 });
    const reads = parseJson('[["r",9007199254740995,null],["r",9007199254740996,null]]');
    expect(JSON.stringify(txn(reads)?.["txn"])).toBe(
      '[["r",9007199254740995,36893488147419103233],["r",9007199254740996,null]]',
    );
  });

  test("acknowledges with its next news, or in a message of its own without news", async () => {
    const { txn, receiveFrom, clock, incarnation, host, sentTo } = await start();
    const news = {
      from: "a",
      to: incarnation,
      ack: 1,
      wantsAck: true,
      transactions: [[7, [[1, 1]]]],
    };
    receiveFrom("n1", { ...news, upTo: 7 });
    txn([["w", 2, 2]]);
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ ack: 7, wantsAck: true, transactions: [[8, [[2, 2]]]] });
    receiveFrom("n1", ackOf(incarnation, 8));
    receiveFrom("n1", { ...news, ack: 8, upTo: 9 });
    host.takeSent();
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ ack: 9, wantsAck: false });
    expect(sentTo("n1")).not.toHaveProperty("transactions");
  });

  test("sends nothing and has no timer once every peer has acknowledged everything", async () => {
    const { txn, receiveFrom, clock, incarnation, host } = await start();
    txn([["w", 1, 1]]);
    for (const peer of ["n1", "n2"]) receiveFrom(peer, { ...ackOf(incarnation, 2), from: peer });
    await clock.advance(FLUSH_MS);
    host.takeSent();
    await clock.advance(60_000);
    expect(host.sent).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("probes a peer until it answers, without sending it any registers", async () => {
    const { txn, clock, host } = await start();
    txn([["w", 1, 1]]);
    await clock.advance(10_000);
    const toN1 = host.takeSent().filter(({ dest }) => dest === "n1");
    expect(toN1.length).toBeWithin(15, 30);
    for (const { body } of toN1) {
      expect(body).toMatchObject({ wantsAck: true });
      expect(body).not.toHaveProperty("snapshot");
    }
  });

  test("sends news to a silent peer once, then probes it", async () => {
    const { txn, receiveFrom, clock, incarnation, host } = await start();
    for (const peer of ["n1", "n2"]) receiveFrom(peer, { ...ackOf(incarnation, 1), from: peer });
    await clock.advance(FLUSH_MS);
    host.takeSent();
    txn([["w", 1, 1]]);
    await clock.advance(FLUSH_MS);
    const batch = { transactions: [[2, [[1, 1]]]] };
    expect(host.takeBodies().slice(-2)).toMatchObject([batch, batch]);
    await clock.advance(2000);
    const questions = host.takeSent().filter(({ dest }) => dest === "n1");
    expect(questions.length).toBeWithin(3, 6);
    for (const { body } of questions) expect(body).not.toHaveProperty("transactions");
    receiveFrom("n1", { ...ackOf(incarnation, 1), from: "n1" });
    await clock.advance(FLUSH_MS);
    expect(host.takeSent().find(({ dest }) => dest === "n1")?.body).toMatchObject(batch);
  });

  test("sends a snapshot with its first answer to a node that has just started", async () => {
    const { txn, receiveFrom, clock, incarnation, sentTo } = await start();
    txn([["w", 1, 1]]);
    receiveFrom("n1", { from: "a", ack: 0, wantsAck: true });
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ to: "a", snapshot: [[1, 1, 2, incarnation]] });
  });

  test("sends a snapshot to a node that answers for the first time", async () => {
    const { txn, receiveFrom, clock, incarnation, sentTo } = await start();
    txn([
      ["w", 1, 1],
      ["w", 2, 2],
    ]);
    receiveFrom("n1", ackOf(incarnation, 0));
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ from: incarnation, to: "a", wantsAck: true });
    const state = [
      [1, 1, 2, incarnation],
      [2, 2, 2, incarnation],
    ];
    expect(sentTo("n1") ?? {}).toHaveProperty("snapshot", state);
  });

  test("ignores news for an earlier incarnation of it, and replies with its own", async () => {
    const { txn, receiveFrom, clock, incarnation, sentTo } = await start();
    const forThis = { from: "a", to: incarnation, ack: 0, wantsAck: true, upTo: 7 };
    receiveFrom("n1", { ...forThis, to: "earlier", transactions: [[7, [[1, 1]]]] });
    expect(txn([["r", 1, null]])).toMatchObject({ txn: [["r", 1, null]] });
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ from: incarnation, to: "a", ack: 0 });
  });

  test("refuses to replicate from a client", async () => {
    const { receiveFrom, host, txn } = await start();
    receiveFrom("c9", {
      from: "a",
      ack: 0,
      wantsAck: true,
      transactions: [[7, [[1, 1]]]],
      upTo: 7,
    });
    expect(host.logged).toEqual([
      'Message from c9 failed: Nodes send each other "replicate", but "c9" is not a peer',
    ]);
    expect(txn([["r", 1, null]])).toMatchObject({ txn: [["r", 1, null]] });
  });
});

describe("txn-rw-register --durable", () => {
  test("replies once one other node has the transaction", async () => {
    const { txn, receiveFrom, clock, incarnation, host } = await start({ durable: true });
    expect(txn([["w", 1, 1]])).toBeUndefined();
    await clock.advance(FLUSH_MS);
    host.takeSent();
    receiveFrom("n1", ackOf(incarnation, 2));
    await clock.advance(0);
    expect(host.takeBodies()[0]).toMatchObject({ type: "txn_ok", txn: [["w", 1, 1]] });
  });

  test("sends news at once unless --flush-ms says otherwise", async () => {
    const { txn, receiveFrom, clock, incarnation, host } = await start({
      durable: true,
      flushMs: undefined,
    });
    receiveFrom("n1", ackOf(incarnation, 1));
    await clock.advance(FLUSH_MS);
    host.takeSent();
    txn([["w", 1, 1]]);
    await clock.advance(0);
    expect(host.sent).toMatchObject([{ dest: "n1", body: { transactions: [[2, [[1, 1]]]] } }]);
  });

  test("replies with an indefinite error, before its client times out, when no node has it", async () => {
    const { txn, clock, host } = await start({ durable: true });
    txn([["w", 1, 1]]);
    await clock.advance(4500);
    expect(host.takeBodies().filter(({ type }) => type !== "replicate")).toMatchObject([
      { type: "error", code: 0 },
    ]);
  });

  test("replies at once to a transaction that reads only what is replicated", async () => {
    const { txn, clock, host } = await start({ durable: true });
    txn([["r", 1, null]]);
    await clock.advance(0);
    expect(host.takeBodies()).toMatchObject([{ type: "txn_ok" }]);
  });
});

describe("dist/txn-rw-register", () => {
  test("replies to init and to a transaction", async () => {
    const txn = [
      ["r", 1, null],
      ["w", 1, 6],
      ["r", 1, null],
    ];
    const request = line({ type: "txn", txn, msg_id: 2 });
    const { lines, stderr, exitCode } = await run(binary("txn-rw-register"), INIT + request);
    expect(lines).toContain(
      '{"src":"n0","dest":"c1","body":{"type":"txn_ok","txn":[["r",1,null],["w",1,6],["r",1,6]],"in_reply_to":2}}',
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("executes a transaction of 10,000 operations", async () => {
    const writes = Array.from({ length: 10_000 }, (_, key) => ["w", key, key]);
    const requested = line({ type: "txn", txn: writes, msg_id: 2 });
    const { lines } = await run(binary("txn-rw-register"), INIT + requested);
    const answers = bodies(lines).filter(({ type }) => type === "txn_ok");
    expect(answers).toEqual([{ type: "txn_ok", txn: writes, in_reply_to: 2 }]);
  });
});
