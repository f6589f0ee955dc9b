/**
 * Kafka-style logs: clients send messages to keys, and poll them in the order of their offsets.
 *
 * @see Maelstrom workloads, "Kafka"; Jepsen, `tests/kafka.clj`
 */
import * as v from "valibot";
import type { Json, Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { type Client, replySchema } from "../clients/client.ts";
import {
  any,
  clients,
  eachClient,
  type Generator,
  type Invocation,
  phases,
  single,
  stagger,
  timeLimit,
} from "../clients/generator.ts";
import type { Completion } from "../clients/interpreter.ts";
import type { Operation, Process } from "../history/history.ts";
import { Json as AnyJson, Integer, mapOf } from "../schemas.ts";
import { KeyPool, nextMicroOperation } from "./key-pool.ts";
import {
  type Connection,
  ok,
  RPC_TIMEOUT_MS,
  type Workload,
  type WorkloadClient,
  type WorkloadContext,
} from "./workload.ts";

const Offset = v.pipe(
  Integer,
  v.transform((offset) => (typeof offset === "number" ? offset : Number(offset.rawJSON))),
);
const SendOk = replySchema("send_ok", { offset: Offset });
const PollOk = replySchema("poll_ok", {
  msgs: mapOf(v.array(v.strictTuple([Offset, AnyJson]))),
});
const CommitOffsetsOk = replySchema("commit_offsets_ok", {});
const ListCommittedOffsetsOk = replySchema("list_committed_offsets_ok", {
  offsets: mapOf(Offset),
});

/** One in 64 operations assigns keys. */
const ASSIGN_EVERY = 64;
/** Mean time between client crashes of one thread, in seconds. */
const CRASH_INTERVAL_S = 30;
/** Maximum time for clients to catch up at the end, in seconds. */
const FINAL_TIME_LIMIT_S = 10;
/** Mean time between two final polls of a client, in seconds. */
const FINAL_POLL_INTERVAL_S = 0.2;

export function kafka(options: WorkloadContext): Workload {
  const { random, concurrency, resumesFromCommitted } = options;
  const offsets = new KnownOffsets();
  const crashes = stagger(CRASH_INTERVAL_S / concurrency, random, clients(crash));
  return {
    usesProtocolErrors: true,
    idempotent: new Set(["assign"]),
    keepsClient: false,
    openClient: (connection) => new KafkaClient(connection, resumesFromCommitted),
    generator: {
      ...any([sendsPollsAndAssigns(options, offsets), crashes]),
      update: (operation) => offsets.update(operation),
    },
    finalGenerator: catchUp(random, offsets),
  };
}

function crash(): Invocation {
  return { f: "crash", value: null };
}

function poll(): Invocation {
  return { f: "poll", value: [["poll"]] };
}

function sendsPollsAndAssigns(options: WorkloadContext, offsets: KnownOffsets): Generator {
  const { random } = options;
  const keys = new KeyPool(random, options);
  let postponed: { readonly key: string; readonly invocation: Invocation } | undefined;
  return clients(() => {
    const next = postponed ?? sendOrPoll(random, keys);
    postponed = undefined;
    if (randomInteger(random, ASSIGN_EVERY) > 0) return next.invocation;
    postponed = next;
    const behind = randomInteger(random, 3) === 0 ? offsets.keysBehind() : [];
    return { f: "assign", value: [...new Set([next.key, ...behind])] };
  });
}

function sendOrPoll(random: Random, keys: KeyPool) {
  const operation = nextMicroOperation(random, keys);
  // Keys of JSON objects are strings, so all keys are strings.
  const key = String(operation.key);
  const invocation = operation.isRead
    ? poll()
    : { f: "send", value: [["send", key, operation.value]] };
  return { key, invocation };
}

/**
 * Final operations: each thread opens a new client, seeks all keys to the beginning, and polls until
 * it has seen the highest offset of each key that was known at the start of this phase.
 */
function catchUp(random: Random, offsets: KnownOffsets): Generator {
  let generator: Generator | undefined;
  const start = () => {
    const highest = new Map(offsets.highest);
    if (highest.size === 0) return { next: () => ({ type: "done" as const }) };
    const assign = { f: "assign", value: [...highest.keys()], seekToBeginning: true };
    return timeLimit(
      FINAL_TIME_LIMIT_S,
      eachClient((thread) =>
        phases([
          single(crash()),
          single(assign),
          stagger(FINAL_POLL_INTERVAL_S, random, pollUntil(thread, highest)),
        ]),
      ),
    );
  };
  return {
    next(context) {
      generator ??= start();
      return generator.next(context);
    },
    update: (operation) => generator?.update?.(operation),
  };
}

/** Polls until a thread has seen these offsets. */
function pollUntil(thread: number, highest: ReadonlyMap<string, number>): Generator {
  const missing = new Map(highest);
  let concurrency = 0;
  const polls = clients(() => (missing.size > 0 ? poll() : undefined));
  return {
    next(context) {
      concurrency = context.concurrency;
      return polls.next(context);
    },
    update({ type, f, process, value }) {
      if (type !== "ok" || f !== "poll" || !isOf(process, thread, concurrency)) return;
      for (const [key, offset] of polledOffsets(value)) {
        if (offset >= (missing.get(key) ?? Number.POSITIVE_INFINITY)) missing.delete(key);
      }
    },
  };
}

function isOf(process: Process, thread: number, concurrency: number): boolean {
  return typeof process === "number" && process % concurrency === thread;
}

/** The offsets of each key, as known from completed operations. */
class KnownOffsets {
  /** Highest offset of ok sends and polls. */
  readonly highest = new Map<string, number>();
  readonly #highestSent = new Map<string, number>();
  readonly #highestPolled = new Map<string, number>();

  update({ type, f, value }: Operation): void {
    if (type !== "ok") return;
    if (f === "send") {
      for (const [key, offset] of sentOffsets(value)) {
        raise(this.#highestSent, key, offset);
        raise(this.highest, key, offset);
      }
    } else if (f === "poll") {
      for (const [key, offset] of polledOffsets(value)) {
        raise(this.#highestPolled, key, offset);
        raise(this.highest, key, offset);
      }
    }
  }

  /** Keys with acknowledged messages that no poll has returned. */
  keysBehind(): string[] {
    const polled = (key: string) => this.#highestPolled.get(key) ?? Number.NEGATIVE_INFINITY;
    return [...this.#highestSent].flatMap(([key, sent]) => (sent > polled(key) ? [key] : []));
  }
}

function raise(offsets: Map<string, number>, key: string, offset: number): void {
  if (offset > (offsets.get(key) ?? Number.NEGATIVE_INFINITY)) offsets.set(key, offset);
}

// The client below creates the values of ok operations.
function sentOffsets(value: Json): [string, number][] {
  const sends = value as readonly (readonly ["send", string, readonly [number, Json]])[];
  return sends.map(([, key, [offset]]) => [key, offset]);
}

/** The highest offset of each key. */
function polledOffsets(value: Json): [string, number][] {
  type Msgs = { readonly [key: string]: readonly (readonly [number, Json])[] };
  const polls = value as readonly (readonly ["poll", Msgs])[];
  return polls.flatMap(([, msgs]) =>
    Object.entries(msgs).flatMap(([key, pairs]): [string, number][] =>
      pairs.length === 0 ? [] : [[key, highestOffset(pairs)]],
    ),
  );
}

function highestOffset(pairs: readonly (readonly [number, Json])[]): number {
  return pairs.reduce((highest, [offset]) => Math.max(highest, offset), Number.NEGATIVE_INFINITY);
}

/** A consumer and producer: it keeps its position in each key that it is assigned to. */
class KafkaClient implements WorkloadClient {
  readonly #client: Client;
  readonly #node: string;
  readonly #resumesFromCommitted: boolean;
  /** Next offset to poll, by key. */
  #positions = new Map<string, number>();

  constructor({ client, node }: Connection, resumesFromCommitted: boolean) {
    this.#client = client;
    this.#node = node;
    this.#resumesFromCommitted = resumesFromCommitted;
  }

  async invoke(invocation: Invocation): Promise<Completion> {
    const { f, value } = invocation;
    switch (f) {
      case "crash":
        return { type: "info", value };
      case "assign":
        return await this.#assign(invocation);
      case "send":
        return await this.#send(value);
      case "poll":
        return await this.#poll();
      default:
        throw new Error(`Unknown operation "${f}"`);
    }
  }

  async #assign({ value, seekToBeginning }: Invocation): Promise<Completion> {
    const keys = value as readonly string[]; // As generated above.
    if (seekToBeginning) {
      this.#positions = new Map(keys.map((key) => [key, 0]));
      return ok(value);
    }
    const body = { type: "list_committed_offsets", keys };
    const reply = await this.#client.rpc(this.#node, body, ListCommittedOffsetsOk, RPC_TIMEOUT_MS);
    // Maelstrom reads the committed offsets from the wrong field and never finds them, so new keys
    // start at 0 unless the test asks for the intended behaviour.
    const committed = new Map(this.#resumesFromCommitted ? Object.entries(reply.offsets) : []);
    this.#positions = new Map(
      keys.map((key) => [key, this.#positions.get(key) ?? committed.get(key) ?? 0]),
    );
    return ok(value);
  }

  async #send(value: Json): Promise<Completion> {
    const [[, key, msg]] = value as readonly [readonly ["send", string, Json]]; // As generated.
    const body = { type: "send", key, msg };
    const { offset } = await this.#client.rpc(this.#node, body, SendOk, RPC_TIMEOUT_MS);
    return ok([["send", key, [offset, msg]]]);
  }

  async #poll(): Promise<Completion> {
    const offsets = Object.fromEntries(this.#positions);
    const body = { type: "poll", offsets };
    const { msgs } = await this.#client.rpc(this.#node, body, PollOk, RPC_TIMEOUT_MS);
    const polled = polledOffsets([["poll", msgs]]);
    for (const [key, offset] of polled) raise(this.#positions, key, offset + 1);
    if (polled.length > 0) {
      const commit = { type: "commit_offsets", offsets: Object.fromEntries(polled) };
      await this.#client.rpc(this.#node, commit, CommitOffsetsOk, RPC_TIMEOUT_MS);
    }
    return ok([["poll", msgs]]);
  }
}
