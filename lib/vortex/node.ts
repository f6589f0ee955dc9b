/**
 * A node of a distributed system: no networking, no clock, no randomness of its own.
 *
 * Messages and timers go in, messages come out; everything else is the `Host`'s. So the same
 * program runs as a process on stdin and stdout and inside a simulation.
 *
 * @see Maelstrom protocol, "Messages", "Initialization", "Errors"
 */
import * as v from "valibot";
import { isRpcError, RpcError } from "../protocol/errors.ts";
import { type Schema, safeParse } from "../protocol/fast-parse.ts";
import {
  type AnyBody,
  Body,
  describeIssues,
  ErrorBody,
  Init,
  isJsonInteger,
  type Message,
  type MessageId,
  type NodeId,
  shorten,
  Topology,
} from "../protocol/message.ts";
import type { Cancel, Host } from "./host.ts";

/** A message that a handler is called with; `body` is what the handler's schema made of it. */
export interface Request<Body = unknown> {
  readonly src: NodeId;
  readonly dest: NodeId;
  /** What the reply refers to. A request without one wants no reply. */
  readonly msg_id: MessageId | undefined;
  readonly body: Body;
  /** Whether {@link Node.reply} has answered it: a second reply would confuse the client. */
  readonly answered: boolean;
}

/** What a program does with messages of one type. */
export type Handler<Body> = (request: Request<Body>) => void | Promise<void>;

/** A body to be sent: a type, and any fields that JSON can hold. */
export type OutgoingBody = { readonly type: string; readonly [field: string]: unknown };

/** The end of an RPC: the body of the reply, or the error that came in its place. */
export type RpcResult<Body> =
  | { readonly ok: true; readonly body: Body }
  | { readonly ok: false; readonly error: RpcError };

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

interface PendingRpc {
  /** Who was asked: nobody else can answer. */
  readonly dest: NodeId;
  /** The type of the request. */
  readonly type: string;
  readonly settle: (reply: RpcResult<AnyBody>) => void;
  readonly cancelTimeout: Cancel;
}

interface Identity {
  readonly id: NodeId;
  readonly nodeIds: readonly NodeId[];
  readonly peers: readonly NodeId[];
}

/**
 * One node: its identity, its handlers, and the messages it sends.
 *
 * The node answers `init` and `topology` by itself. The first `init` names it for life: the same one
 * again is answered with `init_ok` and changes nothing, one with another name or other nodes with
 * `precondition-failed` (22). Every other request goes to the handler of its type; one without a
 * handler is answered with `not-supported` (10), one that its schema refuses with
 * `malformed-request` (12), one that comes before `init` with `temporarily-unavailable` (11).
 *
 * Whom a message reaches is the network's business: its `dest` is not compared with the node's name.
 *
 * @example
 * function echo(node: Node): void {
 *   node.handle("echo", v.object({ echo: v.unknown() }), (request) => {
 *     node.reply(request, { type: "echo_ok", echo: request.body.echo });
 *   });
 * }
 */
export class Node {
  readonly #host: Host;
  readonly #handlers = new Map<string, Registration>();
  readonly #initCallbacks: (() => void | Promise<void>)[] = [];
  readonly #pendingRpcs = new Map<number, PendingRpc>();
  readonly #timers = new Set<Cancel>();
  // What the node answers by itself.
  readonly #initRegistration = registration(Init, (request) => this.#initialize(request));
  readonly #topologyRegistration = registration(Topology, (request) => {
    const { topology } = request.body;
    const named = Object.hasOwn(topology, this.id) ? (topology[this.id] ?? []) : [];
    // Maelstrom hears nothing more of a node that sends to a name which does not exist.
    this.#neighbours = [...new Set(named)].filter((name) => this.peers.includes(name));
    this.reply(request, { type: "topology_ok" });
  });
  #identity: Identity | undefined;
  #neighbours: readonly NodeId[] | undefined;
  #lastMessageId = 0;
  #hasToldOfStrangeReply = false;
  #incarnation: string | undefined;
  #lastGeneratedId = 0;
  #oneShotTimers = 0;
  #runningTasks = 0;
  #onIdle: (() => void) | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * The name that `init` gave this node, such as `"n0"`.
   * @throws {Error} before `init`.
   */
  get id(): NodeId {
    return this.#known("id").id;
  }

  /**
   * The names of all nodes, this one among them, in the order that all nodes share.
   * @throws {Error} before `init`.
   */
  get nodeIds(): readonly NodeId[] {
    return this.#known("nodeIds").nodeIds;
  }

  /**
   * The names of all other nodes.
   * @throws {Error} before `init`.
   */
  get peers(): readonly NodeId[] {
    return this.#known("peers").peers;
  }

  /**
   * The peers that the last `topology` message put beside this one; all peers until one arrives.
   *
   * In the order of that message; names that are no peer's are left out.
   *
   * @throws {Error} before `init`.
   */
  get neighbours(): readonly NodeId[] {
    return this.#neighbours ?? this.#known("neighbours").peers;
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
   * Registers what to do with requests of one type.
   *
   * The schema sees the whole body and decides what the handler gets as `request.body`. A handler
   * that throws an {@link RpcError} answers with it; anything else that it or the schema throws, or
   * that its promise rejects with, is answered with `crash` (13) and logged with its stack trace.
   *
   * @param type The `type` of the body. `topology` replaces the node's own answer to it.
   * @throws {Error} when the type has a handler already, or is `init` (see {@link onInit}).
   */
  handle<S extends Schema>(type: string, schema: S, handler: Handler<v.InferOutput<S>>): void {
    if (type === "init") {
      throw new Error('Cannot register handler for "init": the node answers it, use onInit');
    }
    if (this.#handlers.has(type)) {
      throw new Error(`Cannot register handler for "${type}": one is already registered`);
    }
    this.#handlers.set(type, registration(schema, handler));
  }

  /**
   * Registers what to do with messages of one type that nodes send each other.
   *
   * As {@link handle}, but one that comes from anybody but a peer, be it a client, the node itself or
   * a name that `init` did not tell, is refused with `malformed-request` (12): so what is kept for
   * each sender is bounded by the number of nodes.
   *
   * @throws {Error} when the type has a handler already, or is `init`.
   */
  handleFromPeers<S extends Schema>(
    type: string,
    schema: S,
    handler: Handler<v.InferOutput<S>>,
  ): void {
    this.handle(type, schema, (request) => {
      if (!this.peers.includes(request.src)) {
        const text = `Nodes send each other ${quote(type)}, but ${quote(request.src)} is no peer`;
        throw new RpcError("malformed-request", text);
      }
      return handler(request);
    });
  }

  /**
   * Calls back once the node knows its name and its peers, after `init_ok` has been sent.
   *
   * This is the place to start timers. Callbacks run once in a node's life, in the order of their
   * registration; peers may not have been started yet.
   */
  onInit(callback: () => void | Promise<void>): void {
    this.#initCallbacks.push(callback);
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
   * @throws {Error} before `init`, as the node has no name to send from.
   */
  send(dest: NodeId, body: OutgoingBody): void {
    this.#send(dest, body);
  }

  /**
   * Sends a request, and calls back exactly once: with the first reply, or with an error.
   *
   * A reply is one from `dest` with the request's number as `in_reply_to`. Whatever else claims to be
   * one is dropped: from somebody else, a second time, or after the timeout.
   *
   * @param schema What the reply's body must be. Another body ends as `crash` (13, indefinite), for
   *   the peer may well have done what was asked.
   * @throws {Error} before `init`.
   */
  rpc<S extends Schema>(
    dest: NodeId,
    body: OutgoingBody,
    schema: S,
    callback: (result: RpcResult<v.InferOutput<S>>) => void | Promise<void>,
    options: RpcOptions = {},
  ): void {
    this.#startRpc(dest, body, options, (reply) => {
      const result = reply.ok ? readReply(dest, schema, reply.body) : reply;
      this.#run(`callback of "${body.type}"`, () => callback(result));
    });
  }

  /**
   * Sends a request and resolves with the body of the first reply to it.
   *
   * A reply is one from `dest` with the request's number as `in_reply_to`. Whatever else claims to be
   * one is dropped: from somebody else, a second time, or after the timeout.
   *
   * @param dest Node or service id, such as `"n1"` or `"seq-kv"`.
   * @param schema What the reply's body must be.
   * @throws {RpcError} the peer's error body; `timeout` (0, indefinite) when no reply came; `crash`
   *   (13, indefinite) when the reply does not fit the schema.
   * @throws the signal's reason, when `options.signal` aborts first.
   * @see Maelstrom protocol, "Message bodies" and "Errors"
   */
  syncRpc<S extends Schema>(
    dest: NodeId,
    body: OutgoingBody,
    schema: S,
    options: SyncRpcOptions = {},
  ): Promise<v.InferOutput<S>> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abandon = this.#startRpc(dest, body, options, (reply) => {
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
   * Makes an id that no node has made before and none will, without asking anyone.
   *
   * It consists of the node's name, a random number drawn once per start of the process, and a
   * counter. Two ids can only be equal if two processes that ran under one name drew the same 106
   * bits: after a billion restarts of one node the chance is still below 10^-14. Within one process
   * the counter is exact up to 2^53 ids, 285 years at a million a second.
   *
   * @throws {Error} before `init`.
   */
  generateId(): string {
    this.#incarnation ??= `${this.id}-${this.#randomBits()}${this.#randomBits()}`;
    return `${this.#incarnation}-${++this.#lastGeneratedId}`;
  }

  /** Calls back once, after `delayMs` milliseconds of the host's clock. */
  after(delayMs: number, callback: () => void | Promise<void>): Cancel {
    this.#oneShotTimers++;
    const end = () => {
      if (!this.#timers.delete(cancel)) return false;
      this.#oneShotTimers--;
      this.#noticeIdle();
      return true;
    };
    const cancelTimer = this.#host.clock.after(delayMs, () => {
      this.#run("timer", callback);
      end();
    });
    const cancel = () => {
      if (end()) cancelTimer();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  /**
   * Calls back every `intervalMs` milliseconds, first after one interval.
   *
   * Ticks keep to the grid of the first one; those that were missed while the node was busy or
   * paused are left out, not made up for.
   *
   * @throws {RangeError} when the interval is not a positive number.
   */
  every(intervalMs: number, callback: () => void | Promise<void>): Cancel {
    if (!(intervalMs > 0)) throw new RangeError(`Interval must be positive, but is ${intervalMs}`);
    let dueMs = this.nowMs();
    let cancelTick: Cancel;
    const schedule = () => {
      const nowMs = this.nowMs();
      dueMs += intervalMs * Math.max(1, Math.floor((nowMs - dueMs) / intervalMs) + 1);
      cancelTick = this.#host.clock.after(dueMs - nowMs, () => {
        schedule();
        this.#run("timer", callback);
      });
    };
    schedule();
    const cancel = () => {
      this.#timers.delete(cancel);
      cancelTick();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  /** Resolves after `delayMs` milliseconds of the host's clock. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Takes in a message: the one way into the node, called by its host. */
  receive(message: Message): void {
    if (message.body["in_reply_to"] !== undefined) this.#receiveReply(message);
    else this.#receiveRequest(message);
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
    for (const cancel of [...this.#timers]) cancel();
    for (const pending of this.#pendingRpcs.values()) pending.cancelTimeout();
    this.#pendingRpcs.clear();
  }

  #known(property: string): Identity {
    if (this.#identity === undefined) throw new Error(`Cannot read "${property}" before init`);
    return this.#identity;
  }

  #randomBits(): string {
    return (this.random() * 2 ** 53).toString(36).padStart(11, "0");
  }

  #send(dest: NodeId, body: AnyBody): void {
    if (this.#identity === undefined) {
      throw new Error(`Cannot send "${body["type"]}" to ${dest} before init`);
    }
    this.#host.transport.send({ src: this.#identity.id, dest, body });
  }

  #startRpc(
    dest: NodeId,
    body: OutgoingBody,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: RpcOptions,
    settle: (reply: RpcResult<AnyBody>) => void,
  ): () => void {
    const id = this.#lastMessageId + 1;
    this.#send(dest, { ...body, msg_id: id });
    this.#lastMessageId = id;

    const end = () => {
      this.#pendingRpcs.delete(id);
      this.#noticeIdle();
    };
    const cancelTimeout = this.#host.clock.after(timeoutMs, () => {
      const text = `No reply to "${body.type}" from ${dest} within ${timeoutMs} ms`;
      settle({ ok: false, error: new RpcError("timeout", text) });
      end();
    });
    this.#pendingRpcs.set(id, { dest, type: body.type, settle, cancelTimeout });
    return () => {
      cancelTimeout();
      end();
    };
  }

  #receiveReply({ src, body }: Message): void {
    const id = body["in_reply_to"];
    const pending = typeof id === "number" ? this.#pendingRpcs.get(id) : undefined;
    if (pending === undefined) return; // Too late, a second time, or never asked for.
    if (src !== pending.dest) {
      this.#noteStrangeReply(src, pending);
      return;
    }
    pending.cancelTimeout();
    this.#pendingRpcs.delete(id as number);
    pending.settle({ ok: true, body });
    this.#noticeIdle();
  }

  /** Tells of the first reply that came from somebody else than was asked: there may be many. */
  #noteStrangeReply(src: NodeId, { dest, type }: PendingRpc): void {
    if (this.#hasToldOfStrangeReply) return;
    this.#hasToldOfStrangeReply = true;
    const told = `Ignoring a reply from ${quote(src)} to ${quote(type)}, which ${quote(dest)} was sent`;
    this.log(`${told}; others like it will not be told of`);
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
    } else if (this.#identity === undefined) {
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
      const handled: unknown = handler(request);
      if (isThenable(handled)) this.#watch(handled, (error) => this.#fail(type, request, error));
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

  #initialize(request: Request<Init>): void {
    const { node_id: id, node_ids } = request.body;
    // No name at all, not even its own, can only mean that there is no other node.
    const nodeIds = node_ids.length === 0 ? [id] : [...new Set(node_ids)];
    if (!nodeIds.includes(id)) {
      const text = `Malformed "init": "node_ids" must hold the node's own id, ${quote(id)}`;
      throw new RpcError("malformed-request", text);
    }
    const known = this.#identity;
    if (known !== undefined) {
      refuseAnother(known, id, nodeIds);
      this.reply(request, { type: "init_ok" });
      return;
    }
    this.#identity = { id, nodeIds, peers: nodeIds.filter((nodeId) => nodeId !== id) };
    this.reply(request, { type: "init_ok" });
    for (const callback of this.#initCallbacks) this.#run("onInit callback", callback);
  }

  /** Answers with an error; logs it where no answer is wanted, or possible any more. */
  #refuse(request: Request, error: RpcError): void {
    const text = shorten(error.message, MAX_ERROR_TEXT_LENGTH);
    if (request.msg_id === undefined || request.answered) {
      this.log(`Message from ${shorten(request.src)} failed: ${text}`);
      return;
    }
    const body = { type: "error", in_reply_to: request.msg_id, code: error.code, text };
    const src = this.#identity?.id ?? request.dest;
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

  /** Keeps the node from being idle until something under way has ended. */
  #watch(task: PromiseLike<unknown>, onError: (error: unknown) => void): void {
    this.#runningTasks++;
    Promise.resolve(task)
      .catch(onError)
      .finally(() => {
        this.#runningTasks--;
        this.#noticeIdle();
      });
  }

  #logError(what: string, error: unknown): void {
    this.log(`Error in ${what}: ${errorTrace(error)}`);
  }

  #isIdle(): boolean {
    return this.#runningTasks === 0 && this.#pendingRpcs.size === 0 && this.#oneShotTimers === 0;
  }

  #noticeIdle(): void {
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle();
  }
}

/** Others may rely on what a node has told them under its name: it keeps that for life. */
function refuseAnother({ id, nodeIds }: Identity, newId: NodeId, newIds: readonly NodeId[]): void {
  const isSame =
    newId === id &&
    newIds.length === nodeIds.length &&
    newIds.every((newNodeId, index) => newNodeId === nodeIds[index]);
  if (isSame) return;
  const wanted = `${quote(newId)} of ${shorten(newIds.join(", "))}`;
  const is = `${quote(id)} of ${shorten(nodeIds.join(", "))}`;
  const text = `Cannot become ${wanted}: this is ${is}, for as long as its process runs`;
  throw new RpcError("precondition-failed", text);
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

function readReply<S extends Schema>(
  peer: NodeId,
  schema: S,
  body: AnyBody,
): RpcResult<v.InferOutput<S>> {
  const { type } = body;
  if (type === "error") return { ok: false, error: readError(peer, body) };
  try {
    const result = safeParse(schema, body);
    if (result.success) return { ok: true, body: result.output };
    const text = `Malformed reply from ${peer}: ${describeIssues(result.issues)}`;
    return { ok: false, error: new RpcError("crash", text) };
  } catch (error) {
    const text = `Cannot read the reply from ${peer}: ${errorText(error)}`;
    return { ok: false, error: new RpcError("crash", text, { cause: error }) };
  }
}

function readError(peer: NodeId, body: AnyBody): RpcError {
  const result = safeParse(ErrorBody, body);
  if (result.success) return new RpcError(result.output.code, result.output.text);
  // Nothing is known of what happened, so it counts as indefinite.
  return new RpcError("crash", `Malformed error from ${peer}: ${describeIssues(result.issues)}`);
}

/** Whether `await` would wait for a value: promises of other libraries need not be `Promise`s. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return "then" in value && typeof value.then === "function";
}

// Anything can be thrown, also what cannot be read: an object without prototype has no `toString`,
// and a getter may throw in its turn.

function errorText(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}

function errorTrace(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.stack === "string") return error.stack;
  } catch {
    // Its text is then all there is.
  }
  return errorText(error);
}
