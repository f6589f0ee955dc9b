/**
 * A node of a distributed system: no networking, no clock, no randomness of its own.
 *
 * Messages and timers go in, messages come out; everything else is the `Host`'s. So the same
 * program runs as a process on stdin and stdout and inside a simulation.
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
  Body,
  Init,
  isJsonInteger,
  type Message,
  type MessageId,
  type NodeId,
  Topology,
} from "../protocol/message.ts";
import { shorten } from "../protocol/shorten.ts";
import { errorText, errorTrace } from "./error-text.ts";
import type { Cancel, Host } from "./host.ts";
import { Invariants } from "./invariants.ts";
import { requireMilliseconds } from "./milliseconds.ts";
import { PendingRpcs, type RpcResult, readReply } from "./rpc.ts";
import { Timers } from "./timers.ts";

/** A message passed to a handler; `body` is the output of the handler's schema. */
export interface Request<Body = unknown> {
  readonly src: NodeId;
  readonly dest: NodeId;
  /** What the reply refers to. A request without one wants no reply. */
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

/** How long to wait for a reply. */
export interface RpcOptions {
  /** How long to wait for the reply, in milliseconds of the host's clock. Defaults to 1000. */
  readonly timeoutMs?: number;
}

/** How long to wait for a reply, and what calls it off. */
export interface SyncRpcOptions extends RpcOptions {
  /** Gives up waiting when it aborts; `syncRpc` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

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
 * The node answers `init` and `topology` by itself. The first `init` names it for life and runs its
 * program: the same `init` again is answered with `init_ok` and changes nothing, one with another
 * name or other nodes with `precondition-failed` (22). Every other request goes to the handler of its
 * type; one without a handler is answered with `not-supported` (10), one that its schema refuses with
 * `malformed-request` (12), one that comes before `init` with `temporarily-unavailable` (11).
 *
 * The `dest` of a message is not compared with the node's name: delivery is the network's business.
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
  readonly #invariants: Invariants;
  // What the node answers by itself.
  readonly #initRegistration = registration(Init, (request) => this.#initialize(request));
  readonly #topologyRegistration = registration(Topology, (request) => {
    const { topology } = request.body;
    const named = Object.hasOwn(topology, this.id) ? (topology[this.id] ?? []) : [];
    // Maelstrom ignores a node for good once it has sent to a name that does not exist.
    this.#neighbours = [...new Set(named)].filter((name) => this.peers.includes(name));
    this.reply(request, { type: "topology_ok" });
  });
  #isInitialized = false;
  #id: NodeId = "";
  #nodeIds: readonly NodeId[] = [];
  #peers: readonly NodeId[] = [];
  #neighbours: readonly NodeId[] = [];
  /** What the program sends while it runs; `undefined` at any other time. */
  #outbox: Message[] | undefined;
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
    this.#invariants = new Invariants(host.onViolation);
  }

  /** The name that `init` gave this node, such as `"n0"`. */
  get id(): NodeId {
    return this.#id;
  }

  /** The names of all nodes, this one included, in the order that all nodes share. */
  get nodeIds(): readonly NodeId[] {
    return this.#nodeIds;
  }

  /** The names of all other nodes. */
  get peers(): readonly NodeId[] {
    return this.#peers;
  }

  /**
   * The peers that the last `topology` message put beside this node; all peers until one arrives.
   *
   * In the order of that message, without names that are not a peer's.
   */
  get neighbours(): readonly NodeId[] {
    return this.#neighbours;
  }

  /** Milliseconds since some fixed moment. Never goes back, whatever happens to the wall clock. */
  nowMs(): number {
    return this.#host.clock.nowMs();
  }

  /** A random number in [0, 1). */
  random(): number {
    return this.#host.random.next();
  }

  /** Writes a remark to the node's log (stderr of a process). */
  log(text: string): void {
    this.#host.logger.log(text);
  }

  /**
   * Registers the handler of one type of messages.
   *
   * The schema parses the whole body; its output is `request.body`. What the handler returns, or its
   * promise resolves with, is the reply; a handler that returns nothing may {@link reply} later, or
   * never. An {@link RpcError} that it throws is the reply as well. Any other error, of the handler
   * or of the schema, is answered with `crash` (13) and logged with its stack trace.
   *
   * @param type The `type` of the body. `topology` replaces the node's own answer to it.
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
   * As {@link handle}, but a message from a sender that is not a peer (a client, the node itself, an
   * unknown name) is answered with `malformed-request` (12). So state kept per sender is bounded by
   * the number of nodes.
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
   * Registers an invariant: what must be true of the program's state between any two events.
   *
   * In a simulation and in the test kit it is checked after `init`, after every message and timer,
   * and when a handler's promise settles; a violation ends the run with an error that names the
   * invariant, the node and the seed. In a process it is never checked, and costs nothing.
   *
   * @param name What holds, as a short sentence: `"the watermark never goes back"`.
   * @param holds Whether it does. Must not change the program's state.
   */
  invariant(name: string, holds: () => boolean): void {
    this.#invariants.add(name, holds);
  }

  /**
   * Answers a request: sends `body` to its sender with `in_reply_to` set.
   *
   * Does nothing when the request had no `msg_id`, as its sender wants no reply.
   *
   * @throws {Error} when the request has been answered before.
   * @throws {RangeError | TypeError} when the body cannot be encoded; the request is unanswered.
   */
  reply(request: Request, body: OutgoingBody): void {
    if (request.msg_id === undefined) return;
    if (request.answered) {
      throw new Error(`Cannot reply "${body.type}" to ${request.src}: it has an answer already`);
    }
    this.#send(request.src, { ...body, in_reply_to: request.msg_id });
    (request as Mutable<Request>).answered = true;
  }

  /**
   * Sends a message that wants no reply. It may get lost, and may be overtaken by a later one.
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
    this.#startRpc(dest, body, timeoutMs, (reply) => {
      const result = reply.ok ? readReply(dest, schema, reply.body) : reply;
      this.#run(`callback of "${body.type}"`, () => callback(result));
    });
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
      const abandon = this.#startRpc(dest, body, timeoutMs, (reply) => {
        signal?.removeEventListener("abort", onAbort);
        const result = reply.ok ? readReply(dest, schema, reply.body) : reply;
        if (result.ok) resolve(result.body);
        else reject(result.error);
      });
      const onAbort = () => {
        abandon();
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
   * Makes an id that no node has made before and none will, without asking anyone.
   *
   * It consists of the node's name, a random number drawn once per start of the process, and a
   * counter. Two ids can only be equal if two processes that ran under one name drew the same 106
   * bits: after a billion restarts of one node the chance is still below 10^-14. Within one process
   * the counter is exact up to 2^53 ids, 285 years at a million a second.
   */
  generateId(): string {
    this.#incarnation ??= `${this.#id}-${this.#randomBits()}${this.#randomBits()}`;
    return `${this.#incarnation}-${++this.#lastGeneratedId}`;
  }

  /**
   * Calls back once, after `delayMs` milliseconds of the host's clock; at once if that is negative.
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
   * Ticks keep to the grid of the first one. Ticks missed while the node was busy or paused are
   * skipped.
   *
   * @throws {RangeError} when the interval is not a finite positive number.
   */
  every(intervalMs: number, callback: () => void | Promise<void>): Cancel {
    requireMilliseconds("The interval", intervalMs, this.every);
    if (intervalMs <= 0) throw new RangeError(`Interval must be positive, but is ${intervalMs}`);
    return this.#timers.every(intervalMs, () => this.#runTimer(callback));
  }

  /**
   * Resolves after `delayMs` milliseconds of the host's clock.
   *
   * @throws {RangeError} when the delay is not a finite number.
   */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      requireMilliseconds("The delay", delayMs, this.sleep);
      this.#timers.after(delayMs, () => this.#runTimer(resolve));
    });
  }

  /** Takes in a message: the one way into the node, called by its host. */
  receive(message: Message): void {
    if (message.body["in_reply_to"] !== undefined) this.#rpcs.receive(message);
    else this.#receiveRequest(message);
    if (this.#invariants.count > 0) this.#check(`after ${describe(message)}`);
  }

  /**
   * Waits for what is under way (handlers, RPCs, one-shot timers) to end, and for what they begin,
   * then stops all timers.
   *
   * Called by the host when no more messages will come.
   *
   * @param limitMs When to stop waiting, in milliseconds: a program may keep itself busy forever.
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
      // What waited for the last of it may begin something new, such as the next RPC, a few promise
      // continuations later. No handler need be waiting for that.
      await new Promise<void>((resolve) => void clock.after(0, resolve));
    }
    this.#onIdle = undefined;
    cancelLimit();
    this.#timers.cancelAll();
    this.#rpcs.abandonAll();
  }

  #randomBits(): string {
    return (this.random() * 2 ** 53).toString(36).padStart(11, "0");
  }

  #send(dest: NodeId, body: AnyBody): void {
    // What a program that failed to start has left behind, such as a promise, may still try.
    if (!this.#isInitialized)
      throw new Error(`Cannot send "${body["type"]}" to ${dest} before init`);
    const message = { src: this.#id, dest, body };
    if (this.#outbox === undefined) this.#host.transport.send(message);
    // A copy: the body may change before it is sent.
    else this.#outbox.push(parseJson(stringifyJson(message)) as Message);
  }

  #startRpc(
    dest: NodeId,
    body: OutgoingBody,
    timeoutMs: number,
    settle: (reply: RpcResult<AnyBody>) => void,
  ): () => void {
    return this.#rpcs.start(dest, body, timeoutMs, settle);
  }

  #receiveRequest({ src, dest, body }: Message): void {
    const { type, msg_id } = body;
    const hasId = isJsonInteger(msg_id);
    const request: Mutable<Request> = {
      src,
      dest,
      msg_id: hasId ? msg_id : undefined,
      body,
      answered: false,
    };

    if (typeof type !== "string" || (!hasId && msg_id !== undefined)) {
      const { issues } = v.safeParse(Body, body);
      this.#refuse(request, new RpcError("malformed-request", describeIssues(issues ?? [])));
    } else if (type === "init") {
      this.#handleWith(this.#initRegistration, type, request);
    } else if (!this.#isInitialized) {
      const text = `${dest} is not initialized: "${type}" came before "init"`;
      this.#refuse(request, new RpcError("temporarily-unavailable", text));
    } else {
      const registration = this.#handlers.get(type);
      if (registration !== undefined) this.#handleWith(registration, type, request);
      else if (type === "topology") this.#handleWith(this.#topologyRegistration, type, request);
      else this.#refuse(request, new RpcError("not-supported", `No handler for "${type}"`));
    }
  }

  #handleWith({ schema, handler }: Registration, type: string, request: Mutable<Request>): void {
    // Written out instead of handed to #run: a tenth of an echo's time went into the closures.
    try {
      // In here, since a schema may throw as well: by a transformation, or when it is recursive and
      // the body nested too deep for it.
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

  #initialize(request: Request<Init>): void {
    const { node_id: id, node_ids } = request.body;
    // No name at all, not even its own, can only mean that there is no other node.
    const nodeIds = node_ids.length === 0 ? [id] : [...new Set(node_ids)];
    if (!nodeIds.includes(id)) {
      const text = `Malformed "init": "node_ids" must hold the node's own id, ${quote(id)}`;
      throw new RpcError("malformed-request", text);
    }
    if (this.#isInitialized) this.#refuseOtherIdentity(id, nodeIds);
    else if (!this.#start(request, id, nodeIds)) return;
    const outbox = this.#outbox ?? [];
    this.#outbox = undefined;
    this.reply(request, { type: "init_ok" });
    for (const message of outbox) this.#host.transport.send(message);
  }

  /** Runs the program; if it throws, answers `init` with the error and forgets all that it did. */
  #start(request: Request<Init>, id: NodeId, nodeIds: readonly NodeId[]): boolean {
    this.#isInitialized = true;
    this.#id = id;
    this.#nodeIds = nodeIds;
    this.#peers = nodeIds.filter((nodeId) => nodeId !== id);
    this.#neighbours = this.#peers;
    this.#outbox = [];
    try {
      const running = this.#program(this);
      if (isThenable(running)) this.#watch(running, (error) => this.#logError("program", error));
      return true;
    } catch (error) {
      this.#isInitialized = false;
      this.#outbox = undefined;
      this.#incarnation = undefined;
      this.#handlers.clear();
      this.#invariants.clear();
      this.#timers.cancelAll();
      this.#rpcs.abandonAll();
      this.#logError("program", error);
      this.#refuse(request, new RpcError("crash", errorText(error)));
      return false;
    }
  }

  /** Others may rely on what a node has sent under its name, so it keeps the name for life. */
  #refuseOtherIdentity(id: NodeId, nodeIds: readonly NodeId[]): void {
    const isSame =
      id === this.#id &&
      nodeIds.length === this.#nodeIds.length &&
      nodeIds.every((nodeId, index) => nodeId === this.#nodeIds[index]);
    if (isSame) return;
    const wanted = `${quote(id)} of ${shorten(nodeIds.join(", "))}`;
    const is = `${quote(this.#id)} of ${shorten(this.#nodeIds.join(", "))}`;
    const text = `Cannot become ${wanted}: this is ${is}, for as long as its process runs`;
    throw new RpcError("precondition-failed", text);
  }

  /** Answers with an error; logs it where no answer is wanted, or possible any more. */
  #refuse(request: Request, error: RpcError): void {
    const text = shorten(error.message, MAX_ERROR_TEXT_LENGTH);
    if (request.msg_id === undefined || request.answered) {
      this.log(`Message from ${shorten(request.src)} failed: ${text}`);
      return;
    }
    const body = { type: "error", in_reply_to: request.msg_id, code: error.code, text };
    const src = this.#isInitialized ? this.#id : request.dest;
    this.#host.transport.send({ src, dest: request.src, body });
    (request as Mutable<Request>).answered = true;
  }

  /** Runs a piece of the program: nothing that it throws, now or later, gets past this. */
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
    if (this.#invariants.count > 0) this.#check("after a timer");
  }

  /** Keeps the node from being idle until something under way has ended. */
  #watch(task: PromiseLike<unknown>, onError: (error: unknown) => void): void {
    this.#runningTasks++;
    Promise.resolve(task)
      .catch(onError)
      .finally(() => {
        this.#runningTasks--;
        if (this.#invariants.count > 0) this.#check("after an asynchronous handler or callback");
        this.#noticeIdle();
      });
  }

  #logError(what: string, error: unknown): void {
    this.log(`Error in ${what}: ${errorTrace(error)}`);
  }

  #check(circumstances: string): void {
    this.#invariants.check(this.#id, circumstances);
  }

  #isIdle(): boolean {
    return this.#runningTasks === 0 && this.#rpcs.count === 0 && this.#timers.oneShotCount === 0;
  }

  #noticeIdle(): void {
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle();
  }
}

function quote(id: NodeId): string {
  return shorten(JSON.stringify(id));
}

function registration<S extends Schema>(
  schema: S,
  handler: Handler<v.InferOutput<S>>,
): Registration {
  // The handler is only ever called with what the schema it came with has made.
  return { schema, handler: handler as Handler<unknown> };
}

function isBody(value: unknown): value is OutgoingBody {
  if (typeof value !== "object" || value === null) return false;
  return "type" in value && typeof value.type === "string";
}

/** Whether `await` would wait for a value: promises of other libraries need not be `Promise`s. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return "then" in value && typeof value.then === "function";
}

function describe({ src, body }: Message): string {
  return `${quote(String(body["type"]))} from ${quote(src)}`;
}
