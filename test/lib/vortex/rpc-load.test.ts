/** Many RPCs; `RPC_CALLS=1000000 bun test test/lib/vortex/rpc-load.test.ts` runs a million. */
import { expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { type AnyBody, KVNode, type Message } from "../../../lib/vortex/index.ts";
import { Scheduler } from "../../../lib/workbench/clusters/scheduler.ts";
import { randomStream } from "../../../lib/workbench/random.ts";

setDefaultTimeout(600_000);

const CALLS = Number(process.env["RPC_CALLS"] ?? 20_000);
const WAVE = 1000;
const TIMEOUT_MS = 100;
const AskOk = v.object({ type: v.literal("ask_ok") });

type Outcome = "ok" | "error" | "malformed" | "timeout";

/** The replies to a request, each after some ms, and the outcome that the caller must get. */
const FATES: readonly { readonly replies: readonly (readonly [number, AnyBody])[]; is: Outcome }[] =
  [
    { replies: [[5, { type: "ask_ok" }]], is: "ok" },
    {
      replies: [
        [50, { type: "ask_ok" }],
        [60, { type: "ask_ok" }],
      ],
      is: "ok",
    },
    {
      replies: [
        [10, { type: "ask_ok" }],
        [200, { type: "error", code: 13 }],
      ],
      is: "ok",
    },
    { replies: [[10, { type: "error", code: 20, text: "no" }]], is: "error" },
    {
      replies: [
        [10, { type: "error", code: 11 }],
        [10, { type: "ask_ok" }],
      ],
      is: "error",
    },
    {
      replies: [
        [10, { type: "something_else" }],
        [20, { type: "ask_ok" }],
      ],
      is: "malformed",
    },
    { replies: [], is: "timeout" },
    { replies: [], is: "timeout" },
    { replies: [[150, { type: "ask_ok" }]], is: "timeout" },
    {
      replies: [
        [101, { type: "ask_ok" }],
        [102, { type: "ask_ok" }],
      ],
      is: "timeout",
    },
    { replies: [[300, { type: "error", code: 0 }]], is: "timeout" },
    { replies: [[180, { type: "something_else" }]], is: "timeout" },
  ];

test(`${CALLS} calls, half of them unanswered or too late: each caller gets one outcome, and nothing stays pending`, async () => {
  const clock = new Scheduler();
  const random = randomStream(1, "rpc load");
  const requests: Message[] = [];
  const transport = { send: (message: Message) => void requests.push(message) };
  const host = { transport, clock, random, logger: { log: () => {} } };
  const node = new KVNode(host, () => {});
  const receive = (body: AnyBody) => node.receive({ src: "n1", dest: "n0", body });
  receive({ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0", "n1"] });
  requests.length = 0;

  const outcomes = new Uint8Array(CALLS);
  const wrong: string[] = [];
  let timeouts = 0;
  const end = (call: number, expected: Outcome, actual: Outcome) => {
    outcomes[call] = (outcomes[call] ?? 0) + 1;
    if (actual === "timeout") timeouts++;
    if (actual !== expected) wrong.push(`Call ${call} ended with ${actual}, not ${expected}`);
  };
  const outcomeOf = (error: { kind: string; code: number; message: string }): Outcome =>
    error.message.startsWith("Malformed")
      ? "malformed"
      : error.message.startsWith("No reply")
        ? "timeout"
        : "error";

  const heapBytes: number[] = [];
  for (let first = 0; first < CALLS; first += WAVE) {
    for (let call = first; call < Math.min(first + WAVE, CALLS); call++) {
      const fate = FATES[Math.floor(random.next() * FATES.length)] ?? {
        replies: [],
        is: "timeout",
      };
      if (call % 2 === 0) {
        node.rpc(
          "n1",
          { type: "ask", call },
          AskOk,
          (result) => end(call, fate.is, result.ok ? "ok" : outcomeOf(result.error)),
          { timeoutMs: TIMEOUT_MS },
        );
      } else {
        node.syncRpc("n1", { type: "ask", call }, AskOk, { timeoutMs: TIMEOUT_MS }).then(
          () => end(call, fate.is, "ok"),
          (error) => end(call, fate.is, outcomeOf(error)),
        );
      }
      const id = requests.pop()?.body["msg_id"];
      for (const [afterMs, body] of fate.replies) {
        clock.after(afterMs, () => receive({ ...body, in_reply_to: id }));
      }
    }
    // Until the last late reply has arrived.
    while (clock.step());
    if (first % (CALLS / 10) === 0) {
      Bun.gc(true);
      heapBytes.push(process.memoryUsage().heapUsed);
    }
  }

  expect(wrong.slice(0, 5)).toEqual([]);
  expect(outcomes.every((count) => count === 1)).toBe(true);
  // Half of the outcomes are timeouts.
  expect(Math.abs(timeouts / CALLS - 0.5)).toBeLessThan(0.05);
  // Ends at once, because nothing is pending.
  const nowMs = clock.nowMs();
  clock.run(node.drain(1_000_000));
  expect(clock.nowMs()).toBe(nowMs);
  const [, early = 0] = heapBytes;
  expect((heapBytes.at(-1) ?? 0) - early).toBeLessThan(10e6);
});
