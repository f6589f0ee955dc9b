/**
 * Kafka-style logs: clients send messages to keys, and poll them in the order of their offsets.
 *
 * @see Maelstrom workloads, "Kafka"; Jepsen, `tests/kafka.clj`
 */
import type { Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { checkKafka } from "../checkers/kafka/index.ts";
import { clients, type Generator } from "../clients/generator.ts";
import type { GeneratorParts } from "../clients/generator-parts.ts";
import type { Process } from "../history/history.ts";
import { defineWorkload, type InvocationOf } from "./definition.ts";
import { kafkaClient } from "./kafka-client.ts";
import { KnownOffsets, polledOffsets } from "./kafka-offsets.ts";
import { KeyPool, nextMicroOperation } from "./key-pool.ts";
import type { WorkloadOptions } from "./options.ts";
import { hasPermanent, listIn } from "./summary.ts";

/** One in 64 operations assigns keys. */
const ASSIGN_EVERY = 64;
/** Mean time between client crashes of one thread, in seconds. */
const CRASH_INTERVAL_S = 30;
/** Maximum time for clients to catch up at the end, in seconds. */
const FINAL_TIME_LIMIT_S = 10;
/** Mean time between two final polls of a client, in seconds. */
const FINAL_POLL_INTERVAL_S = 0.2;

export const kafka = defineWorkload({
  name: "kafka",
  doc: "Clients send messages to keys, and poll them in the order of their offsets.",
  operations: kafkaClient,
  // It ends as info, so that the client is replaced.
  mayNeverBeOk: ["crash"],
  generators(context) {
    const { concurrency, any, stagger } = context;
    const offsets = new KnownOffsets();
    const crashes = stagger(CRASH_INTERVAL_S / concurrency, () => crash);
    return {
      main: {
        ...any([sendsPollsAndAssigns(context, offsets), crashes]),
        update: (operation) => offsets.update(operation),
      },
      final: catchUp(context, offsets),
    };
  },
  check: checkKafka,
  summary: {
    valid: "every log kept its messages, in order",
    invalid: (verdict) => `the logs have anomalies (${listIn(verdict, "badErrorTypes")})`,
  },
  early: (verdict) => (hasPermanent(verdict, "badErrorTypes") ? "invalid" : undefined),
  usesKeys: true,
});

type KafkaInvocation = InvocationOf<ReturnType<typeof kafkaClient>>;

const crash = { f: "crash", value: null } as const;
const poll = { f: "poll", value: [["poll"]] } as const;

function sendsPollsAndAssigns(
  options: WorkloadOptions & { readonly random: Random },
  offsets: KnownOffsets,
): () => KafkaInvocation {
  const { random } = options;
  const keys = new KeyPool(random, options);
  let postponed: ReturnType<typeof sendOrPoll> | undefined;
  return () => {
    const next = postponed ?? sendOrPoll(random, keys);
    postponed = undefined;
    if (randomInteger(random, ASSIGN_EVERY) > 0) return next.invocation;
    postponed = next;
    const behind = randomInteger(random, 3) === 0 ? offsets.keysBehind() : [];
    return { f: "assign", value: [...new Set([next.key, ...behind])] };
  };
}

function sendOrPoll(
  random: Random,
  keys: KeyPool,
): { readonly key: string; readonly invocation: KafkaInvocation } {
  const operation = nextMicroOperation(random, keys);
  // Keys of JSON objects are strings, so all keys are strings.
  const key = String(operation.key);
  if (operation.isRead) return { key, invocation: poll };
  return { key, invocation: { f: "send", value: [["send", key, operation.value]] } };
}

/**
 * Final operations: each thread opens a new client, seeks all keys to the beginning, and polls until
 * it has seen the highest offset of each key that was known at the start of this phase.
 */
function catchUp(
  { eachClient, once, phases, stagger, timeLimit }: GeneratorParts<KafkaInvocation>,
  offsets: KnownOffsets,
): Generator<KafkaInvocation> {
  let generator: Generator<KafkaInvocation> | undefined;
  const start = (): Generator<KafkaInvocation> => {
    const highest = new Map(offsets.highest);
    if (highest.size === 0) return { next: () => ({ type: "done" as const }) };
    return timeLimit(
      FINAL_TIME_LIMIT_S,
      eachClient((thread) =>
        phases([
          once(crash),
          once({ f: "assign", value: [...highest.keys()], seekToBeginning: true }),
          stagger(FINAL_POLL_INTERVAL_S, pollUntil(thread, highest)),
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
function pollUntil(
  thread: number,
  highest: ReadonlyMap<string, number>,
): Generator<KafkaInvocation> {
  const missing = new Map(highest);
  let concurrency = 0;
  const polls = clients(() => (missing.size > 0 ? poll : undefined));
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
