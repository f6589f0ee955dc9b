/** Entry of a page that only has a sandbox, for tests to use. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { LoadRequest, RunRequest } from "../../../lib/workbench/play/engine/protocol.ts";
import { Sandbox } from "../../../lib/workbench/play/sandbox/sandbox.ts";

/** Replaced by the worker's script. */
declare const ENGINE: string;

const sandbox = new Sandbox(ENGINE);
const hashOf = (values: readonly unknown[]) =>
  bytesToHex(
    sha256(new TextEncoder().encode(values.map((each) => JSON.stringify(each)).join("\n"))),
  );

/** Loads a program and runs it; returns its verdict, and the hashes of what happened. */
async function run(load: LoadRequest, request: RunRequest) {
  const worker = sandbox.start();
  try {
    const loaded = await worker.request(load);
    if (loaded.type !== "loaded") return loaded;
    const reply = await worker.request(request);
    if (reply.type !== "result") return reply;
    const { history = [], messages = [], logs = [] } = reply.record ?? {};
    return {
      valid: reply.result.valid,
      count: history.length,
      history: hashOf(history),
      messages: hashOf(messages),
      logs: hashOf(logs),
      tookMs: reply.tookMs,
    };
  } finally {
    worker.stop();
  }
}

/** Starts a program, ends its worker, and returns what the request was answered with. */
async function stop(load: LoadRequest, afterMs: number): Promise<string> {
  const worker = sandbox.start();
  setTimeout(() => worker.stop(), afterMs);
  try {
    return (await worker.request(load)).type;
  } catch (error) {
    return `${error}`;
  }
}

Object.assign(globalThis, { run, stop });
