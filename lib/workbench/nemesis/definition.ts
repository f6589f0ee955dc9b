/**
 * The definition of a nemesis: what is done to which nodes or links, when, and how it heals.
 *
 * The faults that `--nemesis` names are definitions too; see `faults.ts`.
 */
import type * as v from "valibot";
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import type { Generator, GeneratorLike } from "../clients/generator.ts";
import type { GeneratorParts } from "../clients/generator-parts.ts";
import type { Fields, ReplyLike, ReplyOf } from "../clients/reply.ts";
import type { DiskFault } from "../clusters/simulated-disks.ts";
import type { Operation } from "../history/history.ts";
import type { Grudge } from "../network/grudge.ts";

/** The fields of a nemesis. */
export interface NemesisOptions {
  /**
   * Its name in histories (`start-NAME`, `stop-NAME`), results and reports: letters, digits, `-`, `_`
   * and `.`, first a letter or digit. Defaults to the name of its file, without the extension.
   */
  readonly name?: string;
  /** A sentence that says what it does. It is printed when a test starts. */
  readonly doc: string;
  /** Makes the fault of one test. State belongs in this function: a file is loaded for many tests. */
  readonly fault: FaultPart;
  /**
   * The times of its operations. By default it starts at once, then stops and starts in turn, and the
   * time between two operations is uniform in [0, 2 × `--nemesis-interval`).
   */
  readonly schedule?: (schedule: NemesisSchedule) => GeneratorLike<NemesisInvocation>;
}

/** Marks definitions of every copy of this module: a user's file may bring its own. */
const NEMESIS: unique symbol = Symbol.for("vortex.nemesis");

/** A nemesis that `--nemesis` and `simulate` can inject. */
export interface NemesisDefinition extends NemesisOptions {
  readonly [NEMESIS]: true;
}

/** A definition with its name. */
export type NamedNemesis = NemesisDefinition & { readonly name: string };

/** Makes a fault for one test, such as `kill({ targets: ["one"] })`. */
export type FaultPart = (test: NemesisTest) => Injector;

/** A value, or a promise of it. */
export type Eventually<T> = T | Promise<T>;

/**
 * The operations of a nemesis in one test.
 *
 * The value that an operation returns is stored in the history and shown in the report. It says what
 * was done, best by node, as in `{ n1: "removed" }`. `null` and `{}` say that there was nothing to do.
 *
 * If an operation throws what `test.rpc` threw, such as a timeout, the history gets that error, and
 * the test goes on. Whatever else is thrown ends the test. An operation has 60 s of the test's time.
 */
export interface Injector {
  /** Draws the value of the next start, such as the kind of a partition. */
  draw?(): Json;
  /** Starts the fault, with the value that was drawn. */
  start(drawn: Json): Eventually<Json | undefined>;
  /**
   * Heals what `start` and other operations have done. Called before the final operations, too, and
   * even if nothing was done. If it throws an error of `test.rpc`, it is called again.
   */
  stop(): Eventually<Json | undefined>;
  /** Other operations, which a schedule may emit. In the history, `add` is `add-NAME`. */
  readonly operations?: Readonly<Record<string, () => Eventually<Json | undefined>>>;
  /**
   * How often it has taken effect: messages dropped, nodes killed, ... By default, the number of starts
   * and other operations that did something.
   */
  readonly effectCount?: number;
}

/** A test, as a nemesis sees it. Nodes that it names must be nodes of the test. */
export interface NemesisTest {
  /** The nodes that it may affect. */
  readonly nodes: readonly NodeId[];
  /** The nemesis's own stream of randomness. Take every random choice from here. */
  readonly random: Random;
  /**
   * Chooses the targets of an operation, nodes or links (`n1 -> n2`): draws them, unless the decisions of
   * a replayed run name others.
   */
  choose(draw: () => readonly string[]): readonly string[];
  /** The operations so far, of clients and of all nemeses. */
  readonly history: readonly Operation[];
  /** Milliseconds since clock zero. */
  nowMs(): number;
  /** Waits. No other nemesis acts before this operation ends. */
  sleep(ms: number): Promise<void>;
  /**
   * Sends a request, as a client does, and resolves with the reply, parsed by its schema. Unless that is
   * a whole schema, the reply's type is the request's with `_ok`. Partitions do not affect it.
   *
   * @param reply Any reply without an error, by default.
   * @param timeoutMs How long to wait for the reply, in ms; 1000 by default.
   * @throws {RpcError} when the node replies with an error, or not in time: then
   *   `isRpcError(error, "timeout")`.
   * @throws {MalformedReply} when the reply does not match the schema.
   */
  rpc<const R extends ReplyLike = AnyReply>(
    node: NodeId,
    body: { readonly type: string } & Fields,
    reply?: R,
    timeoutMs?: number,
  ): Promise<ReplyOf<R>>;
  /** Whether no nemesis keeps a node down or paused. */
  isUp(node: NodeId): boolean;
  /**
   * Kills a node (SIGKILL). Returns whether it was running.
   *
   * @throws {Error} with `losesDisk`, when the nodes are processes.
   */
  kill(node: NodeId, options?: KillOptions): boolean;
  /**
   * Restarts a node that this nemesis killed, and resolves when it has replied to `init`. Resolves with
   * false if another nemesis keeps it down.
   */
  restart(node: NodeId): Promise<boolean>;
  /** Pauses a node (SIGSTOP). Messages to it wait. Returns whether it was running. */
  pause(node: NodeId): boolean;
  /** Resumes a node that this nemesis paused. Returns whether it did. */
  resume(node: NodeId): boolean;
  /**
   * Makes a fault of disks, which takes the place of others on the same disk.
   *
   * @throws {Error} when the nodes are processes: only simulated disks fail.
   */
  diskFault(): DiskFaultControl;
  /** Makes a set of cuts, which adds to those of others. */
  cuts(): Cuts;
  /** Makes a fault of single messages, which adds to others. */
  messageFault(kind: MessageFaultKind): MessageFaultControl;
}

/** Any reply. */
export type AnyReply = v.GenericSchema<unknown, { readonly [field: string]: unknown }>;

/** Options of {@link NemesisTest.kill}. */
export interface KillOptions {
  /** Whether the node's disk loses everything, as when a new one takes the place of a broken one. */
  readonly losesDisk?: boolean;
}

/** A fault of the disks of nodes. */
export interface DiskFaultControl {
  /**
   * Makes the syncs of a node's disk `slow`, fail (`full`, `failed`), or wait until the fault heals
   * (`stalled`). What was synced stays readable.
   */
  set(node: NodeId, kind: DiskFault): void;
  /** Ends all faults of disks. */
  heal(): void;
  /** Number of syncs that were affected. */
  readonly count: number;
}

/** Links between nodes that are cut. */
export interface Cuts {
  /** Cuts links, in place of those cut before: blocked senders, by receiver. */
  set(grudge: Grudge): void;
  /** Ends all cuts. */
  heal(): void;
  /** Number of messages that were dropped. */
  readonly count: number;
}

/** `loss` drops messages, `duplicate` delivers them twice, `slow` multiplies their mean latency. */
export type MessageFaultKind = "loss" | "duplicate" | "slow";

/** A fault of single messages. */
export interface MessageFaultControl {
  /**
   * Starts the fault, in place of the one before.
   *
   * @param value Fraction of the messages, or the factor on the latency.
   * @param affects The links that it affects; by default all, for `slow` also those of services.
   */
  set(value: number, affects?: (src: NodeId, dest: NodeId) => boolean): void;
  /** Ends the fault. */
  heal(): void;
  /** Number of messages that were affected. */
  readonly count: number;
}

/** An operation that a schedule emits: `"start"`, `"stop"`, or one of the fault's own. */
export interface NemesisInvocation {
  readonly f: string;
}

/**
 * The parts of a schedule. Phases wait for the nemesis only, not for clients.
 *
 * @example
 * schedule: ({ phases, sleep, once }) =>
 *   phases([sleep(5), once({ f: "start" }), sleep(10), once({ f: "stop" })]);
 */
export interface NemesisSchedule extends Omit<GeneratorParts<NemesisInvocation>, "eachClient"> {
  /** Starts and stops in turn, without end: one whenever it is asked. */
  readonly alternating: Generator<NemesisInvocation>;
  /** `--nemesis-interval`: mean time between two operations, in seconds. */
  readonly intervalS: number;
  /** The nemesis's own stream of randomness. */
  readonly random: Random;
}

/** A nemesis, or one of its parts, is defined wrongly. */
export class InvalidNemesis extends Error {
  override readonly name = "InvalidNemesis";

  /** @param caller The public function: the stack trace starts at its caller. */
  constructor(message: string, caller: (...args: never[]) => unknown) {
    super(message);
    Error.captureStackTrace(this, caller);
  }
}

const NAME = /^[a-z0-9][\w.-]*$/i;
const FIELDS: ReadonlySet<string> = new Set(["name", "doc", "fault", "schedule"]);

/**
 * Defines a nemesis. Export it from a file, and name the file in `--nemesis`.
 *
 * @throws {InvalidNemesis} when a field is missing, unknown or of the wrong type.
 * @example
 * export const killLeader = defineNemesis({
 *   name: "kill-leader",
 *   doc: "Kills the node that leads, and restarts it.",
 *   fault: kill({ targets: [leader] }),
 * });
 */
export function defineNemesis(options: NemesisOptions): NemesisDefinition {
  const { name, doc, fault, schedule } = options;
  const unknown = Object.keys(options).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) {
    refuse(`A nemesis has no field "${unknown}", only ${[...FIELDS].join(", ")}`);
  }
  if (name !== undefined && !isName(name)) refuse(describeWrongName(name));
  if (typeof doc !== "string" || doc.trim() === "") {
    refuse("A nemesis needs a doc: what it does, in a sentence");
  }
  if (typeof fault !== "function") {
    refuse("A nemesis needs a fault, such as kill() or (test) => ({ start, stop })");
  }
  if (schedule !== undefined && typeof schedule !== "function") {
    refuse("The schedule of a nemesis must be a function that returns a generator");
  }
  return { ...options, [NEMESIS]: true };
}

function refuse(problem: string): never {
  throw new InvalidNemesis(problem, defineNemesis);
}

/** Whether histories can hold a name. */
export function isName(name: unknown): boolean {
  return typeof name === "string" && NAME.test(name);
}

export function describeWrongName(name: unknown): string {
  return `"${name}" cannot be the name of a nemesis. Use letters, digits, "-", "_" and ".", first a letter or digit`;
}

/** Whether a value was made by {@link defineNemesis}, of any copy of this module. */
export function isNemesis(value: unknown): value is NemesisDefinition {
  return typeof value === "object" && value !== null && NEMESIS in value;
}
