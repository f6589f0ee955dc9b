/**
 * A node of a distributed system: no networking, no clock, no randomness of its own.
 *
 * Messages and timers go in, messages come out; everything else comes from the `Host`. So the same
 * program runs as a process on stdin and stdout, and in a simulation.
 *
 * @see Maelstrom protocol, "Messages", "Initialization", "Errors"
 */
import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { isRpcError, RpcError } from "../protocol/errors.ts";
import { type Schema, safeParse } from "../protocol/fast-parse.ts";
import { parseJson, stringifyJson } from "../protocol/json.ts";
import {
  type AnyBody,
  bodySchema,
  type Init,
  initSchema,
  isInit,
  isJsonInteger,
  type Message,
  type MessageId,
  type NodeId,
  topologySchema,
} from "../protocol/message.ts";
import { quote, shorten } from "../protocol/shorten.ts";
import { type AssertionDetails, Assertions } from "./assertions.ts";
import { errorText, errorTextWithPlace, errorTrace } from "./error-text.ts";
import type { Cancel, Disk, Host } from "./host.ts";
import { type Identity, identityOf, requireSameIdentity, UNNAMED } from "./identity.ts";
import { requireMilliseconds } from "./milliseconds.ts";
import { PendingRpcs, type RpcOptions, type RpcResult, type SyncRpcOptions } from "./rpc.ts";
import { Log, NO_DISK, Storage } from "./storage.ts";
import { Timers } from "./timers.ts";

/** A message passed to a handler; `body` is the output of the handler's schema. */
export interface Request<Body = unknown> {
  readonly src: NodeId;
  readonly dest: NodeId;
  /** The id that a reply refers to. A message without one gets no reply. */
  readonly msg_id: MessageId | undefined;
  readonly body: Body;
  /** Whether it has been replied to: clients accept one reply per request. */
  readonly answered: boolean;
}

/** A body to send: a type, and any fields that JSON can hold. */
export type OutgoingBody = { readonly type: string; readonly [field: string]: unknown };

/**
 * Handles messages of one type. Returns the body of the reply, or a promise of it; or nothing, if the
 * message needs no reply or {@link Node.reply} sends it.
 */
export type Handler<Body> = (
  request: Request<Body>,
  // biome-ignore lint/suspicious/noConfusingVoidType: asynchronous handlers may return nothing, too.
) => OutgoingBody | void | Promise<OutgoingBody | void>;

const DEFAULT_TIMEOUT_MS = 1000;
const MAX_ERROR_TEXT_LENGTH = 500;

interface Registration {
  readonly schema: Schema;
  readonly handler: Handler<unknown>;
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/**
 * One node: its identity, its handlers, and the messages it sends.
 *
 * The node itself replies to `init` and `topology`. The first `init` gives it its name for life and
 * runs its program. A repeated `init` gets `init_ok` and changes nothing; one with another name or
 * other nodes gets `precondition-failed` (22). All other requests go to the handler of their type. The
 * node replies `not-supported` (10) to a type without a handler, `malformed-request` (12) to a body
 * that the handler's schema refuses, `temporarily-unavailable` (11) to a request before `init`.
 *
 * The `dest` of a message is not compared with the node's name: delivery is up to the network.
 *
 * @example
 * function echo(node: Node): void {
 *   node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => ({
 *     type: "echo_ok",
 *     echo: body.echo,
 *   }));
 * }
 */
export class Node {
  readonly #host: Host;
  readonly #program: (node: Node) => unknown;
  readonly #handlers = new Map<string, Registration>();
  readonly #rpcs: PendingRpcs;
  readonly #timers: Timers;
  readonly #assertions: Assertions;
  /** The node's own handler, unless the program has one. */
  #topologyRegistration: Registration | undefined;
  #isInitialized = false;
  #identity = UNNAMED;
  #neighbours: readonly NodeId[] = [];
  /** Messages that the program sends while it runs; `undefined` at any other time. */
  #outbox: Message[] | undefined;
  /** Settles when `init_ok` may leave, if the program delays it. */
  #readiness: Promise<unknown> | undefined;
  #storage: Storage | undefined;
  #incarnation: string | undefined;
  #lastGeneratedId = 0;
  #runningTasks = 0;
  #onIdle: (() => void) | undefined;

  /** @param program Runs when `init` arrives, with this node. */
  constructor(host: Host, program: (node: Node) => unknown) {
    this.#host = host;
    this.#program = program;
    this.#timers = new Timers(host.clock, () => this.#noticeIdle());
    this.#rpcs = new PendingRpcs({
      clock: host.clock,
      send: (dest, body) => this.#send(dest, body),
      log: (text) => this.log(text),
      onEnd: () => this.#noticeIdle(),
    });
    this.#assertions = new Assertions(host.assertions, (text) => this.log(text));
  }

  /** The name of this node, such as `"n0"`. */
  get id(): NodeId {
    return this.#identity.id;
  }

  /** The names of all nodes, this one included, in an order that all nodes share. */
  get nodeIds(): readonly NodeId[] {
    return this.#identity.nodeIds;
  }

  /** The names of all other nodes. */
  get peers(): readonly NodeId[] {
    return this.#identity.peers;
  }

  /**
   * The neighbours of this node in the last `topology` message, in its order; all peers before that.
   *
   * Names that are not a peer's are left out.
   */
  get neighbours(): readonly NodeId[] {
    return this.#neighbours;
  }

  /**
   * The durable log of this node: what a program stores here is there when it is killed and restarted.
   *
   * In a process it is a file in the directory `DIR/<id>` of `--data DIR`, or in the one that the
   * workbench gives. Without either, as with a host that has no disk, nothing is stored, and the node
   * logs so once. A program that does not use it pays nothing: the file is opened on first use.
   *
   * @throws {StorageError} when the directory cannot be used.
   */
  get storage(): Storage {
    this.#storage ??= new Storage(new Log(this.#openDisk()));
    return this.#storage;
  }

  /** Milliseconds since some fixed moment. Never decreases, even if the wall clock is set back. */
  nowMs(): number {
    return this.#host.clock.nowMs();
  }

  /** A random number in [0, 1). */
  random(): number {
    return this.#host.random.next();
  }

  /** Logs a text (to stderr in a process). */
  log(text: string): void {
    this.#host.logger.log(text);
  }

  /**
   * Registers the handler of one type of messages.
   *
   * The schema parses the whole body; its output is `request.body`. The handler returns the body of
   * the reply, or a promise of it. A handler that returns nothing may call {@link reply} later, or
   * never. It may throw an {@link RpcError} to reply with that error. Any other error, of the handler
   * or the schema, is logged with its stack trace, and the reply is `crash` (13).
   *
   * @param type The `type` of the body. For `topology`, replaces the node's own handler.
   * @throws {Error} when the type has a handler already, or is `init`.
   */
  handle<S extends Schema>(type: string, schema: S, handler: Handler<v.InferOutput<S>>): void {
    if (type === "init") {
      throw new Error('Cannot register handler for "init": the node answers it itself');
    }
    if (this.#handlers.has(type)) {
      throw new Error(`Cannot register handler for "${type}": one is already registered`);
    }
    this.#handlers.set(type, registration(schema, handler));
  }

  /**
   * Registers the handler of one type of messages that nodes send each other.
   *
   * Like {@link handle}, but replies `malformed-request` (12) to a sender that is not a peer: a client,
   * the node itself, an unknown name. So state kept per sender is bounded by the number of nodes.
   *
   * @throws {Error} when the type has a handler already, or is `init`.
   */
  handlePeer<S extends Schema>(type: string, schema: S, handler: Handler<v.InferOutput<S>>): void {
    this.handle(type, schema, (request) => {
      if (!this.peers.includes(request.src)) {
        const text = `Nodes send each other ${quote(type)}, but ${quote(request.src)} is not a peer`;
        throw new RpcError("malformed-request", text);
      }
      return handler(request);
    });
  }

  /**
   * Asserts that a condition holds whenever the program gets here.
   *
   * A failure makes a simulation invalid, with the name, the node and the moment, and fails a test of
   * the test kit. Otherwise the program runs on: in a process the first failure of a name is logged
   * with its stack trace, and the others are counted.
   *
   * @param name A short sentence, always the same: `"offsets are given out in order"`.
   * @param details Values that explain a failure. A function is called for the first one only.
   *
   * @example
   * node.always(sent <= length, "no more is sent than the log holds", { sent, length });
   */
  always(condition: boolean, name: string, details?: AssertionDetails): void {
    if (this.#host.assertions !== undefined) this.#assertions.evaluate("always", name, condition);
    if (!condition) this.#assertions.fail("always", name, this.id, details, this.always);
  }

  /**
   * Names a situation that tests should reach: a lost race, a retry, a new leader.
   *
   * Simulations count how often the condition held; a sweep of many seeds ends with a table of the
   * situations and of the runs that reached them, those never reached included. In a process it has no
   * effect.
   *
   * @param name A short sentence, always the same: `"a vote was split"`.
   *
   * @example
   * node.sometimes(error.kind === "precondition-failed", "a compare-and-set lost its race");
   */
  sometimes(condition: boolean, name: string): void {
    if (this.#host.assertions === undefined) return;
    this.#assertions.evaluate("sometimes", name, condition);
  }

  /**
   * Asserts that the program never gets here; fails as {@link always} does.
   *
   * @param name A short sentence, always the same: `"two leaders in one term"`.
   */
  unreachable(name: string, details?: AssertionDetails): void {
    this.#assertions.fail("unreachable", name, this.id, details, this.unreachable);
  }

  /**
   * Registers an invariant: a condition that holds after every event, wherever the program is.
   *
   * In a simulation and in the test kit it is checked after `init`, after every message and timer, and
   * when the promise of a handler settles; a violation counts as a failure of {@link always}. In a
   * process it is never checked and costs nothing: use {@link always} for what should be checked there.
   *
   * @param name A short sentence: `"the watermark never decreases"`.
   * @param holds Whether the invariant holds. Must not change the program's state.
   *
   * @example
   * node.invariant("no more is acknowledged than was sent", () => acknowledged <= sent);
   */
  invariant(name: string, holds: () => boolean): void {
    this.#assertions.addInvariant(name, holds);
  }

  /**
   * Registers what the playground shows of the program's state: maps, sets, arrays and objects, as a tree,
   * at each moment of a run. A later call replaces it.
   *
   * It costs nothing unless a node is being watched. It is called between two events, as often as the
   * watcher likes, so it must not change anything.
   *
   * @param view Returns the state, which is copied at once.
   *
   * @example
   * node.inspect(() => ({ values, unacknowledged: pending.size }));
   */
  inspect(view: () => unknown): void {
    this.#host.onInspect?.(view);
  }

  /**
   * Replies to a request: sends `body` to its sender with `in_reply_to` set.
   *
   * Does nothing if the request has no `msg_id`. Handlers usually return the reply instead.
   *
   * @throws {Error} when the request has been replied to.
   * @throws {RangeError | TypeError} when the body cannot be encoded; nothing is sent then.
   */
  reply(request: Request, body: OutgoingBody): void {
    if (request.msg_id === undefined) return;
    if (request.answered) {
      throw new Error(`Cannot reply "${body.type}" to ${request.src}: it has been replied to`);
    }
    this.#send(request.src, { ...body, in_reply_to: request.msg_id });
    (request as Mutable<Request>).answered = true;
  }

  /**
   * Sends a message without expecting a reply. It may be lost, duplicated or overtaken.
   *
   * @throws {RangeError | TypeError} when the body cannot be encoded.
   */
  send(dest: NodeId, body: OutgoingBody): void {
    this.#send(dest, body);
  }

  /**
   * Sends a request, and calls back exactly once: with the first reply, or with an error.
   *
   * A reply is a message from `dest` whose `in_reply_to` is the request's `msg_id`. A reply from
   * another sender, a second one, and one after the timeout are dropped.
   *
   * @param schema Parses the reply's body. A body that does not fit ends as `crash` (13, indefinite):
   *   the peer may well have done what was asked.
   * @throws {RangeError} when `timeoutMs` is not a finite number.
   */
  rpc<S extends Schema>(
    dest: NodeId,
    body: OutgoingBody,
    schema: S,
    callback: (result: RpcResult<v.InferOutput<S>>) => void | Promise<void>,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: RpcOptions = {},
  ): void {
    requireMilliseconds("timeoutMs", timeoutMs, this.rpc);
    this.#rpcs.start(dest, body, schema, timeoutMs, (result) =>
      this.#run(`callback of "${body.type}"`, () => callback(result)),
    );
  }

  /**
   * Sends a request and resolves with the body of the first reply to it.
   *
   * A reply is a message from `dest` whose `in_reply_to` is the request's `msg_id`. A reply from
   * another sender, a second one, and one after the timeout are dropped.
   *
   * @param dest Node or service id, such as `"n1"` or `"seq-kv"`.
   * @param schema Parses the reply's body.
   * @throws {RpcError} the peer's error body; `timeout` (0, indefinite) when no reply came; `crash`
   *   (13, indefinite) when the reply does not fit the schema.
   * @throws {RangeError} when `timeoutMs` is not a finite number.
   * @throws the signal's reason, when `options.signal` aborts first.
   * @see Maelstrom protocol, "Message bodies" and "Errors"
   */
  syncRpc<S extends Schema>(
    dest: NodeId,
    body: OutgoingBody,
    schema: S,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: SyncRpcOptions = {},
  ): Promise<v.InferOutput<S>> {
    return new Promise((resolve, reject) => {
      requireMilliseconds("timeoutMs", timeoutMs, this.syncRpc);
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const caller = this.#host.tracesRpcs === true ? new Error("RPC") : undefined;
      const id = this.#rpcs.start(dest, body, schema, timeoutMs, (result) => {
        signal?.removeEventListener("abort", onAbort);
        if (result.ok) resolve(result.body);
        else reject(caller === undefined ? result.error : tracedTo(caller, result.error));
      });
      const onAbort = () => {
        this.#rpcs.abandon(id);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /**
   * Sends the same request to several peers at once, and resolves when each has replied or timed out.
   *
   * @returns One result per peer, in the order of `peers`. Like {@link rpc}, it holds an error in
   *   place of the body where a peer has sent one or has not replied.
   * @throws {RangeError} when `timeoutMs` is not a finite number.
   * @throws the signal's reason, when `options.signal` aborts first.
   *
   * @example
   * const replies = await node.rpcAll(node.peers, { type: "total" }, TotalOk, { timeoutMs: 300 });
   * const silent = node.peers.filter((peer) => replies.get(peer)?.ok === false);
   */
  async rpcAll<S extends Schema>(
    peers: readonly NodeId[],
    body: OutgoingBody,
    schema: S,
    options: SyncRpcOptions = {},
  ): Promise<Map<NodeId, RpcResult<v.InferOutput<S>>>> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    requireMilliseconds("timeoutMs", timeoutMs, this.rpcAll);
    const ask = async (peer: NodeId): Promise<[NodeId, RpcResult<v.InferOutput<S>>]> => {
      try {
        return [peer, { ok: true, body: await this.syncRpc(peer, body, schema, options) }];
      } catch (error) {
        if (!isRpcError(error)) throw error;
        return [peer, { ok: false, error }];
      }
    };
    return new Map(await Promise.all(peers.map(ask)));
  }

  /**
   * Generates a globally unique id without any message.
   *
   * It consists of the node's name, a random number drawn once per process, and a counter. Two ids are
   * equal only if two processes of one name drew the same 106 bits: after a billion restarts of a node
   * the probability is below 10^-14. Within a process, ids are unique up to 2^53 of them, 285 years at
   * a million a second.
   */
  generateId(): string {
    this.#incarnation ??= `${this.id}-${this.#randomBits()}${this.#randomBits()}`;
    return `${this.#incarnation}-${++this.#lastGeneratedId}`;
  }

  /**
   * Calls back once after `delayMs` milliseconds, or as soon as possible if that is negative.
   *
   * @throws {RangeError} when the delay is not a finite number.
   */
  after(delayMs: number, callback: () => void | Promise<void>): Cancel {
    requireMilliseconds("The delay", delayMs, this.after);
    return this.#timers.after(delayMs, () => this.#runTimer(callback));
  }

  /**
   * Calls back every `intervalMs` milliseconds, first after one interval.
   *
   * Late ticks do not shift later ones. Ticks missed while the node was busy or paused are skipped.
   *
   * @throws {RangeError} when the interval is not a finite positive number.
   */
  every(intervalMs: number, callback: () => void | Promise<void>): Cancel {
    requireMilliseconds("The interval", intervalMs, this.every);
    if (intervalMs <= 0) throw new RangeError(`Interval must be positive, but is ${intervalMs}`);
    return this.#timers.every(intervalMs, () => this.#runTimer(callback));
  }

  /**
   * Resolves after `delayMs` milliseconds.
   *
   * @throws {RangeError} when the delay is not a finite number.
   */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      requireMilliseconds("The delay", delayMs, this.sleep);
      this.#timers.after(delayMs, () => this.#runTimer(resolve));
    });
  }

  /**
   * Delays `init_ok` until a promise resolves; if it rejects, `init` fails. A tester begins with its
   * operations and faults when all nodes have sent theirs, so nodes that must first find each other
   * are not cut off before.
   *
   * Messages and timers are not delayed, and other nodes may not be there yet. Limit the time: testers
   * wait for 10 s.
   *
   * @throws {Error} when the program has started: `init_ok` was sent.
   *
   * @example
   * node.delayInit(deadline(node, joined, 2000).catch(() => {}));
   */
  delayInit(until: Promise<unknown>): void {
    if (this.#outbox === undefined) throw new Error("Cannot delay init_ok: it was sent");
    const earlier = this.#readiness;
    this.#readiness = earlier === undefined ? until : Promise.all([earlier, until]);
    // `init` reports a rejection, once the program has started.
    this.#readiness.catch(() => {});
  }

  /** Receives a message. Called by the host. */
  receive(message: Message): void {
    if (message.body["in_reply_to"] !== undefined) this.#rpcs.receive(message);
    else this.#receiveRequest(message);
    if (this.#assertions.isPending) this.#endEvent(() => `after ${describe(message)}`);
  }

  /**
   * Waits for handlers, RPCs and one-shot timers to end, including those that they start, then stops
   * all timers. Called by the host when no more messages will arrive.
   *
   * @param limitMs Maximum wait in milliseconds: a program may keep itself busy for ever.
   */
  async drain(limitMs: number): Promise<void> {
    const { clock } = this.#host;
    let isOver = false;
    const cancelLimit = clock.after(limitMs, () => {
      isOver = true;
      this.#onIdle?.();
    });
    while (!isOver && !this.#isIdle()) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      // Code that awaited the last of them may start something new, such as the next RPC, a few promise
      // continuations later.
      await new Promise<void>((resolve) => void clock.after(0, resolve));
    }
    this.#onIdle = undefined;
    cancelLimit();
    this.#timers.cancelAll();
    this.#rpcs.abandonAll();
    this.#assertions.logCounts();
  }

  #openDisk(): Disk {
    const { openDisk } = this.#host;
    if (openDisk !== undefined) return openDisk(this.id);
    this.log(
      `${this.id} has no directory for its log: whatever it stores is lost when it ends. Pass --data DIR to keep it`,
    );
    return NO_DISK;
  }

  #randomBits(): string {
    return (this.random() * 2 ** 53).toString(36).padStart(11, "0");
  }

  #send(dest: NodeId, body: AnyBody): void {
    // Only promises that a failed start of the program has left behind can get here.
    if (!this.#isInitialized)
      throw new Error(`Cannot send "${body["type"]}" to ${dest} before init`);
    const message = { src: this.id, dest, body };
    if (this.#outbox === undefined) this.#host.transport.send(message);
    // A copy: the body may change before it is sent.
    else this.#outbox.push(parseJson(stringifyJson(message)) as Message);
  }

  #receiveRequest({ src, dest, body }: Message): void {
    const { type, msg_id } = body;
    const hasId = isJsonInteger(msg_id);
    const request: Mutable<Request<AnyBody>> = {
      src,
      dest,
      msg_id: hasId ? msg_id : undefined,
      body,
      answered: false,
    };

    if (typeof type !== "string" || (!hasId && msg_id !== undefined)) {
      const { issues } = v.safeParse(bodySchema(), body);
      this.#refuse(request, new RpcError("malformed-request", describeIssues(issues ?? [])));
    } else if (type === "init") {
      this.#handleInit(request);
    } else if (!this.#isInitialized) {
      const text = `${dest} is not initialized: "${type}" came before "init"`;
      this.#refuse(request, new RpcError("temporarily-unavailable", text));
    } else {
      const registration = this.#handlers.get(type);
      if (registration !== undefined) this.#handleWith(registration, type, request);
      else if (type === "topology") this.#handleTopology(type, request);
      else this.#refuse(request, new RpcError("not-supported", `No handler for "${type}"`));
    }
  }

  #handleWith({ schema, handler }: Registration, type: string, request: Mutable<Request>): void {
    // Inlined instead of calling #run, whose closures took a tenth of an echo's time.
    try {
      // A schema may throw too: in a transformation, or because the body is nested too deeply for a
      // recursive one.
      const result = safeParse(schema, request.body);
      if (!result.success) {
        const text = `Malformed "${type}": ${describeIssues(result.issues)}`;
        throw new RpcError("malformed-request", text);
      }
      request.body = result.output;
      const reply = handler(request);
      if (reply === undefined) return;
      if (isThenable(reply)) {
        const replied = reply.then((body) => this.#replyWith(type, request, body));
        this.#watch(replied, (error) => this.#fail(type, request, error));
      } else {
        this.#replyWith(type, request, reply);
      }
    } catch (error) {
      this.#fail(type, request, error);
    }
  }

  #fail(type: string, request: Request, error: unknown): void {
    if (isRpcError(error)) {
      this.#refuse(request, error);
      return;
    }
    this.#logError(`handler of "${type}"`, error);
    this.#refuse(request, new RpcError("crash", errorText(error)));
  }

  /** Replies with what a handler returned, if anything. */
  #replyWith(type: string, request: Request, body: unknown): void {
    if (body === undefined) return;
    if (!isBody(body)) {
      throw new TypeError(`The handler of "${type}" returned a value without a "type"`);
    }
    this.reply(request, body);
  }

  /** Like {@link #handleWith}, but creates no schema before the first reply of the process. */
  #handleInit(request: Request<AnyBody>): void {
    try {
      const { body } = request;
      if (isInit(body)) {
        this.#initialize(request, body);
        return;
      }
      const { issues = [] } = v.safeParse(initSchema(), body);
      throw new RpcError("malformed-request", `Malformed "init": ${describeIssues(issues)}`);
    } catch (error) {
      this.#fail("init", request, error);
    }
  }

  #handleTopology(type: string, request: Mutable<Request>): void {
    this.#topologyRegistration ??= registration(topologySchema(), ({ body: { topology } }) => {
      const named = Object.hasOwn(topology, this.id) ? (topology[this.id] ?? []) : [];
      // Maelstrom ignores a node for good once it has sent to an unknown name.
      this.#neighbours = [...new Set(named)].filter((name) => this.peers.includes(name));
      return { type: "topology_ok" };
    });
    this.#handleWith(this.#topologyRegistration, type, request);
  }

  #initialize(request: Request, init: Init): void {
    const identity = identityOf(init);
    if (this.#isInitialized) requireSameIdentity(this.#identity, identity);
    else if (!this.#start(request, identity)) return;
    const outbox = this.#outbox ?? [];
    this.#outbox = undefined;
    const replied = this.#readiness?.then(() => this.reply(request, { type: "init_ok" }));
    if (replied === undefined) this.reply(request, { type: "init_ok" });
    else this.#watch(replied, (error) => this.#fail("init", request, error));
    for (const message of outbox) this.#host.transport.send(message);
  }

  /** Runs the program. If it throws, undoes what it did and replies to `init` with the error. */
  #start(request: Request, identity: Identity): boolean {
    this.#isInitialized = true;
    this.#identity = identity;
    this.#neighbours = identity.peers;
    this.#outbox = [];
    try {
      const running = this.#program(this);
      if (isThenable(running)) this.#watch(running, (error) => this.#logError("program", error));
      return true;
    } catch (error) {
      this.#isInitialized = false;
      this.#outbox = undefined;
      this.#readiness = undefined;
      this.#incarnation = undefined;
      this.#handlers.clear();
      this.#assertions.clear();
      this.#timers.cancelAll();
      this.#rpcs.abandonAll();
      this.#logError("program", error);
      this.#refuse(request, new RpcError("crash", errorTextWithPlace(error)));
      return false;
    }
  }

  /** Replies with an error; logs it instead if the request takes no reply. */
  #refuse(request: Request, error: RpcError): void {
    const text = shorten(error.message, MAX_ERROR_TEXT_LENGTH);
    if (request.msg_id === undefined || request.answered) {
      this.log(`Message from ${shorten(request.src)} failed: ${text}`);
      return;
    }
    const body = { type: "error", in_reply_to: request.msg_id, code: error.code, text };
    const src = this.#isInitialized ? this.id : request.dest;
    this.#host.transport.send({ src, dest: request.src, body });
    (request as Mutable<Request>).answered = true;
  }

  /** Runs a callback of the program, and logs what it throws or rejects with. */
  #run(what: string, task: () => void | Promise<void>): void {
    try {
      const result: unknown = task();
      if (isThenable(result)) this.#watch(result, (error) => this.#logError(what, error));
    } catch (error) {
      this.#logError(what, error);
    }
  }

  #runTimer(callback: () => void | Promise<void>): void {
    this.#run("timer", callback);
    if (this.#assertions.isPending) this.#endEvent(() => "after a timer");
  }

  /** Counts a promise as work in progress until it settles. */
  #watch(task: PromiseLike<unknown>, onError: (error: unknown) => void): void {
    this.#runningTasks++;
    Promise.resolve(task)
      .catch(onError)
      .finally(() => {
        this.#runningTasks--;
        if (this.#assertions.isPending)
          this.#endEvent(() => "after an asynchronous handler or callback");
        this.#noticeIdle();
      });
  }

  #logError(what: string, error: unknown): void {
    this.log(`Error in ${what}: ${errorTrace(error)}`);
  }

  #endEvent(circumstances: () => string): void {
    this.#assertions.endEvent(this.id, circumstances);
  }

  #isIdle(): boolean {
    return this.#runningTasks === 0 && this.#rpcs.count === 0 && this.#timers.oneShotCount === 0;
  }

  #noticeIdle(): void {
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle();
  }
}

function registration<S extends Schema>(
  schema: S,
  handler: Handler<v.InferOutput<S>>,
): Registration {
  // The handler is only called with the output of this schema.
  return { schema, handler: handler as Handler<unknown> };
}

function isBody(value: unknown): value is OutgoingBody {
  if (typeof value !== "object" || value === null) return false;
  return "type" in value && typeof value.type === "string";
}

/** Whether `await` would wait for a value; promises of other libraries need not be `Promise`s. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return "then" in value && typeof value.then === "function";
}

function describe({ src, body }: Message): string {
  const { type } = body;
  // `String` throws on objects such as `{"toString": null}`, which noise may contain.
  return `${typeof type === "string" ? quote(type) : "a message without a type"} from ${quote(src)}`;
}

/** Replaces the stack of an error, which leads to the reply, by one that leads to the request. */
function tracedTo(caller: Error, error: RpcError): RpcError {
  const frames = (caller.stack ?? "").split("\n").slice(1);
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
}
