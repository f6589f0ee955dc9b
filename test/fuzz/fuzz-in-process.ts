/**
 * Fuzzes a node in this process: feeds it noise in random chunks, and checks its messages.
 *
 * The test controls the node's clock and randomness, so a seed reproduces a run. It is also much
 * faster than with processes.
 */
import { decode } from "../../lib/protocol/codec.ts";
import { LineReader, splitLines } from "../../lib/protocol/lines.ts";
import { settled, TestHost } from "../../lib/testing/index.ts";
import type { AnyProgram } from "../../lib/vortex/index.ts";
import { KVNode, type Message, type Random } from "../../lib/vortex/index.ts";
import { bindOptions } from "../../lib/vortex/program.ts";
import { randomInteger } from "../../lib/vortex/random.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { challenge } from "../support/simulations/challenges.ts";
import { initOf, noisesFor } from "./fuzz-binary.ts";
import { ReplyChecker } from "./reply-checker.ts";
import { type Probe, SUBJECTS, type Subject } from "./subjects.ts";

const encoder = new TextEncoder();
const BEFORE_INIT = 50;
const LINES_PER_PROBE = 20;
const MAX_CHUNK_BYTES = 5000;
/** Maximum time between two chunks, in ms. */
const MAX_PAUSE_MS = 20;
/** No reply takes longer, in ms: requests that wait for a service time out after 4 s. */
const PATIENCE_MS = 10_000;

/** A node in this process and the checker of its replies. */
export class FuzzedNode {
  readonly checker: ReplyChecker;
  readonly #host = new TestHost();
  readonly #node: KVNode;
  readonly #reader = new LineReader();
  readonly #subject: Subject;
  readonly #random: Random;

  constructor(program: AnyProgram, subject: Subject, seed: number) {
    this.checker = new ReplyChecker(subject, seed, () => this.#host.clock.nowMs());
    this.#subject = subject;
    this.#random = randomStream(seed, "cuts");
    this.#node = new KVNode(this.#host, bindOptions(program));
  }

  /** Feeds the node noise. */
  async noise(lines: Uint8Array): Promise<void> {
    this.checker.openRequestsIn(lines);
    await this.#feed(lines);
  }

  /** Sends a valid request. */
  async ask(probe: Probe): Promise<void> {
    await this.#feed(encoder.encode(this.checker.ask(probe)));
  }

  /** Sends the node `init`. */
  async initialize(): Promise<void> {
    await this.ask(initOf(this.#subject));
    await this.waitForReplies();
    this.checker.isInitialized = true;
  }

  /** Feeds the node bytes in random chunks, then delivers its messages. */
  async #feed(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      const to = from + 1 + randomInteger(this.#random, MAX_CHUNK_BYTES);
      for (const line of splitLines(this.#reader.push(bytes.subarray(from, to)))) {
        const decoded = decode(line);
        if (decoded.ok) this.#node.receive(decoded.message);
      }
      from = to;
    }
    await this.#exchange();
    await this.#host.clock.advance(randomInteger(this.#random, MAX_PAUSE_MS));
    this.#host.logged.length = 0;
  }

  /** Advances time until no request is open, or patience runs out. */
  async waitForReplies(): Promise<void> {
    const untilMs = this.#host.clock.nowMs() + PATIENCE_MS;
    for (;;) {
      await this.#exchange();
      if (this.checker.openCount === 0) return;
      if (this.#host.clock.nowMs() > untilMs) break;
      await this.#host.clock.advance(10);
    }
    this.checker.reportOpen();
  }

  /** Drains the node and checks that no timer is left. */
  async end(): Promise<void> {
    let isDrained = false;
    const draining = this.#node.drain(0).finally(() => {
      isDrained = true;
    });
    while (!isDrained) await this.#host.clock.advance(1);
    await draining;
    const { pendingTimers } = this.#host.clock;
    if (pendingTimers > 0)
      this.checker.report(`${pendingTimers} timers are pending after the drain`);
  }

  async #exchange(): Promise<void> {
    for (;;) {
      await settled();
      const sent = this.#host.takeSent();
      if (sent.length === 0) return;
      const replies: Message[] = sent.flatMap((message) => this.checker.receive(message));
      for (const reply of replies) this.#node.receive(reply);
    }
  }
}

/** Fuzzes the program of a challenge, or `program` in its place. */
export async function fuzzInProcess(
  name: string,
  options: { readonly lines: number; readonly seed: number; readonly program?: AnyProgram },
): Promise<ReplyChecker> {
  const { lines, seed, program = challenge(name) } = options;
  const subject = SUBJECTS[name]?.();
  if (subject === undefined) throw new Error(`Unknown challenge "${name}"`);
  const { early, noise } = noisesFor(name, subject, seed);
  const node = new FuzzedNode(program, subject, seed);
  const { checker } = node;
  for (let line = 0; line < BEFORE_INIT; line++) await node.noise(early.next());
  await node.waitForReplies();
  await node.initialize();
  let probes = 0;
  for (let sent = BEFORE_INIT; sent < lines && checker.problems.length === 0; ) {
    const pieces: Uint8Array[] = [];
    for (let line = 0; line < LINES_PER_PROBE; line++) pieces.push(noise.next());
    sent += LINES_PER_PROBE;
    await node.noise(Buffer.concat(pieces));
    await node.ask(subject.probe(probes++, false));
  }
  await node.waitForReplies();
  await node.ask(subject.probe(probes, true));
  await node.waitForReplies();
  await node.end();
  return checker;
}
