/**
 * Checks a node's replies to noise and to valid requests.
 *
 * The checker parses the noise itself to find out which messages require a reply: every well-formed
 * request that clients may send, and nothing else. A reply must have the request's type (`echo_ok` to
 * `echo`) or be an error with a text.
 */
import { parseJson } from "../../lib/protocol/json.ts";
import { isJsonInteger, isObject } from "../../lib/protocol/message.ts";
import { shorten } from "../../lib/protocol/shorten.ts";
import { SERVICES, type Service } from "../../lib/services/index.ts";
import { type AnyBody, type Message, type NodeId, stringifyJson } from "../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../lib/vortex/random.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { NODE_IDS } from "./noise.ts";
import type { Probe, Subject } from "./subjects.ts";

/** Sender of the valid requests. */
export const PROBER: NodeId = "p";
export const NODE: NodeId = "n0";
const MAX_PROBLEMS = 10;
/** Values nested less deeply than this can always be encoded. */
const DEEP = 1000;
/** Error codes that no service sends and the protocol does not list; all of them are indefinite. */
const ODD_CODES = [-1, 2, 999, 2 ** 40, 1.5, "22", null, undefined, [], {}, true];
/** Requests that wait for a service time out after 4 s; this is slightly less, in ms. */
const TIMEOUT_MS = 3900;

/** A valid request and the time it was sent. */
interface OpenProbe {
  readonly probe: Probe;
  readonly sentMs: number;
}

/** A message in the noise that requires a reply. */
interface Expected {
  readonly sentMs: number;
  readonly body: AnyBody;
  readonly isDeep: boolean;
  /** Whether only nodes send it: of these, malformed ones may get a reply and others none. */
  readonly isInternal: boolean;
  readonly isBeforeInit: boolean;
}

export class ReplyChecker {
  /** The first few things the node did wrong. */
  readonly problems: string[] = [];
  /** Number of requests that timed out after 4 s on a busy machine. */
  timedOut = 0;
  /** Number of messages in the noise so far that require a reply. */
  expectedReplies = 0;
  isInitialized = false;
  readonly #subject: Subject;
  readonly #random;
  readonly #services: ReadonlyMap<NodeId, Service>;
  readonly #probes = new Map<number, OpenProbe>();
  readonly #nowMs: () => number;
  readonly #expected = new Map<NodeId, Map<string, Expected[]>>();
  /** Sender and id of requests that shared an id while open: the replies of such requests are ambiguous. */
  readonly #ambiguous = new Set<string>();
  #open = 0;
  #lastProbe = 0;
  #isFirst = true;

  constructor(subject: Subject, seed: number, nowMs: () => number) {
    this.#subject = subject;
    this.#nowMs = nowMs;
    this.#random = randomStream(seed, "services");
    this.#services = new Map(
      Object.entries(SERVICES).map(([service, make]) => [service, make(this.#random)]),
    );
  }

  /** Number of open requests. */
  get openCount(): number {
    return this.#probes.size + this.#open;
  }

  /** Records a problem. */
  report(problem: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }

  /** Records every open request as a problem. */
  reportOpen(): void {
    for (const { probe } of this.#probes.values()) this.report(`No reply to ${show(probe.body)}`);
    for (const [src, requests] of this.#expected) {
      for (const { body, isInternal } of [...requests.values()].flat()) {
        if (!isInternal) this.report(`No reply to ${show(body)} from ${src}`);
      }
    }
  }

  /** Opens a valid request; returns its line. */
  ask(probe: Probe, body: AnyBody = probe.body): string {
    const id = ++this.#lastProbe;
    this.#probes.set(id, { probe, sentMs: this.#nowMs() });
    return `${stringifyJson({ src: PROBER, dest: NODE, body: { ...body, msg_id: id } })}\n`;
  }

  /** Opens the requests among complete lines of noise, before these are sent. */
  openRequestsIn(lines: Uint8Array): void {
    for (let from = 0; from < lines.length; ) {
      const end = lines.indexOf(0x0a, from);
      this.#openRequestOn(lines.subarray(from, end < 0 ? lines.length : end));
      from = end < 0 ? lines.length : end + 1;
    }
  }

  /** Opens a request of the noise, before it is sent. */
  openRequest(src: NodeId, body: AnyBody, isDeep = false): void {
    const { type, msg_id } = body;
    const isInternal = typeof type === "string" && this.#subject.internal.includes(type);
    const ofSender = this.#expected.get(src) ?? new Map<string, Expected[]>();
    this.#expected.set(src, ofSender);
    const id = idText(msg_id);
    const isBeforeInit = !this.isInitialized;
    const expected = { sentMs: this.#nowMs(), body, isDeep, isInternal, isBeforeInit };
    const others = ofSender.get(id) ?? [];
    if (others.length > 0) this.#ambiguous.add(`${src} ${id}`);
    ofSender.set(id, [...others, expected]);
    if (isInternal) return;
    this.expectedReplies++;
    this.#open++;
  }

  /** Checks a message of the node; returns the replies of services to it. */
  receive({ src, dest, body }: Message): Message[] {
    if (this.isInitialized && src !== NODE) {
      this.report(`Message sent as ${src}, not as ${NODE}: ${show(body)}`);
    }
    if (body["in_reply_to"] === undefined) return this.#serve(dest, body);
    if (dest === PROBER) this.#checkProbe(body);
    else this.#checkReply(dest, body);
    return [];
  }

  #openRequestOn(line: Uint8Array): void {
    // A byte-order mark is allowed only at the very beginning of the input.
    const text = new TextDecoder("utf-8", { ignoreBOM: !this.#isFirst }).decode(line);
    this.#isFirst = false;
    let message: unknown;
    try {
      message = parseJson(text);
    } catch {
      return;
    }
    if (!isObject(message) || typeof message["dest"] !== "string") return;
    const { src, body } = message;
    if (typeof src !== "string" || !isObject(body) || body["in_reply_to"] !== undefined) return;
    if (isJsonInteger(body["msg_id"])) this.openRequest(src, body, isNestedDeeply(text));
  }

  #serve(dest: NodeId, body: AnyBody): Message[] {
    const service = this.#services.get(dest);
    // The other nodes are dead: messages to them are allowed and stay without a reply.
    if (NODE_IDS.includes(dest) && dest !== NODE && typeof body["type"] === "string") return [];
    if (service === undefined) {
      this.report(`Unexpected message to ${dest}: ${show(body)}`);
      return [];
    }
    const message = (reply: AnyBody) => ({ src: dest, dest: NODE, body: reply });
    const chance = randomInteger(this.#random, 20);
    if (chance === 0) {
      const code = pickOne(this.#random, ODD_CODES);
      return [message({ type: "error", in_reply_to: body["msg_id"], code, text: "odd" })];
    }
    const reply = service.handle(NODE, body);
    if (reply === undefined) return [];
    return chance <= 2 ? [message(reply), message(reply)] : [message(reply)];
  }

  #checkProbe(reply: AnyBody): void {
    const id = reply["in_reply_to"];
    const request = typeof id === "number" ? this.#probes.get(id) : undefined;
    if (request === undefined) {
      this.report(`Reply without an open request: ${show(reply)}`);
      return;
    }
    this.#probes.delete(id as number);
    const { probe } = request;
    if (this.#isTimeout(request, reply)) return;
    if (!isCorrect(() => probe.isCorrect(reply))) this.#reportWrong(reply, probe.body);
  }

  #checkReply(dest: NodeId, reply: AnyBody): void {
    const ofSender = this.#expected.get(dest);
    const id = idText(reply["in_reply_to"]);
    const candidates = ofSender?.get(id) ?? [];
    // Among several requests with one id, those that require a reply come first.
    const expected = candidates.find(({ isInternal }) => !isInternal) ?? candidates[0];
    const others = candidates.filter((candidate) => candidate !== expected);
    if (expected === undefined) {
      this.report(`Reply without an open request, to ${dest}: ${show(reply)}`);
      return;
    }
    if (others.length > 0) ofSender?.set(id, others);
    else ofSender?.delete(id);
    if (ofSender?.size === 0) this.#expected.delete(dest);
    if (!expected.isInternal) this.#open--;
    if (this.#ambiguous.has(`${dest} ${id}`) || this.#isTimeout(expected, reply)) return;
    if (!isCorrect(() => this.#isCorrectReply(expected, reply))) {
      this.#reportWrong(reply, expected.body);
    }
  }

  #reportWrong(reply: AnyBody, request: AnyBody): void {
    this.report(`Wrong reply ${show(reply)} to ${show(request)}`);
  }

  /** Whether the reply is a legitimate timeout: an error with a text, after 4 s. */
  #isTimeout({ sentMs }: { readonly sentMs: number }, { type, code, text }: AnyBody): boolean {
    const isError = type === "error" && (code === 0 || code === 11) && typeof text === "string";
    if (!isError || this.#nowMs() - sentMs < TIMEOUT_MS) return false;
    this.timedOut++;
    return true;
  }

  #isCorrectReply({ body, isDeep, isInternal, isBeforeInit }: Expected, reply: AnyBody): boolean {
    const { type, code, text } = reply;
    if (type === "error") {
      if (typeof text !== "string" || text === "") return false;
      if (isBeforeInit) return code === 11 || code === 12;
      if (isInternal) return code === 12;
      if (body["type"] === "init" && code === 22) return true; // An init for another node.
      if (code === 10 || code === 12 || code === 14 || (code === 13 && isDeep)) return true;
      return this.#subject.errors?.includes(Number(code)) ?? false;
    }
    if (isBeforeInit || type !== `${body["type"]}_ok`) return false;
    return this.#subject.isCorrectForNoise?.(body, reply) ?? true;
  }
}

/** Runs a check; one that throws has met an unexpected shape, and fails. */
function isCorrect(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function idText(id: unknown): string {
  return id === undefined ? "" : stringifyJson(id);
}

function isNestedDeeply(text: string): boolean {
  let brackets = 0;
  for (const bracket of "[{") brackets += text.split(bracket, DEEP + 1).length - 1;
  return brackets >= DEEP;
}

function show(body: AnyBody): string {
  try {
    return shorten(stringifyJson(body), 200);
  } catch {
    return "(a value nested too deeply to print)";
  }
}
