/** Nodes and the workbench are unaffected by steps of the system's clock, forward or back. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { type AnyBody, isRpcError, KVNode, type Message } from "../lib/vortex/index.ts";
import { systemClock } from "../lib/vortex/serve.ts";
import type { Operation } from "../lib/workbench/history/history.ts";
import {
  binary,
  INIT,
  INIT_OK,
  line,
  NodeProcess,
  source,
} from "./support/processes/node-process.ts";
import { canStepClocks, SteppedClock } from "./support/processes/stepped-clock.ts";
import { DIST } from "./support/processes/vortex.ts";

setDefaultTimeout(60_000);

const DAY_S = 86_400;
const STEPS_S = [-DAY_S, DAY_S, -1, 0] as const;

describe("A node in this process", () => {
  const { Date: TrueDate } = globalThis;
  afterEach(() => {
    globalThis.Date = TrueDate;
  });

  /** Makes the wall clock go back an hour at each read; returns a function that counts the reads. */
  function turnBack(): () => number {
    let reads = 0;
    const wrongMs = () => TrueDate.UTC(2000, 0, 1) - 3_600_000 * ++reads;
    globalThis.Date = class extends TrueDate {
      constructor(...args: readonly unknown[]) {
        // Without arguments, a Date is the current time.
        super(...((args.length === 0 ? [wrongMs()] : args) as [number]));
      }
      static override now = wrongMs;
    } as DateConstructor;
    return () => reads;
  }

  test("sleeps, times out and generates ids without reading the wall clock", async () => {
    const wallClockReads = turnBack();
    const sent: Message[] = [];
    const transport = { send: (message: Message) => void sent.push(message) };
    const random = { next: Math.random };
    const host = { clock: systemClock, random, transport, logger: console };
    const node = new KVNode(host, () => {});
    const body = { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0", "n1"] };
    node.receive({ src: "c1", dest: "n0", body });

    const beganMs = performance.now();
    let ticks = 0;
    const cancel = node.every(20, () => void ticks++);
    await node.sleep(100);
    cancel();
    const sleptMs = performance.now() - beganMs;
    // Timers may be late on a busy machine, but not early.
    expect(sleptMs).toBeGreaterThanOrEqual(99);
    expect(ticks).toBeGreaterThan(0);

    const hello = node.syncRpc("n1", { type: "hello" }, v.object({}), { timeoutMs: 100 });
    expect(isRpcError(await hello.catch((error: unknown) => error), "timeout")).toBe(true);
    expect(performance.now() - beganMs - sleptMs).toBeGreaterThanOrEqual(99);

    const ids = Array.from({ length: 1000 }, () => node.generateId());
    expect(new Set(ids).size).toBe(1000);
    expect(wallClockReads()).toBe(0);
    // A read would have been counted.
    expect(new Date().getFullYear()).toBeLessThan(2000);
    expect(wallClockReads()).toBe(1);
  });
});

describe.skipIf(!canStepClocks)("A process whose wall clock is stepped", () => {
  const underClock = ({ environment }: SteppedClock, command: readonly string[]) => [
    "env",
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...command,
  ];

  async function ask(node: NodeProcess, body: AnyBody): Promise<AnyBody> {
    node.write(line(body));
    for (;;) {
      const reply = await node.next();
      // Skips its requests to other nodes.
      if (reply["in_reply_to"] === body["msg_id"]) return reply;
    }
  }

  test.concurrent("keeps the length of its timers and timeouts, and its ids unique", async () => {
    using clock = new SteppedClock();
    await using node = new NodeProcess(underClock(clock, source("clock")));
    node.write(INIT);
    expect(await node.next()).toEqual(INIT_OK);

    let msgId = 1;
    const ids = new Set<unknown>();
    const askFor = (type: string, more = {}) => ask(node, { type, msg_id: ++msgId, ...more });
    let before = await askFor("clocks");
    for (const seconds of STEPS_S) {
      const began = performance.now();
      const [slept, timedOut] = [{ id: ++msgId }, { id: ++msgId }];
      node.write(line({ type: "sleep", msg_id: slept.id, ms: 400 }));
      node.write(line({ type: "ask", msg_id: timedOut.id, ms: 400 }));
      await Bun.sleep(100);
      clock.set(seconds);
      const after = await askFor("clocks");
      // The wall clock was stepped; the monotonic clock was not.
      expect(Math.abs(Number(after["wallMs"]) - Date.now() - seconds * 1000)).toBeLessThan(1000);
      expect(Number(after["nowMs"])).toBeGreaterThan(Number(before["nowMs"]));
      before = after;

      const replies = new Map<unknown, AnyBody>();
      while (replies.size < 2) {
        const reply = await node.next();
        if (reply["in_reply_to"] !== undefined) replies.set(reply["in_reply_to"], reply);
      }
      const waitedMs = performance.now() - began;
      for (const { id } of [slept, timedOut]) {
        const tookMs = Number(replies.get(id)?.["tookMs"]);
        expect(tookMs).toBeGreaterThanOrEqual(399);
        expect(tookMs).toBeLessThanOrEqual(waitedMs + 1);
      }
      for (let count = 0; count < 10; count++) ids.add((await askFor("id"))["id"]);
    }
    expect(ids.size).toBe(10 * STEPS_S.length);
  });

  test.concurrent.each([
    // Not any seed: one in four kills all nodes at once, and the verdict is then unknown.
    ["unique-ids", ["--nemesis", "kill", "--nemesis-interval", "1", "--seed", "3"]],
    ["kafka", ["--node-count", "2", "--recovery", "1"]],
  ])("passes its test of %s, under a workbench whose clock is stepped too", async (name, args) => {
    using clock = new SteppedClock();
    const store = mkdtempSync(join(tmpdir(), "clock-steps-"));
    try {
      const flags = ["--bin", ...binary(name), "-w", name, "--time-limit", "3", "--rate", "100"];
      const child = Bun.spawn([join(DIST, "vortex"), "test", ...flags, "--store", store, ...args], {
        env: { ...process.env, ...clock.environment },
        stdout: "pipe",
        stderr: "pipe",
      });
      const { exited } = child;
      let steps = 0;
      for (; child.exitCode === null && child.signalCode === null; steps++) {
        clock.set(STEPS_S[steps % STEPS_S.length] ?? 0);
        await Promise.race([exited, Bun.sleep(300)]);
      }
      expect(steps).toBeGreaterThan(8);
      expect({ code: await exited, stderr: await child.stderr.text() }).toMatchObject({ code: 0 });

      const lines = readFileSync(join(store, name, "latest", "history.jsonl"), "utf8");
      const times = lines
        .trim()
        .split("\n")
        .map((text) => (JSON.parse(text) as Operation).time);
      // 600 on an idle machine; a busy one completes few operations between two steps.
      expect(times.length).toBeGreaterThan(10);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(times.at(-1)).toBeLessThan(60e9);
    } finally {
      rmSync(store, { recursive: true });
    }
  });
});
