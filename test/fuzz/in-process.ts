/**
 * Feeds noise to nodes in this process, cut into chunks anywhere, and watches what they say.
 *
 * Time is the test's, and so is all else that a node is given: the same seed does the same thing
 * every time, and much faster than with processes.
 */
import * as v from "valibot";
import { decode } from "../../lib/protocol/codec.ts";
import { LineReader, splitLines } from "../../lib/protocol/lines.ts";
import { settled, TestHost } from "../../lib/testing/index.ts";
import { KVNode, type Message, type Random } from "../../lib/vortex/index.ts";
import { randomInteger } from "../../lib/vortex/random.ts";
import type { AnyProgram } from "../../lib/workbench/clusters/simulated-cluster.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { challenge } from "../support/simulations/challenges.ts";
import { isInitialized, noisesFor } from "./fuzz.ts";
import { Judge } from "./judge.ts";
import { type Probe, SUBJECTS, type Subject } from "./subjects.ts";

const encoder = new TextEncoder();
const BEFORE_INIT = 50;
const LINES_PER_PROBE = 20;
const MAX_CHUNK_BYTES = 5000;
/** What passes between two chunks, at most, in ms. */
const MAX_PAUSE_MS = 20;
/** No answer takes longer, in ms: requests that wait for others are given up after 4 s. */
const PATIENCE_MS = 10_000;

/** A node in this process, and the judge of what it says. */
export class Listening {
  readonly judge: Judge;
  readonly #host = new TestHost();
  readonly #node = new KVNode(this.#host);
  readonly #reader = new LineReader();
  readonly #random: Random;

  constructor(program: AnyProgram, subject: Subject, seed: number) {
    this.judge = new Judge(subject, seed, () => this.#host.clock.nowMs());
    this.#random = randomStream(seed, "cuts");
    (program as (node: KVNode, options: unknown) => void)(
      this.#node,
      v.parse(program.options ?? v.unknown(), {}),
    );
  }

  /** Hands the node noise. */
  async noise(lines: Uint8Array): Promise<void> {
    this.judge.note(lines);
    await this.#feed(lines);
  }

  /** Sends a valid request. */
  async ask(probe: Probe): Promise<void> {
    await this.#feed(encoder.encode(this.judge.ask(probe)));
  }

  /** Hands the node its name. */
  async initialize(): Promise<void> {
    await this.ask(isInitialized);
    this.judge.isInitialized = true;
  }

  /** Hands the node bytes, cut anywhere, and lets it answer. */
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

  /** Lets time pass until everything is answered, or nobody would wait any longer. */
  async answered(): Promise<void> {
    const untilMs = this.#host.clock.nowMs() + PATIENCE_MS;
    for (;;) {
      await this.#exchange();
      if (this.judge.unanswered === 0) return;
      if (this.#host.clock.nowMs() > untilMs) break;
      await this.#host.clock.advance(10);
    }
    this.judge.tellUnanswered();
  }

  /** Stops the node, and sees to it that nothing of it is left. */
  async end(): Promise<void> {
    let isDrained = false;
    const draining = this.#node.drain(0).finally(() => {
      isDrained = true;
    });
    while (!isDrained) await this.#host.clock.advance(1);
    await draining;
    const { pendingTimers } = this.#host.clock;
    if (pendingTimers > 0) this.judge.tell(`It leaves ${pendingTimers} timers behind`);
  }

  async #exchange(): Promise<void> {
    for (;;) {
      await settled();
      const sent = this.#host.takeSent();
      if (sent.length === 0) return;
      const answers: Message[] = sent.flatMap((message) => this.judge.hear(message));
      for (const answer of answers) this.#node.receive(answer);
    }
  }
}

/** Feeds so many lines of noise to a challenge's program, or to one in its place. */
export async function fuzzInProcess(
  name: string,
  options: { readonly lines: number; readonly seed: number; readonly program?: AnyProgram },
): Promise<Judge> {
  const { lines, seed, program = challenge(name) } = options;
  const subject = SUBJECTS[name]?.();
  if (subject === undefined) throw new Error(`There is no challenge "${name}"`);
  const { early, noise } = noisesFor(name, subject, seed);
  const node = new Listening(program, subject, seed);
  const { judge } = node;
  for (let line = 0; line < BEFORE_INIT; line++) await node.noise(early.next());
  await node.answered();
  await node.initialize();
  let probes = 0;
  for (let sent = BEFORE_INIT; sent < lines && judge.wrongs.length === 0; ) {
    const pieces: Uint8Array[] = [];
    for (let line = 0; line < LINES_PER_PROBE; line++) pieces.push(noise.next());
    sent += LINES_PER_PROBE;
    await node.noise(Buffer.concat(pieces));
    await node.ask(subject.probe(probes++, false));
  }
  await node.answered();
  await node.ask(subject.probe(probes, true));
  await node.answered();
  await node.end();
  return judge;
}
