/**
 * Decisions: what chance decided in a simulated run, as data that can be stored, edited and replayed.
 *
 * A program, the options of a test and a seed determine a run. Decisions override what the seed would
 * have decided: which operations clients invoke and when, which faults happen when and to which nodes,
 * and what happens to each message. They are recorded from a run; replayed unchanged, they give the same
 * history, to the byte.
 *
 * **Editing.** Any edit that fits the schema gives a deterministic run. It stays local: what no decision
 * covers is drawn from a stream of its own for each node, link and client, so that other messages keep
 * their delays. What fits nothing in the run (an operation of a client that does not exist, the tenth
 * message of a link with nine) is ignored and counted. Edits that keep a run fair to the program:
 *
 * - remove, add, move or change operations of `main`, and remove or change those of `final`;
 * - remove a start together with its stop; remove, add or move such pairs, and change their targets. All
 *   faults are stopped after `main`, whatever `main` says;
 * - remove an entry of `messages` (that message is then delivered once, after the mean latency), or
 *   change its latency. Lose (`[]`) or duplicate (`[0, 5000000]`) a message only if the nemesis of the test
 *   includes `loss` or `duplicate`: otherwise the test promises reliable links;
 * - make a delay longer: a timer that fires late, a pipe that is read late;
 * - shorten `lengthNs`; what is due later is ignored.
 *
 * **What if.** `interventions` are changes that a person makes to a run: a lost message, a killed node, cut links. The
 * run is the same, to the byte, until the first of them takes effect. With `base: "seed"` they are all that a
 * file needs: the rest is what the seed decides.
 */
import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { Json } from "./schemas.ts";

/** An integer that JavaScript keeps exactly, of at least 0. */
const Natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** An operation that a client invokes. */
const ClientOperation = v.strictObject({
  /**
   * Nanoseconds since clock zero; in the final phase, since its beginning. It is late if its thread is
   * busy.
   */
  atNs: Natural,
  /** The client thread, from 0. */
  thread: Natural,
  /** The node that it is sent to. */
  node: v.string(),
  f: v.string(),
  value: Json,
  final: v.exactOptional(v.boolean()),
  seekToBeginning: v.exactOptional(v.boolean()),
});
export type ClientOperation = v.InferOutput<typeof ClientOperation>;

/** An operation of the nemesis. */
const FaultOperation = v.strictObject({
  /** Nanoseconds since clock zero. It is late if the nemesis is busy. */
  atNs: Natural,
  thread: v.literal("nemesis"),
  /** `start-kill`, `stop-kill`, or an operation of a user's nemesis. */
  f: v.string(),
  /** The value that the fault drew, such as the kind of a partition; as in the history. */
  value: Json,
  /**
   * The nodes that it affects, or the links that it cuts, as `n1 -> n2`: what n1 sends to n2 is
   * dropped. Absent if a user's function picks them, or if they are drawn.
   */
  targets: v.exactOptional(v.array(v.string())),
  /** Time from its beginning until it affects them, in ns, if it waited for a moment. */
  waitNs: v.exactOptional(Natural),
});
export type FaultOperation = v.InferOutput<typeof FaultOperation>;
export type DecidedOperation = ClientOperation | FaultOperation;

/**
 * The latencies of the copies of a message that are delivered, in ns: `[]` is lost, `[40000000]` is delivered
 * after 40 ms, `[0, 40000000]` twice.
 */
const Fate = v.pipe(
  v.array(v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e15))),
  v.maxLength(10),
);
export type Fate = readonly number[];

/** Of a message: its link, and its number on it, from 0. Every message counts, also those of clients. */
const onMessage = { link: v.string(), number: Natural };
/** Of a node, at a time in ns since clock zero. */
const onNode = { atNs: Natural, node: v.string() };

/**
 * A change by hand. A message that it delays, and a copy, do not keep other messages from the
 * receiver. Faults of nodes and links are undone when those of the nemesis are, before the final operations.
 */
const Intervention = v.variant("do", [
  v.strictObject({ do: v.literal("drop"), ...onMessage }),
  /** Adds to its latency, in ns. */
  v.strictObject({ do: v.literal("delay"), ...onMessage, byNs: Natural }),
  /** Delivers a copy, so many ns after the message. */
  v.strictObject({ do: v.literal("duplicate"), ...onMessage, byNs: Natural }),
  v.strictObject({ do: v.literal("kill"), ...onNode }),
  v.strictObject({ do: v.literal("restart"), ...onNode }),
  v.strictObject({ do: v.literal("pause"), ...onNode }),
  v.strictObject({ do: v.literal("resume"), ...onNode }),
  /** Links, as `n1 -> n2`, also to and from services. */
  v.strictObject({ do: v.literal("cut"), atNs: Natural, links: v.array(v.string()) }),
  /** Heals all links that interventions have cut. */
  v.strictObject({ do: v.literal("heal"), atNs: Natural }),
]);
export type Intervention = v.InferOutput<typeof Intervention>;
export type MessageIntervention = Extract<Intervention, { link: string }>;
export type FaultIntervention = Exclude<Intervention, MessageIntervention>;

/** Maximum number of interventions: they are made by hand. */
const MAX_INTERVENTIONS = 1000;

/** A delay in ns. `null` is drawn. */
const Delays = v.array(v.nullable(Natural));

export const Decisions = v.strictObject({
  version: v.literal(1),
  /**
   * Fills in what is absent: a run without decisions is carried out first, and what the seed decides in it
   * is taken.
   */
  base: v.exactOptional(v.literal("seed")),
  interventions: v.exactOptional(v.pipe(v.array(Intervention), v.maxLength(MAX_INTERVENTIONS))),
  /** The main phase. Absent: the generators of the workload and of the nemesis decide. */
  main: v.exactOptional(
    v.strictObject({
      /** Its length, in ns. It ends when the operations in flight do. */
      lengthNs: Natural,
      /** Those of the same time are in order. */
      operations: v.array(v.union([ClientOperation, FaultOperation])),
    }),
  ),
  /** The phase after all faults were stopped. Its beginning is the end of the last stop. */
  final: v.exactOptional(
    v.strictObject({ lengthNs: Natural, operations: v.array(ClientOperation) }),
  ),
  /**
   * The messages between servers that are not delivered once after the mean latency: by link, as
   * `n1 -> n2`, and by their number on that link, from 0. Absent: latencies, losses and duplicates are
   * drawn.
   */
  messages: v.exactOptional(v.record(v.string(), v.record(v.string(), Fate))),
  /**
   * Whether each message arrives exactly after its latency, which is 0 if it is not listed; so in runs
   * with `--search order`; fractions of a nanosecond order those that arrive together. Otherwise a receiver waits for the message that is due first, as in Maelstrom.
   */
  exactLatencies: v.exactOptional(v.literal(true)),
  /**
   * The other draws of a run without decisions, from streams that all parts share. Absent: each part
   * draws from a stream of its own.
   */
  draws: v.exactOptional(
    v.strictObject({
      /**
       * Additions of chance to delays, in ns: the n-th number of a part is that of its n-th delay. `timers
       * n1` is how late its timers fire; `pipe c1 -> n1 in` and `out` are the times until a pipe is
       * read. `"mean"`: every delay is the mean one.
       */
      delays: v.exactOptional(v.union([v.literal("mean"), v.record(v.string(), Delays)])),
      /** By node, the stream of randomness of each of its starts. */
      starts: v.exactOptional(v.record(v.string(), v.array(Natural))),
      /** By nemesis of a user, the numbers that its operations drew from `test.random`. */
      nemeses: v.exactOptional(v.record(v.string(), v.array(v.number()))),
    }),
  ),
});
export type Decisions = v.InferOutput<typeof Decisions>;

/** Whether an intervention changes a message. */
export function isMessageIntervention(
  intervention: Intervention,
): intervention is MessageIntervention {
  return "link" in intervention;
}

/** Fills in what decisions leave to the run without them. */
export function completed({ base: _, ...given }: Decisions, recorded: Decisions): Decisions {
  if (given.messages === undefined) return { ...recorded, ...given };
  const messages = { ...recorded.messages };
  for (const [link, fates] of Object.entries(given.messages)) {
    messages[link] = { ...messages[link], ...fates };
  }
  return { ...recorded, ...given, messages };
}

/** The name of a link in decisions. */
export function linkName(src: string, dest: string): string {
  return `${src} -> ${dest}`;
}

/** Returns the sender and the receiver of a link, `undefined` if a text does not name one. */
export function parseLink(name: string): readonly [src: string, dest: string] | undefined {
  const [src, dest, ...rest] = name.split(" -> ");
  return src === undefined || dest === undefined || rest.length > 0 ? undefined : [src, dest];
}

/** The version of the format that this file describes. */
export const DECISIONS_VERSION = 1;

/**
 * Reads decisions from JSON.
 *
 * @throws {SyntaxError | TypeError} that says what is wrong with them.
 */
export function parseDecisions(value: unknown): Decisions {
  const result = v.safeParse(Decisions, value);
  if (result.success) return result.output;
  const version = v.safeParse(v.object({ version: v.number() }), value);
  if (version.success && version.output.version !== DECISIONS_VERSION) {
    throw new TypeError(
      `They have version ${version.output.version}, but this program reads version ${DECISIONS_VERSION}. Record them again`,
    );
  }
  throw new TypeError(describeIssues(result.issues));
}
