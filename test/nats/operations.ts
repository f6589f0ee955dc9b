/** Clients of services, and the histories of what they did. */

import { type AnyBody, isDefinite, type Json, type Random } from "../../lib/vortex/index.ts";
import { randomInteger } from "../../lib/vortex/random.ts";
import type { History, Operation } from "../../lib/workbench/history/history.ts";
import type { ServiceName, Services } from "../../lib/workbench/nats/services/index.ts";

/** A request, and the operation it is in a history. */
export interface Invocation {
  readonly f: "read" | "write" | "cas" | "ts";
  readonly value: Json;
  readonly body: AnyBody;
}

/** Records the operations of one service. Each client has one thread, and one operation at a time. */
export class Recorder {
  readonly #operations: Operation[] = [];
  readonly #startMs = performance.now();
  readonly #threadCount: number;
  readonly counts = { ok: 0, fail: 0, info: 0 };

  constructor(threadCount: number) {
    this.#threadCount = threadCount;
  }

  get history(): History {
    return this.#operations;
  }

  /** Carries out an operation; returns its result, and the process with which the thread goes on. */
  async carryOut(
    service: ServiceName,
    services: Services,
    process: number,
    { f, value, body }: Invocation,
  ): Promise<{
    readonly type: "ok" | "fail" | "info";
    readonly value: Json;
    readonly process: number;
  }> {
    this.#add({ type: "invoke", process, f, value });
    const reply = (await services.handle(service, body)) ?? {};
    const completion = completionOf(f, value, reply);
    this.counts[completion.type] += 1;
    this.#add({ process, f, ...completion });
    const { type } = completion;
    return {
      type,
      value: completion.value,
      process: type === "info" ? process + this.#threadCount : process,
    };
  }

  #add(operation: Omit<Operation, "index" | "time">): void {
    const time = Math.round((performance.now() - this.#startMs) * 1e6);
    this.#operations.push({ index: this.#operations.length, time, ...operation });
  }
}

/** A key that a store does not have, as a value that no client writes. */
export const MISSING = "missing";

function completionOf(f: string, value: Json, reply: AnyBody) {
  const { type, code, text } = reply;
  const key = Array.isArray(value) ? (value[0] as Json) : null;
  if (type === "error" && !(f === "read" && code === 20)) {
    const isFail = isDefinite(Number(code)) || f === "read" || f === "ts";
    return { type: isFail ? "fail" : "info", value, error: [Number(code), String(text)] } as const;
  }
  if (f === "read") {
    const read = type === "error" ? MISSING : ((reply["value"] ?? null) as Json);
    return { type: "ok", value: [key, read] } as const;
  }
  return { type: "ok", value: f === "ts" ? Number(reply["ts"]) : value } as const;
}

export const readOf = (key: Json): Invocation => ({
  f: "read",
  value: [key, null],
  body: { type: "read", key },
});

export const writeOf = (key: Json, value: Json): Invocation => ({
  f: "write",
  value: [key, value],
  body: { type: "write", key, value },
});

export const casOf = (key: Json, from: Json, to: Json): Invocation => ({
  f: "cas",
  value: [key, [from, to]],
  body: { type: "cas", key, from, to },
});

export const TIMESTAMP: Invocation = { f: "ts", value: null, body: { type: "ts" } };

const VALUE_COUNT = 5;

/** Draws an operation on a key whose values are small numbers from 1; 0 is its first value. */
export function anyOperation(random: Random, key: Json): Invocation {
  const value = () => 1 + randomInteger(random, VALUE_COUNT);
  const choice = randomInteger(random, 4);
  if (choice < 2) return readOf(key);
  return choice === 2 ? writeOf(key, value()) : casOf(key, value(), value());
}
