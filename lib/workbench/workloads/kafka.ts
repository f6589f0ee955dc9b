/**
 * Kafka-style logs: clients send messages to keys, and poll them in the order of their offsets.
 *
 * @see Maelstrom workloads, "Kafka"; Jepsen, `tests/kafka.clj`
 */
import type { Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
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
import type { Process } from "../history/history.ts";
import { KafkaClient } from "./kafka-client.ts";
import { KnownOffsets, polledOffsets } from "./kafka-offsets.ts";
import { KeyPool, nextMicroOperation } from "./key-pool.ts";
import type { Workload, WorkloadContext } from "./workload.ts";

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
