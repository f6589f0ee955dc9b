import { describe, expect, test } from "bun:test";
import { LoadedProgram, withProgram } from "../../../../../lib/workbench/play/page/runner.ts";
import { findFailingSeed } from "../../../../../lib/workbench/play/page/sweep.ts";
import { SandboxedWorker } from "../../../../../lib/workbench/play/sandbox/sandboxed-worker.ts";
import { DEFAULTS } from "../../../../../lib/workbench/run/test-options.ts";

const PROGRAM = { files: [{ name: "a.ts", source: "" }], exportName: undefined };
const TEST = { options: { ...DEFAULTS, concurrency: 5, seed: 1 }, args: [], decisions: undefined };
const UNOBSERVED = { isRecorded: false };
const VALID = { type: "result", result: { valid: true } };

/** A sandbox whose workers give these replies by the type of the request: to the others, none. */
function sandboxOf(replies: Readonly<Record<string, unknown>>) {
  const count = { started: 0, ended: 0 };
  const start = () => {
    count.started++;
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = ({ data }) => {
      const reply = replies[data.type];
      if (reply !== undefined) port2.postMessage(reply);
    };
    return new SandboxedWorker(port1, () => {
      count.ended++;
      port2.close();
    });
  };
  return { start, count };
}

describe("A program that is loaded in the page", () => {
  test.each([
    [{}, "was not loaded within 0.02 s, and was ended"],
    [{ load: { type: "loaded" } }, "did not end its run within 0.03 s, and was ended"],
  ])("is ended when its time is over: %j", async (replies, text) => {
    const sandbox = sandboxOf(replies);
    const limits = { loadS: 0.02, runS: 0.03 };
    const program = new LoadedProgram(sandbox, PROGRAM, new AbortController().signal, limits);
    expect(await program.run(TEST, UNOBSERVED)).toMatchObject({
      type: "crash",
      text: expect.stringContaining(text),
    });
    expect(sandbox.count).toEqual({ started: 1, ended: 1 });
  });

  test("is stopped by the reader, while it runs and before", async () => {
    const stopping = new AbortController();
    const sandbox = sandboxOf({ load: { type: "loaded" } });
    const program = new LoadedProgram(sandbox, PROGRAM, stopping.signal);
    const ending = program.run(TEST, UNOBSERVED);
    stopping.abort();
    expect(await ending).toEqual({ type: "stopped" });
    expect(await program.run(TEST, UNOBSERVED)).toEqual({ type: "stopped" });
    expect(sandbox.count).toEqual({ started: 1, ended: 1 });
  });

  test("runs again and again in one worker, which ends with it", async () => {
    const sandbox = sandboxOf({ load: { type: "loaded" }, run: VALID });
    await withProgram(sandbox, PROGRAM, new AbortController().signal, async (program) => {
      for (let run = 0; run < 3; run++) {
        expect(await program.run(TEST, UNOBSERVED)).toMatchObject(VALID);
      }
      expect(sandbox.count).toEqual({ started: 1, ended: 0 });
    });
    expect(sandbox.count).toEqual({ started: 1, ended: 1 });
  });

  test.each([
    ["nothing", null],
    ["another reply", { type: "loaded" }],
    ["another type", { type: "done" }],
    ["a verdict of another kind", { type: "result", result: { valid: "yes" } }],
    ["a record without logs", { ...VALID, record: { history: [], messages: [] } }],
    ["a diagnostic without a text", { ...VALID, result: { valid: true, diagnostics: [7] } }],
    [
      "states that are not text",
      { ...VALID, inspections: [{ node: "n0", times: [1], states: [7] }] },
    ],
    // Preact takes objects without a constructor for elements.
    ["an element", { type: "crash", text: { constructor: undefined, type: "a", props: {} } }],
  ])("whose worker sends %s is not trusted any more", async (_, reply) => {
    const sandbox = sandboxOf({ load: { type: "loaded" }, run: reply });
    const program = new LoadedProgram(sandbox, PROGRAM, new AbortController().signal);
    expect(await program.run(TEST, UNOBSERVED)).toEqual({
      type: "crash",
      text: "The program broke the worker that it runs in",
    });
    expect(sandbox.count).toEqual({ started: 1, ended: 1 });
  });
});

describe("A search for a failing seed", () => {
  const search = (sandbox: ReturnType<typeof sandboxOf>) =>
    findFailingSeed(sandbox, PROGRAM, TEST, {
      ...{ firstSeed: 5, count: 20, workers: 3, signal: new AbortController().signal },
      ...{ nowMs: () => 0, onProgress: () => {} },
    });

  test("tries each seed once, and ends its workers", async () => {
    const sandbox = sandboxOf({ load: { type: "loaded" }, run: VALID });
    expect(await search(sandbox)).toEqual({ type: "none", doneCount: 20 });
    expect(sandbox.count).toEqual({ started: 3, ended: 3 });
  });

  test("stops at the first run that has no result", async () => {
    const sandbox = sandboxOf({ load: { type: "loaded" }, run: { type: "loaded" } });
    expect(await search(sandbox)).toMatchObject({ type: "found", ending: { type: "crash" } });
    expect(sandbox.count.ended).toBe(sandbox.count.started);
  });
});
