/**
 * Judges what a node says to noise and to the valid requests among it.
 *
 * It reads the noise as a node should, and so knows what has to be answered: every message that is
 * well-formed, wants a reply and is for clients to send gets one, and nothing else does. A reply is
 * either of the request's kind (`echo_ok` to `echo`) or an error that explains itself.
 */

import { parseJson } from "../../lib/protocol/json.ts";
import { isJsonInteger, isObject, shorten } from "../../lib/protocol/message.ts";
import { SERVICES, type Service } from "../../lib/services/index.ts";
import { type AnyBody, type Message, type NodeId, stringifyJson } from "../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../lib/vortex/random.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { NODE_IDS } from "./noise.ts";
import type { Probe, Subject } from "./subjects.ts";

/** Who sends the valid requests. */
export const PROBER: NodeId = "p";
export const NODE: NodeId = "n0";
const MAX_TOLD = 10;
/** Nested less deeply than this, everything can be encoded. */
const DEEP = 1000;
/** What no service would answer, and no protocol lists; none of it is definite. */
const ODD_CODES = [-1, 2, 999, 2 ** 40, 1.5, "22", null, undefined, [], {}, true];

/** Batches are given up after so long, if services do not answer in time: in ms, or a little less. */
const GIVEN_UP_MS = 3900;

/** A valid request of the prober, and when it was sent. */
interface Asked {
  readonly probe: Probe;
  readonly askedMs: number;
}

/** What came in and has to be answered. */
interface Expected {
  readonly askedMs: number;
  readonly body: AnyBody;
  readonly isDeep: boolean;
  /** Whether it is what nodes tell each other: of such, only what is malformed may get an answer. */
  readonly isInternal: boolean;
  readonly isBeforeInit: boolean;
}

export class Judge {
  /** What the node did that it must not; the first few. */
  readonly wrongs: string[] = [];
  /** How many requests were answered with an error after 4 s, for the machine was too busy. */
  givenUp = 0;
  /** How many messages of the noise have to be answered, by now. */
  expectedAnswers = 0;
  isInitialized = false;
  readonly #subject: Subject;
  readonly #random;
  readonly #services: ReadonlyMap<NodeId, Service>;
  readonly #probes = new Map<number, Asked>();
  readonly #nowMs: () => number;
  readonly #expected = new Map<NodeId, Map<string, Expected[]>>();
  /** Senders and ids of which there were several at a time: nobody can tell which is answered. */
  readonly #ambiguous = new Set<string>();
  #missing = 0;
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

  /** How many requests wait for their answers. */
  get unanswered(): number {
    return this.#probes.size + this.#missing;
  }

  /** Adds to what is wrong. */
  tell(wrong: string): void {
    if (this.wrongs.length < MAX_TOLD) this.wrongs.push(wrong);
  }

  /** Tells of all that has not been answered. */
  tellUnanswered(): void {
    for (const { probe } of this.#probes.values()) this.tell(`No answer to ${show(probe.body)}`);
    for (const [src, requests] of this.#expected) {
      for (const { body, isInternal } of [...requests.values()].flat()) {
        if (!isInternal) this.tell(`No answer to ${show(body)} from ${src}`);
      }
    }
  }

  /** A valid request, as a line. */
  ask(probe: Probe, body: AnyBody = probe.body): string {
    const id = ++this.#lastProbe;
    this.#probes.set(id, { probe, askedMs: this.#nowMs() });
    return `${stringifyJson({ src: PROBER, dest: NODE, body: { ...body, msg_id: id } })}\n`;
  }

  /** Takes note of whole lines of noise that the node is going to get. */
  note(lines: Uint8Array): void {
    for (let from = 0; from < lines.length; ) {
      const end = lines.indexOf(0x0a, from);
      this.#noteLine(lines.subarray(from, end < 0 ? lines.length : end));
      from = end < 0 ? lines.length : end + 1;
    }
  }

  /** Takes note of a request that the node is going to get. */
  noteRequest(src: NodeId, body: AnyBody, isDeep = false): void {
    const { type, msg_id } = body;
    const isInternal = typeof type === "string" && this.#subject.internal.includes(type);
    const ofSender = this.#expected.get(src) ?? new Map<string, Expected[]>();
    this.#expected.set(src, ofSender);
    const id = idText(msg_id);
    const isBeforeInit = !this.isInitialized;
    const expected = { askedMs: this.#nowMs(), body, isDeep, isInternal, isBeforeInit };
    const others = ofSender.get(id) ?? [];
    if (others.length > 0) this.#ambiguous.add(`${src} ${id}`);
    ofSender.set(id, [...others, expected]);
    if (isInternal) return;
    this.expectedAnswers++;
    this.#missing++;
  }

  /** Takes in what the node has sent; returns what it is answered. */
  hear({ src, dest, body }: Message): Message[] {
    if (this.isInitialized && src !== NODE) {
      this.tell(`A message from ${src}, which is another's name: ${show(body)}`);
    }
    if (body["in_reply_to"] === undefined) return this.#serve(dest, body);
    if (dest === PROBER) this.#judgeProbe(body);
    else this.#judgeAnswer(dest, body);
    return [];
  }

  #noteLine(line: Uint8Array): void {
    // A byte-order mark is allowed at the very beginning, and belongs to no text anywhere else.
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
    if (isJsonInteger(body["msg_id"])) this.noteRequest(src, body, isNestedDeeply(text));
  }

  #serve(dest: NodeId, body: AnyBody): Message[] {
    const service = this.#services.get(dest);
    // The other nodes are dead, and may be told and asked whatever nodes tell and ask each other.
    if (NODE_IDS.includes(dest) && dest !== NODE && typeof body["type"] === "string") return [];
    if (service === undefined) {
      this.tell(`A message that nobody asked for, to ${dest}: ${show(body)}`);
      return [];
    }
    const answer = (reply: AnyBody) => ({ src: dest, dest: NODE, body: reply });
    const chance = randomInteger(this.#random, 20);
    if (chance === 0) {
      const code = pickOne(this.#random, ODD_CODES);
      return [answer({ type: "error", in_reply_to: body["msg_id"], code, text: "odd" })];
    }
    const reply = service.handle(NODE, body);
    if (reply === undefined) return [];
    return chance <= 2 ? [answer(reply), answer(reply)] : [answer(reply)];
  }

  #judgeProbe(reply: AnyBody): void {
    const id = reply["in_reply_to"];
    const asked = typeof id === "number" ? this.#probes.get(id) : undefined;
    if (asked === undefined) {
      this.tell(`A second answer, or one to nothing: ${show(reply)}`);
      return;
    }
    this.#probes.delete(id as number);
    const { probe } = asked;
    if (this.#isGivenUp(asked, reply)) return;
    if (!isRight(() => probe.isRight(reply))) this.tell(`${show(reply)} to ${show(probe.body)}`);
  }

  #judgeAnswer(dest: NodeId, reply: AnyBody): void {
    const ofSender = this.#expected.get(dest);
    const id = idText(reply["in_reply_to"]);
    const candidates = ofSender?.get(id) ?? [];
    // Of several under one id, those come first that must be answered.
    const expected = candidates.find(({ isInternal }) => !isInternal) ?? candidates[0];
    const others = candidates.filter((candidate) => candidate !== expected);
    if (expected === undefined) {
      this.tell(`A second answer, or one to nothing, to ${dest}: ${show(reply)}`);
      return;
    }
    if (others.length > 0) ofSender?.set(id, others);
    else ofSender?.delete(id);
    if (ofSender?.size === 0) this.#expected.delete(dest);
    if (!expected.isInternal) this.#missing--;
    if (this.#ambiguous.has(`${dest} ${id}`) || this.#isGivenUp(expected, reply)) return;
    if (!isRight(() => this.#isRightAnswer(expected, reply))) {
      this.tell(`${show(reply)} to ${show(expected.body)}`);
    }
  }

  /** Whether it was rightly refused: after a while, by an error that says so. */
  #isGivenUp({ askedMs }: { readonly askedMs: number }, { type, code, text }: AnyBody): boolean {
    const isError = type === "error" && (code === 0 || code === 11) && typeof text === "string";
    if (!isError || this.#nowMs() - askedMs < GIVEN_UP_MS) return false;
    this.givenUp++;
    return true;
  }

  #isRightAnswer({ body, isDeep, isInternal, isBeforeInit }: Expected, reply: AnyBody): boolean {
    const { type, code, text } = reply;
    if (type === "error") {
      if (typeof text !== "string" || text === "") return false;
      if (isBeforeInit) return code === 11 || code === 12;
      if (isInternal) return code === 12;
      if (body["type"] === "init" && code === 22) return true; // It is another's.
      return code === 10 || code === 12 || code === 14 || (code === 13 && isDeep);
    }
    if (isBeforeInit || type !== `${body["type"]}_ok`) return false;
    return this.#subject.isRightToNoise?.(body, reply) ?? true;
  }
}

/** A judgement that throws has met what it did not expect. */
function isRight(judge: () => boolean): boolean {
  try {
    return judge();
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
    return "what is nested too deep to be shown";
  }
}
