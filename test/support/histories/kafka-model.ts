/**
 * Histories of a log that does everything right, under clients that crash, fail and time out.
 *
 * The clients are like Maelstrom's: a map of positions that an assign sets and a poll moves on, lost
 * with the client when an operation ends as `info`, and final polls of everything.
 */
import type { Json, Random } from "../../../lib/vortex/index.ts";
import type { Operation, OperationType } from "../../../lib/workbench/history/history.ts";
import { pickOne, randomInteger } from "../../../lib/workbench/random.ts";

export interface KafkaModelOptions {
  /** How many operations clients begin before the final ones. */
  readonly operations: number;
  /** How many clients act at a time. */
  readonly threads: number;
  /** How many keys are in use at a time. */
  readonly keys: number;
  /** After how many messages a key makes room for a new one. */
  readonly messagesPerKey: number;
  /** How many messages of one key a poll returns, at most. */
  readonly messagesPerPoll: number;
  /** The part of operations that end as `fail`, and as `info`. */
  readonly failures: number;
  readonly infos: number;
  /** The part of operations that are assigns, and crashes; the others are sends and polls. */
  readonly assigns: number;
  readonly crashes: number;
  /** How many clients poll everything in the end. */
  readonly finalPollers: number;
}

type Entry = readonly [offset: number, message: number];

interface Thread {
  process: number;
  /** Key -> how many entries of its log have been polled. */
  positions: Map<string, number>;
  /** What remains of the operation under way: to take effect, to complete. */
  rest: (() => void)[];
}

/** What an operation ends as, and with which value, once it has taken effect. */
interface End {
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
  /** Key -> how many messages were sent to it. */
  readonly #sent = new Map<string, number>();
  /** Sends that ended as `info` and happen all the same, some day. */
  readonly #late: (() => void)[] = [];
  readonly #history: Operation[] = [];
  #keyCount = 0;
  #time = 0;

  constructor(random: Random, options: KafkaModelOptions) {
    this.#random = random;
    this.#options = options;
    this.#keys = Array.from({ length: options.keys }, () => this.#freshKey());
    this.#threads = Array.from({ length: options.threads }, (_, process) => {
      return { process, positions: new Map(), rest: [] };
    });
  }

  run(): Operation[] {
    let begun = 0;
    while (begun < this.#options.operations) {
      const thread = pickOne(this.#random, this.#threads);
      const next = thread.rest.shift();
      if (next !== undefined) {
        next();
      } else {
        this.#begin(thread);
        begun += 1;
      }
      if (this.#happens(0.1)) this.#late.shift()?.();
    }
    for (const thread of this.#threads) this.#end(thread);
    for (const append of this.#late) append();
    for (const thread of this.#threads.slice(0, this.#options.finalPollers)) this.#finish(thread);
    return this.#history;
  }

  #begin(thread: Thread): void {
    const { assigns, crashes, failures, infos } = this.#options;
    const fate = this.#random.next();
    const type = fate < failures ? "fail" : fate < failures + infos ? "info" : "ok";
    const kind = this.#random.next();
    if (kind < crashes) this.#crash(thread);
    else if (kind < crashes + assigns) this.#assign(thread, type === "ok" ? "ok" : "fail");
    else if (this.#happens(0.5)) this.#send(thread, type);
    else this.#poll(thread, type, this.#options.messagesPerPoll);
  }

  #end(thread: Thread): void {
    while (thread.rest.length > 0) thread.rest.shift()?.();
  }

  /** A fresh client polls everything from the beginning, and then finds nothing more. */
  #finish(thread: Thread): void {
    this.#crash(thread);
    this.#end(thread);
    const keys = [...this.#logs.keys()];
    this.#invoke(thread, "assign", keys, () => {
      thread.positions = new Map(keys.map((key) => [key, 0]));
      return { type: "ok", value: keys };
    });
    this.#end(thread);
    for (let polls = 0; polls < 2; polls++) {
      this.#poll(thread, "ok", Number.POSITIVE_INFINITY);
      this.#end(thread);
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
      // It happens now, some day or never.
      const when = type === "info" ? this.#random.next() : 1;
      if (when < 0.3) append();
      else if (when < 0.5) this.#late.push(append);
      return { type, value };
    });
  }

  #poll(thread: Thread, type: OperationType, atMost: number): void {
    this.#invoke(thread, "poll", [["poll"]], () => {
      if (type !== "ok") return { type, value: [["poll"]] };
      const returned = new Map<string, Json>();
      for (const [key, position] of thread.positions) {
        const entries = (this.#logs.get(key) ?? []).slice(position, position + atMost);
        if (entries.length === 0) continue;
        // Copies, as every reply is parsed anew.
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

  #invoke(thread: Thread, f: string, value: Json, takeEffect: () => End): void {
    this.#record(thread, f, { type: "invoke", value });
    thread.rest.push(() => {
      const end = takeEffect();
      thread.rest.push(() => {
        this.#record(thread, f, end);
        if (end.type !== "info") return;
        thread.process += this.#threads.length;
        thread.positions = new Map();
      });
    });
  }

  #record({ process }: Thread, f: string, { type, value }: End): void {
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
