/**
 * Workloads as files: what clients ask of nodes, in which order, and how the answers are checked.
 *
 * `defineWorkload` turns a definition into a workload. The ten workloads of Maelstrom are written with
 * it, and so are those that users write (`vortex/workload`).
 */
import type * as v from "valibot";
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import type { Checker } from "../checkers/checker.ts";
import type { ConvergenceVerdict, Replica } from "../checkers/convergence/index.ts";
import type { Atom } from "../checkers/elle/transactions.ts";
import type { RequestError } from "../clients/client-errors.ts";
import type { GeneratorLike, Invocation, InvocationLike } from "../clients/generator.ts";
import type { GeneratorParts } from "../clients/generator-parts.ts";
import type { Fields, ReplyLike, ReplyOf } from "../clients/reply.ts";
import type { History, Operation as HistoryEntry } from "../history/history.ts";
import type { WorkloadOptions } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { InvalidWorkload, problemOf } from "./require-definition.ts";
import type { EarlyCheck, Summary } from "./summary.ts";

/** The test that a workload is part of. */
export interface TestContext<Options> extends WorkloadOptions {
  /** The workload's own options. */
  readonly options: Options;
}

/** The inputs of a client. */
export interface ClientContext<Options> extends TestContext<Options> {
  /** Name of the client on the network: `"c7"`. */
  readonly client: NodeId;
  /**
   * Handles the messages of a type that nodes send to this client. What the handler returns is the
   * reply; its type is that of the message with `_ok`, unless it says otherwise. A message without
   * `msg_id` gets none. A message that does not fit is answered with error 12 (malformed-request).
   *
   * @param fields Fields of the message, with a valibot schema each, or a whole schema.
   * @throws {Error} when the type has a handler already.
   */
  handle<const R extends ReplyLike>(
    type: string,
    fields: R,
    // biome-ignore lint/suspicious/noConfusingVoidType: a handler may return nothing.
    handler: (body: ReplyOf<R>, node: NodeId) => Fields | void,
  ): void;
}

/** The inputs of generators, and what they are built from. */
export interface GeneratorContext<Options, I extends InvocationLike>
  extends TestContext<Options>,
    GeneratorParts<I> {
  /** The workload's own stream of randomness: the same seed gives the same operations. */
  readonly random: Random;
}

/** A client and the node that it asks. */
export interface Connection {
  readonly node: NodeId;
  readonly nodeIds: readonly NodeId[];
  /**
   * Sends a request and resolves with the reply, parsed by its schema. Unless that is a whole schema,
   * the reply's type is the request's with `_ok`.
   *
   * @param timeoutMs How long to wait for the reply, in ms; 5000 by default.
   * @throws what the node answered as an error, or that it did not answer. Not caught, it decides how
   *   the operation completes.
   */
  rpc<const R extends ReplyLike>(
    node: NodeId,
    body: { readonly type: string } & Fields,
    reply: R,
    timeoutMs?: number,
  ): Promise<ReplyOf<R>>;
}

/** The means of a client in an operation, whose node the workload's `nodes` has chosen. */
export interface OperationContext extends Connection {
  /** The operation as the generator emitted it. */
  readonly invocation: Invocation;
  /** Sends a message that asks for no reply. */
  send(node: NodeId, body: { readonly type: string } & Fields): void;
  /** Waits, in ms of the test's time. */
  sleep(durationMs: number): Promise<void>;
  /**
   * Waits until a condition holds. It is checked at once, and after each message that the client has
   * handled.
   *
   * @param timeoutMs How long to wait, in ms; 5000 by default.
   * @throws as `rpc` does without a reply.
   */
  until(condition: () => boolean, timeoutMs?: number): Promise<void>;
}

/** Chooses the node of an operation. */
export type Routing<Options, I extends InvocationLike> =
  /** Thread i asks node i modulo the number of nodes. */
  | "all"
  /**
   * Each thread stays with its node while that answers, even that a key does not exist or that a
   * transaction conflicts (codes 20, 21, 22 and 30). After any other error or a timeout it goes on to the
   * next node.
   */
  | "last-ok"
  | ((choice: NodeChoice<Options, I>) => NodeId);

/** The inputs of a function that chooses the node of an operation. */
export interface NodeChoice<Options, I extends InvocationLike> extends TestContext<Options> {
  /** Number of the client thread, from 0. */
  readonly thread: number;
  readonly invocation: I;
  /** The thread's last operation: its node, and how it ended. `undefined` before the first. */
  readonly last: LastOperation | undefined;
}

/** The end of a thread's last operation. */
export type LastOperation = Pick<HistoryEntry, "f" | "type" | "value" | "error"> & {
  readonly node: NodeId;
};

/** Properties of all kinds of operations. */
interface Operating<V> {
  /** Whether it has no effect, so that it fails if its outcome is unknown. Reads are idempotent. */
  readonly idempotent?: boolean;
  /**
   * Decides how an operation completes after an error. `undefined` leaves it to the protocol: a definite
   * error fails the operation, any other makes its outcome unknown.
   */
  onError?(error: RequestError, value: V): Outcome | undefined;
}

/** An operation that clients carry out, with an argument of type `V`. */
export interface Operation<V extends Json> extends Operating<V> {
  /** Carries out the operation. Resolves with its result. */
  run(context: OperationContext, value: V): Promise<Json | Outcome>;
}

/** Operations by name, of any arguments. */
export type Operations = { readonly [f: string]: Operation<never> };

/** The fields of {@link rpc}. */
export interface RpcDefinition<V extends Json, R extends ReplyLike> extends Operating<V> {
  /**
   * Makes the fields of the request's body from the operation's argument. Its type is the operation's
   * name, unless the fields have one.
   */
  request?(value: V): Fields;
  /** Fields of the reply. None by default. */
  readonly reply?: R;
  /** The operation's result: a value, or an outcome such as `fail("...")`. The argument by default. */
  outcome?(reply: ReplyOf<R>, value: V): Json | Outcome;
  /** How long the client waits for the reply, in ms; 5000 by default. */
  readonly timeoutMs?: number;
}

/**
 * An operation that is one request to one node.
 *
 * @example
 * rpc({
 *   request: ({ from, to, amount }: Transfer) => ({ from, to, amount }),
 *   reply: { balance: v.number() },
 *   outcome: ({ balance }, transfer) => ({ ...transfer, balance }),
 * });
 */
export function rpc<V extends Json = null, const R extends ReplyLike = Record<never, never>>({
  request = () => ({}),
  reply,
  outcome = (_, value) => value,
  timeoutMs,
  ...operating
}: RpcDefinition<V, R>): Operation<NoInfer<V>> {
  // Forced: without a reply, R is the default.
  const schema = reply ?? ({} as R);
  return {
    ...operating,
    async run(context, value) {
      const body = { type: context.invocation.f, ...request(value) };
      return outcome(await context.rpc(context.node, body, schema, timeoutMs), value);
    },
  };
}

/** The fields of {@link operation}. */
export interface OperationDefinition<V extends Json> extends Operating<V> {
  /** Carries out the operation: any number of requests, to any nodes. Resolves with the result. */
  run(context: OperationContext, value: V): Promise<Json | Outcome>;
}

/**
 * An operation of several requests, or of none.
 *
 * An error that `run` does not catch decides how the operation completes, whichever request it answers.
 * If an earlier request may have had an effect, catch a definite error, and return `info()`: the
 * operation has not certainly failed.
 */
export function operation<V extends Json = null>(
  definition: OperationDefinition<V>,
): Operation<NoInfer<V>> {
  return definition;
}

/** The invocations of these operations, as generators emit them. */
export type InvocationOf<Ops> = {
  [F in keyof Ops & string]: Ops[F] extends Operation<infer V>
    ? [V] extends [null]
      ? { readonly f: F; readonly value?: null } & Flags
      : { readonly f: F; readonly value: V } & Flags
    : never;
}[keyof Ops & string];

/** The optional fields of an invocation. */
export type Flags = Pick<InvocationLike, "final" | "seekToBeginning">;

/** Operations of the clients, by phase. */
export interface Generators<I extends InvocationLike> {
  /** Operations before the main phase, without faults. */
  readonly initial?: GeneratorLike<I>;
  /** Operations of the main phase; `--rate` spaces them. */
  readonly main: GeneratorLike<I>;
  /** Operations after the faults have healed and the nodes have recovered. */
  readonly final?: GeneratorLike<I>;
}

/** The fields of {@link defineWorkload}. */
export interface WorkloadDefinition<
  Ops extends Operations,
  Entries extends v.ObjectEntries = Record<never, never>,
> {
  /** Name in results; by default that of the file. */
  readonly name?: string;
  /** The help of the workload: what the nodes do, and what is checked. */
  readonly doc?: string;
  /** Options of its own: valibot schemas, each with a default. */
  readonly options?: Entries;
  /**
   * The operations by name. A function is called for each client, and holds the client's state. A client
   * is replaced after an operation whose outcome is unknown.
   */
  readonly operations: Ops | ((context: ClientContext<OptionsOf<Entries>>) => Ops);
  /** Called once for each node, before the clients start; its requests are not in the history. */
  setUp?(connection: Connection, context: TestContext<OptionsOf<Entries>>): Promise<void>;
  /** Makes the generators of a test, which hold their own state. */
  generators(
    context: GeneratorContext<OptionsOf<Entries>, InvocationOf<Ops>>,
  ): Generators<InvocationOf<Ops>>;
  /** Judges the history. */
  readonly check: Checker;
  /** The node of each operation; `"all"` by default. */
  readonly nodes?: Routing<OptionsOf<Entries>, InvocationOf<Ops>>;
  /** Says why the options do not fit the workload, if so. */
  refuse?(context: TestContext<OptionsOf<Entries>>): string | undefined;
  /**
   * Whether errors and timeouts decide how an operation completes; `true` by default. If not, the
   * outcome of the operation is unknown after any.
   */
  readonly usesProtocolErrors?: boolean;
  /**
   * Operations that need not ever be `ok`, such as one that always ends as `info`. By default, a test is
   * invalid if all operations with one name failed or had an unknown outcome.
   */
  readonly mayNeverBeOk?: readonly NoInfer<keyof Ops & string>[];
  /** Whether a client goes on after an operation whose outcome is unknown; `false` by default. */
  readonly keepsClient?: boolean;
  /** The meaning of the verdicts, in a clause. */
  readonly summary?: Summary;
  /**
   * Reads a verdict on the operations so far, while a test runs. `"permanent"` is for checkers whose
   * anomalies no later operation removes. By default, the history is checked at the end only.
   */
  readonly early?: "permanent" | EarlyCheck;
  /** Whether operations depend on `keyCount` and `maxTxnLength`, so that `--shrink` reduces them. */
  readonly usesKeys?: boolean;
  /** Compares the final states of all nodes, for `--converge`. */
  readonly convergence?: Convergence;
}

/** Reads and compares the final states of nodes, outside the history. */
export interface Convergence {
  /**
   * Reads a node's state, for all keys of the history.
   *
   * @throws the errors of the client's requests.
   */
  read(connection: Connection, history: History): Promise<ReadonlyMap<Atom, Json>>;
  /** Compares the states. */
  check(history: History, replicas: readonly Replica[]): ConvergenceVerdict;
}

/** The values of a workload's own options. */
export type OptionsOf<Entries extends v.ObjectEntries> = v.InferOutput<
  v.ObjectSchema<Entries, undefined>
>;

/** Marks workloads of every copy of this module: a user's file may bring its own. */
const WORKLOAD = Symbol.for("vortex.workload");

/** A workload as {@link defineWorkload} returns it, its types erased. */
export interface DefinedWorkload
  extends Pick<
    WorkloadDefinition<Operations, v.ObjectEntries>,
    | "name"
    | "doc"
    | "options"
    | "check"
    | "usesProtocolErrors"
    | "keepsClient"
    | "mayNeverBeOk"
    | "convergence"
    | "summary"
    | "early"
    | "usesKeys"
  > {
  readonly [WORKLOAD]: true;
  /** See {@link WorkloadDefinition}, as for the following. */
  readonly operations: Operations | ((context: never) => Operations);
  /** The routing. */
  readonly nodes?: "all" | "last-ok" | ((choice: never) => NodeId);
  /** Sets up a node. */
  setUp?(connection: Connection, context: never): Promise<void>;
  /** Makes the generators of a test. */
  generators(context: never): Generators<InvocationLike>;
  /** Says why the options do not fit. */
  refuse?(context: never): string | undefined;
}

/**
 * Defines a workload.
 *
 * @example
 * export const counter = defineWorkload({
 *   doc: "Clients add numbers; in the end every node reads their sum.",
 *   operations: {
 *     add: rpc({ request: (delta: number) => ({ delta }) }),
 *     read: rpc({ reply: { value: v.number() }, outcome: ({ value }) => value, idempotent: true }),
 *   },
 *   generators: ({ random, mix, eachClient, once }) => ({
 *     main: mix([
 *       () => ({ f: "add", value: randomInteger(random, 10) }),
 *       [2, () => ({ f: "read" })],
 *     ]),
 *     final: eachClient(() => once({ f: "read", final: true })),
 *   }),
 *   check: counter(),
 * });
 *
 * @throws {InvalidWorkload} when a field is unknown, missing, or of another kind.
 */
export function defineWorkload<
  const Ops extends Operations,
  Entries extends v.ObjectEntries = Record<never, never>,
>(definition: WorkloadDefinition<Ops, Entries>): DefinedWorkload {
  const problem = problemOf(definition, FIELDS);
  if (problem !== undefined) throw new InvalidWorkload(problem, defineWorkload);
  return { ...definition, [WORKLOAD]: true };
}

const FIELDS = [
  "name",
  "doc",
  "options",
  "operations",
  "setUp",
  "generators",
  "check",
  "nodes",
  "refuse",
  "usesProtocolErrors",
  "keepsClient",
  "mayNeverBeOk",
  "summary",
  "early",
  "usesKeys",
  "convergence",
] as const satisfies readonly (keyof WorkloadDefinition<Operations>)[];

/** Whether a value is a workload, of any copy of this module. */
export function isWorkload(value: unknown): value is DefinedWorkload {
  return typeof value === "object" && value !== null && WORKLOAD in value;
}
