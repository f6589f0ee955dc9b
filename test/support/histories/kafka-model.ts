/**
 * Generates histories of a correct log, under clients that crash, fail and time out.
 *
 * Clients behave like Maelstrom's. Each has a map of positions, set by `assign` and advanced by
 * `poll`; it is lost with the client when an operation ends as `info`. At the end, clients poll
 * everything.
 */
import type { Json, Random } from "../../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../../lib/vortex/random.ts";
import type { Operation, OperationType } from "../../../lib/workbench/history/history.ts";

export interface KafkaModelOptions {
  /** Number of operations before the final polls. */
  readonly operations: number;
  /** Number of concurrent clients. */
  readonly threads: number;
  /** Number of keys in use at once. */
  readonly keys: number;
  /** Number of messages after which a fresh key replaces a key. */
  readonly messagesPerKey: number;
  /** Maximum number of messages per key in a poll. */
  readonly messagesPerPoll: number;
  /** Fractions of operations that end as `fail` and as `info`. */
  readonly failures: number;
  readonly infos: number;
  /** Fractions of operations that are assigns and crashes; the rest are sends and polls. */
  readonly assigns: number;
  readonly crashes: number;
  /** Number of clients that poll everything at the end. */
  readonly finalPollers: number;
}

type Entry = readonly [offset: number, message: number];

interface Thread {
  process: number;
  /** Key -> number of log entries already polled. */
  positions: Map<string, number>;
  /** Remaining steps of the current operation: take effect, complete. */
  steps: (() => void)[];
}

/** Type and value of a completion. */
interface Completion {
  readonly type: OperationType;
  readonly value: Json;
}

export function kafkaHistory(random: Random, options: KafkaModelOptions): Operation[] {
  return new KafkaModel(random, options).run();
}

class KafkaModel {
  readonly #random: Random;
  readonly #options: KafkaModelOptions;
  readonly #threads: Thread[];
  readonly #keys: string[];
  readonly #logs = new Map<string, Entry[]>();
  /** Key -> number of messages sent. */
  readonly #sent = new Map<string, number>();
  /** Appends of sends that ended as `info`, to take effect later. */
  readonly #delayed: (() => void)[] = [];
  readonly #history: Operation[] = [];
  #keyCount = 0;
  #time = 0;

  constructor(random: Random, options: KafkaModelOptions) {
    this.#random = random;
    this.#options = options;
    this.#keys = Array.from({ length: options.keys }, () => this.#freshKey());
    this.#threads = Array.from({ length: options.threads }, (_, process) => {
      return { process, positions: new Map(), steps: [] };
    });
  }

  run(): Operation[] {
    let started = 0;
    while (started < this.#options.operations) {
      const thread = pickOne(this.#random, this.#threads);
      const next = thread.steps.shift();
      if (next !== undefined) {
        next();
      } else {
        this.#start(thread);
        started += 1;
      }
      if (this.#happens(0.1)) this.#delayed.shift()?.();
    }
    for (const thread of this.#threads) this.#complete(thread);
    for (const append of this.#delayed) append();
    for (const thread of this.#threads.slice(0, this.#options.finalPollers)) {
      this.#pollEverything(thread);
    }
    return this.#history;
  }

  #start(thread: Thread): void {
    const { assigns, crashes, failures, infos } = this.#options;
    const outcome = this.#random.next();
    const type = outcome < failures ? "fail" : outcome < failures + infos ? "info" : "ok";
    const kind = this.#random.next();
    if (kind < crashes) this.#crash(thread);
    else if (kind < crashes + assigns) this.#assign(thread, type === "ok" ? "ok" : "fail");
    else if (this.#happens(0.5)) this.#send(thread, type);
    else this.#poll(thread, type, this.#options.messagesPerPoll);
  }

  #complete(thread: Thread): void {
    while (thread.steps.length > 0) thread.steps.shift()?.();
  }

  /** Polls everything from the beginning with a fresh client, then polls again and finds nothing. */
  #pollEverything(thread: Thread): void {
    this.#crash(thread);
    this.#complete(thread);
    const keys = [...this.#logs.keys()];
    this.#invoke(thread, "assign", keys, () => {
      thread.positions = new Map(keys.map((key) => [key, 0]));
      return { type: "ok", value: keys };
    });
    this.#complete(thread);
    for (let polls = 0; polls < 2; polls++) {
      this.#poll(thread, "ok", Number.POSITIVE_INFINITY);
      this.#complete(thread);
    }
  }

  #send(thread: Thread, type: OperationType): void {
    const key = this.#keyWithRoom();
    const message = (this.#sent.get(key) ?? 0) + 1;
    this.#sent.set(key, message);
    const log = this.#logs.getOrInsertComputed(key, () => []);
    const append = (): number => {
      const offset = (log.at(-1)?.[0] ?? -1) + (this.#happens(0.1) ? 3 : 1);
      log.push([offset, message]);
      return offset;
    };
    const value = [["send", key, message]];
    this.#invoke(thread, "send", value, () => {
      if (type === "ok") return { type, value: [["send", key, [append(), message]]] };
      // An indefinite send takes effect now, later or never.
      const when = type === "info" ? this.#random.next() : 1;
      if (when < 0.3) append();
      else if (when < 0.5) this.#delayed.push(append);
      return { type, value };
    });
  }

  #poll(thread: Thread, type: OperationType, limit: number): void {
    this.#invoke(thread, "poll", [["poll"]], () => {
      if (type !== "ok") return { type, value: [["poll"]] };
      const returned = new Map<string, Json>();
      for (const [key, position] of thread.positions) {
        const entries = (this.#logs.get(key) ?? []).slice(position, position + limit);
        if (entries.length === 0) continue;
        // Copies: every parsed reply has its own arrays.
        returned.set(
          key,
          entries.map((entry) => [...entry]),
        );
        thread.positions.set(key, position + entries.length);
      }
      return { type, value: [["poll", Object.fromEntries(returned)]] };
    });
  }

  #assign(thread: Thread, type: "ok" | "fail"): void {
    const part = Math.min(0.5, 20 / this.#keys.length);
    const keys = this.#keys.filter(() => this.#happens(part));
    this.#invoke(thread, "assign", keys, () => {
      if (type === "ok") {
        thread.positions = new Map(keys.map((key) => [key, thread.positions.get(key) ?? 0]));
      }
      return { type, value: keys };
    });
  }

  #crash(thread: Thread): void {
    this.#invoke(thread, "crash", null, () => ({ type: "info", value: null }));
  }

  #invoke(thread: Thread, f: string, value: Json, takeEffect: () => Completion): void {
    this.#record(thread, f, { type: "invoke", value });
    thread.steps.push(() => {
      const completion = takeEffect();
      thread.steps.push(() => {
        this.#record(thread, f, completion);
        if (completion.type !== "info") return;
        thread.process += this.#threads.length;
        thread.positions = new Map();
      });
    });
  }

  #record({ process }: Thread, f: string, { type, value }: Completion): void {
    this.#time += 1 + randomInteger(this.#random, 1e6);
    this.#history.push({ index: this.#history.length, time: this.#time, type, process, f, value });
  }

  #keyWithRoom(): string {
    const slot = randomInteger(this.#random, this.#keys.length);
    const key = this.#keys[slot] ?? this.#freshKey();
    if ((this.#sent.get(key) ?? 0) < this.#options.messagesPerKey) return key;
    const fresh = this.#freshKey();
    this.#keys[slot] = fresh;
    return fresh;
  }

  #freshKey(): string {
    this.#keyCount += 1;
    return String(this.#keyCount);
  }

  #happens(probability: number): boolean {
    return this.#random.next() < probability;
  }
}
