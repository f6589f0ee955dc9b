import { describe, expect, test } from "bun:test";
import { messageLine } from "../../../../../lib/workbench/report/page/run/describe.ts";
import { gossipRun, RunBuilder } from "../../../../support/report/report-run.ts";
import { staleRead } from "../../../../support/report/stale-read.ts";

describe("RunRecorder", () => {
  test("places the nodes' start before time zero, whatever its clock", () => {
    const run = gossipRun().run();
    const times = [...run.sent].map((ticks) => ticks * run.tickMs);
    expect(times.slice(0, 8)).toEqual([-43, -42, -41, -40, -3, -2, -1, 0]);
    expect(times[8]).toBe(100);
  });

  test("attributes a request and its reply to their operation", () => {
    const run = gossipRun().run();
    expect(run.messagesOf(0).map((row) => run.messageTypeOf(row))).toEqual([
      "broadcast",
      "broadcast_ok",
    ]);
    expect(run.lane(run.columns.messageSource[8] ?? 0)).toBe("client 0");
  });

  test("attributes requests of two clients of one node in the order of their invocations", () => {
    const builder = new RunBuilder("echo", ["n0"], 2).start();
    for (const process of [0, 1]) {
      builder.operation(
        { process, node: "n0", type: "invoke", f: "echo", value: process },
        10 + process,
      );
      const body = { type: "echo", echo: process, msg_id: 1 };
      builder.message(`c${5 - process}`, "n0", 10.5 + process, 0, body);
    }
    const run = builder.run();
    expect(run.messagesOf(0).map((row) => run.bodyOf(row))).toEqual([
      '{"type":"echo","echo":0,"msg_id":1}',
    ]);
    expect(run.messagesOf(1).map((row) => run.bodyOf(row))).toEqual([
      '{"type":"echo","echo":1,"msg_id":1}',
    ]);
  });

  test("attributes requests of an operation that asks other nodes than its own", () => {
    const builder = new RunBuilder("transfers", ["n0", "n1"], 2).start();
    const transfer = { type: "invoke", f: "transfer" } as const;
    builder.operation({ ...transfer, process: 0, node: "n0" }, 10);
    builder.message("c8", "n1", 10, 0, { type: "prepare", msg_id: 1 });
    builder.operation({ ...transfer, process: 1, node: "n1" }, 11);
    builder.message("c9", "n1", 11, 0, { type: "prepare", msg_id: 1 });
    builder.message("c8", "n0", 12, 0, { type: "commit", msg_id: 2 });
    const run = builder.run();
    const types = [0, 1].map((row) => run.messagesOf(row).map((each) => run.messageTypeOf(each)));
    expect(types).toEqual([["prepare", "commit"], ["prepare"]]);
  });

  test("attributes the first request of a client to no operation of another client that waits", () => {
    const builder = new RunBuilder("locks", ["n0", "n1"], 2).start();
    const own = { process: 0, node: "n1" } as const;
    builder.operation({ ...own, type: "invoke", f: "acquire" }, 10);
    builder.message("c8", "n1", 10, 0, { type: "acquire", msg_id: 1 });
    builder.message("n1", "c8", 11, 0, { type: "acquire_ok", in_reply_to: 1 });
    builder.operation({ ...own, type: "ok", f: "acquire" }, 12);
    builder.operation({ ...own, type: "invoke", f: "hold" }, 13);
    builder.operation({ process: 1, node: "n0", type: "invoke", f: "acquire" }, 14);
    builder.message("c9", "n1", 14, 0, { type: "acquire", msg_id: 1 });
    const run = builder.run();
    expect([0, 1, 2].map((row) => run.messagesOf(row).length)).toEqual([2, 0, 1]);
  });

  test("tells more than 256 functions apart", () => {
    const builder = new RunBuilder("x", ["n0"]).start();
    const names = Array.from({ length: 300 }, (_, index) => `f${index}`);
    for (const [ms, f] of names.entries()) {
      builder.operation({ process: 0, node: "n0", type: "invoke", f }, ms);
    }
    const run = builder.run();
    expect(names.map((_, row) => run.functionOf(row))).toEqual(names);
  });

  test("keeps values as written", () => {
    const builder = new RunBuilder("echo", ["n0"]).start();
    const value = JSON.parse('["9007199254740993"]');
    builder.operation({ process: 0, node: "n0", type: "invoke", f: "echo", value }, 1);
    builder.operation({ process: 0, type: "ok", f: "echo", value: "\ud800 __proto__" }, 2);
    expect(builder.run().valuesOf(0)).toEqual({
      invocation: '["9007199254740993"]',
      completion: '"\\ud800 __proto__"',
    });
  });

  test("keeps an operation that never completed as open, also without a node", () => {
    const builder = new RunBuilder("echo", ["n0"]).start();
    builder.operation({ process: 0, type: "invoke", f: "echo" }, 1);
    const run = builder.run();
    expect([run.outcomeOf(0), run.endOf(0), run.nodeOf(0)]).toEqual(["open", undefined, ""]);
  });

  test("records faults as time spans; an unhealed fault lasts until the end", () => {
    const builder = new RunBuilder("echo", ["n0"]).start();
    const fault = { process: "nemesis", type: "info" } as const;
    builder.operation({ ...fault, f: "start-partition", value: "majority" }, 10);
    builder.operation({ ...fault, f: "start-partition", value: ["isolated", {}] }, 11);
    builder.operation({ ...fault, f: "start-kill", value: "one" }, 20);
    builder.operation({ ...fault, f: "stop-partition" }, 30);
    builder.operation({ ...fault, f: "stop-partition", value: "network-healed" }, 31);
    builder.operation({ process: 0, type: "invoke", f: "echo" }, 40);
    const run = builder.run();
    const spans = run.header.faults.map(({ name, from, to, detail }) => [
      ...[name, from * run.tickMs, to * run.tickMs, detail],
    ]);
    expect(spans).toEqual([
      ["partition", 10, 30, "no link cut: too few nodes"],
      ["kill", 20, 40, "one"],
    ]);
  });

  test("records why messages never arrived", () => {
    const builder = new RunBuilder("echo", ["n0", "n1"]).start();
    for (const reason of ["partition", "loss", "down", "gone"] as const) {
      builder.message("n0", "n1", 100, undefined, { type: "ask" });
      builder.drop(101, reason);
    }
    builder.message("n0", "n1", 102, undefined, { type: "ask" });
    const run = builder.run();
    expect([...run.lost].map((row) => run.lossOf(row))).toEqual([
      "dropped by the partition",
      "dropped by loss",
      "receiver down",
      "receiver gone",
      "in flight at the end",
    ]);
    expect(messageLine(run, run.lost[0] ?? 0)).toBe(
      "n0 → n1 ask at 0.100 s · dropped by the partition",
    );
  });

  test("counts what it omits", () => {
    const builder = gossipRun();
    const sentCount = builder.events.filter(({ type }) => type === "send").length;
    const { header, messageCount } = builder.run([], { messages: 10, bodiesLength: 100 });
    expect(messageCount).toBe(10);
    expect(header.omissions.messages).toBe(sentCount - 10);
    expect(header.omissions.bodies).toBeGreaterThan(0);
  });

  test("records a message that arrives twice once, with the second arrival apart", () => {
    const builder = new RunBuilder("echo", ["n0", "n1"]).start();
    builder.message("n0", "n1", 10, 5, { type: "twice" });
    const [last] = builder.events.slice(-1);
    if (last !== undefined) builder.events.push({ ...last, time: 17e6 });
    const { columns, messageCount, tickMs } = builder.run();
    expect([...columns.duplicateOf]).toEqual([messageCount - 1]);
    expect([...columns.duplicateFlight].map((ticks) => ticks * tickMs)).toEqual([7]);
  });

  test("resolves a finding's history indexes, of invocation or completion, to operations", () => {
    const finding = {
      anomaly: "lost",
      sentence: "7 is lost",
      operations: [{ index: 0 }, { index: 1 }],
    };
    expect(gossipRun().run([finding]).header.findings).toEqual([
      { anomaly: "lost", sentence: "7 is lost", operations: [0] },
    ]);
  });

  test("keeps a cycle only if all of its transactions are recorded", () => {
    const builder = new RunBuilder("txn-rw-register", ["n0"]).start();
    for (const process of [0, 1]) builder.operation({ process, type: "invoke", f: "txn" }, process);
    const step = { relation: "ww", sentence: "one before the other" };
    const [there, back] = [
      { ...step, from: 0, to: 1 },
      { ...step, from: 1, to: 0 },
    ];
    const finding = { anomaly: "G0", sentence: "a cycle", operations: [], cycle: [there, back] };
    expect(builder.run([finding]).header.findings[0]?.cycle).toEqual([there, back]);
    expect(builder.run([finding], { operations: 1 }).header.findings[0]?.cycle).toBeUndefined();
    const half = { ...finding, cycle: [there, { ...back, to: 7 }] };
    expect(builder.run([half]).header.findings[0]?.cycle).toBeUndefined();
  });

  test("keeps a linearization's times in ticks, and the operations that are not recorded", () => {
    const { run, finding } = staleRead();
    const { header, tickMs } = run.run([finding], { operations: 3 });
    const [page] = header.findings;
    expect(page?.linearization).toMatchObject({ part: "key 0", omittedCount: 40, stuck: 3 });
    const bars = page?.linearization?.operations.map(({ row, start, end }) => [
      row,
      start * tickMs,
      end && end * tickMs,
    ]);
    expect(bars).toEqual([
      [0, 100, 110],
      [1, 120, 130],
      [2, 125, undefined],
      [undefined, 140, 150],
    ]);
  });

  test("records sends and polls of each key of a log by offset", () => {
    const builder = new RunBuilder("kafka", ["n0"]).start();
    const send = { process: 0, node: "n0", f: "send" } as const;
    builder.operation({ ...send, type: "invoke", value: [["send", "__proto__", 1]] }, 1);
    builder.operation({ ...send, type: "ok", value: [["send", "__proto__", [5, 1]]] }, 2);
    builder.operation({ ...send, f: "poll", type: "invoke", value: [["poll"]] }, 3);
    const polled = JSON.parse('[["poll",{"__proto__":[[5,1],[6,2]]}]]');
    builder.operation({ ...send, f: "poll", type: "ok", value: polled }, 4);
    const { header, columns } = builder.run();
    expect(header.log?.keys).toEqual([{ name: "__proto__", first: 0, count: 2 }]);
    expect([...columns.logFrom]).toEqual([5, 5]);
    expect([...columns.logTo]).toEqual([5, 6]);
    expect([...columns.logIsPoll]).toEqual([0, 1]);
  });
});
