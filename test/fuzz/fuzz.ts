/**
 * Feeds noise to compiled nodes, with valid requests among it, and watches what they say.
 *
 * What a node must not do: end, hang, leave a request without its right answer, answer twice, print
 * what is no message, keep memory that it does not need. The services that a node asks are there:
 * every tenth answer of theirs comes twice, and every twentieth is an error with an odd code.
 */
import { decode, encode } from "../../lib/protocol/codec.ts";
import { LineReader, splitLines } from "../../lib/protocol/lines.ts";
import { shorten } from "../../lib/protocol/message.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { binary, memoryBytes } from "../support/processes/node-process.ts";
import { type Giant, giants } from "./giants.ts";
import { Judge, NODE } from "./judge.ts";
import { NODE_IDS, Noise } from "./noise.ts";
import { type Probe, SUBJECTS, type Subject } from "./subjects.ts";

export interface FuzzOptions {
  readonly lines: number;
  readonly seed: number;
  /** How long the longest lines are, of which there are few; in bytes. */
  readonly giantBytes: number;
  /** What runs in place of the compiled challenge. */
  readonly command?: readonly string[];
  /** How long to wait for what a node owes, in ms. */
  readonly patienceMs?: number;
}

export interface FuzzResult {
  readonly probes: number;
  /** How many messages of the noise had to be answered. */
  readonly expectedAnswers: number;
  /** How many requests were refused after 4 s, for the machine was too busy. */
  readonly givenUp: number;
  /** The most memory that the node ever used, and what it used when it was left alone; in bytes. */
  readonly maxMemoryBytes: number;
  readonly memoryBytes: number;
  /** What the node did that it must not; empty if all is well. */
  readonly wrongs: readonly string[];
}

const BEFORE_INIT = 50;
const LINES_PER_CHUNK = 200;
const LINES_PER_PROBE = 20;
const MAX_UNANSWERED = 500;
/** No answer takes longer: requests that wait for others are given up after 4 s. */
const PATIENCE_MS = 20_000;
/** How much longer a line of 100 MB may take. */
const GIANT_PATIENCE = 6;
/** What a node may use once it is left alone, besides what its program has to keep; in bytes. */
const IDLE_MEMORY_BYTES = 120e6;

/** A node as a process, and the judge of what it says. */
class Fuzzing {
  readonly judge: Judge;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;
  readonly #reader = new LineReader();
  readonly #patienceMs: number;
  #hasEnded = false;
  /** Answers of services that wait until a line is whole. */
  #held: string | undefined;

  constructor(command: readonly string[], judge: Judge, patienceMs: number) {
    this.judge = judge;
    this.#patienceMs = patienceMs;
    this.#child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
    void this.#listen();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async noise(lines: Uint8Array): Promise<void> {
    this.judge.note(lines);
    await this.#write(lines);
  }

  async giant({ pieces, request }: Giant): Promise<void> {
    if (request !== undefined) this.judge.noteRequest(request.src, request.body);
    // Answers of services must not come in the middle of the line.
    this.#held = "";
    for (const piece of pieces) await this.#write(piece, GIANT_PATIENCE * this.#patienceMs);
    const held = this.#held;
    this.#held = undefined;
    await this.#write(held);
  }

  /** Sends a valid request. */
  async ask(probe: Probe, body = probe.body): Promise<void> {
    await this.#write(this.judge.ask(probe, body));
  }

  /** Waits until all but so many requests have been answered. */
  async answered(allBut = 0, patienceMs = this.#patienceMs): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    while (this.judge.unanswered > allBut && !this.#hasEnded) {
      if (performance.now() > untilMs) {
        this.#giveUp();
        return;
      }
      await Bun.sleep(1);
    }
  }

  /** Leaves the node alone until it uses no more than so much memory; returns what it uses, and has used. */
  async settle(limitBytes: number): Promise<{ memoryBytes: number; maxMemoryBytes: number }> {
    if (process.platform !== "linux" || this.#hasEnded) {
      return { memoryBytes: Number.NaN, maxMemoryBytes: Number.NaN };
    }
    const { pid } = this.#child;
    const untilMs = performance.now() + this.#patienceMs;
    while (memoryBytes(pid, "VmRSS") > limitBytes && performance.now() < untilMs) {
      await Bun.sleep(100);
    }
    const idleBytes = memoryBytes(pid, "VmRSS");
    if (idleBytes > limitBytes) {
      this.judge.tell(`It uses ${idleBytes} bytes when it is left alone, more than ${limitBytes}`);
    }
    return { memoryBytes: idleBytes, maxMemoryBytes: memoryBytes(pid, "VmHWM") };
  }

  /** Closes its input, and sees to it that it ends. */
  async end(): Promise<void> {
    if (this.#hasEnded && this.judge.wrongs.length === 0) {
      this.judge.tell("It ended before its input did");
    }
    this.#child.stdin.end();
    const patience = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => patience.resolve(undefined), this.#patienceMs);
    const ended = await Promise.race([this.#child.exited, patience.promise]);
    clearTimeout(timer);
    if (ended === undefined) this.judge.tell("It did not end at the end of its input");
    else if (ended !== 0) {
      this.judge.tell(`It ended with ${this.#child.signalCode ?? `code ${ended}`}`);
    }
    this.#child.kill("SIGKILL");
  }

  async #write(bytes: Uint8Array | string, patienceMs = this.#patienceMs): Promise<void> {
    if (this.#hasEnded) return;
    const patience = Promise.withResolvers<"patience">();
    const timer = setTimeout(() => patience.resolve("patience"), patienceMs);
    try {
      this.#child.stdin.write(bytes);
      const ended = await Promise.race([this.#child.stdin.flush(), patience.promise]);
      if (ended === "patience") this.#giveUp();
    } catch {
      // A node that has ended takes nothing more; that it has is told in the end.
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the trial of a node that owes answers: it would be the same after all that follows. */
  #giveUp(): void {
    this.judge.tellUnanswered();
    this.#child.kill("SIGKILL");
    this.#hasEnded = true;
  }

  async #listen(): Promise<void> {
    for await (const chunk of this.#child.stdout) {
      for (const line of splitLines(this.#reader.push(chunk))) this.#hear(line);
    }
    const rest = this.#reader.end();
    if (rest !== "") this.judge.tell(`A line without its end: ${shorten(rest)}`);
    this.#hasEnded = true;
  }

  #hear(line: string): void {
    const decoded = decode(line);
    if (!decoded.ok) {
      this.judge.tell(`On stdout, ${decoded.reason}: ${shorten(line)}`);
      return;
    }
    for (const answer of this.judge.hear(decoded.message)) {
      if (this.#held === undefined) void this.#write(encode(answer));
      else this.#held += encode(answer);
    }
  }
}

const INIT = { type: "init", node_id: NODE, node_ids: NODE_IDS };
export const isInitialized: Probe = { body: INIT, isRight: ({ type }) => type === "init_ok" };
const comesTooEarly = ({ body }: Probe): Probe => ({ body, isRight: ({ code }) => code === 11 });

/** The noise for a challenge, before `init` and after it. */
export function noisesFor(name: string, subject: Subject, seed: number) {
  return {
    // A valid `init` among the noise before init would be heard.
    early: new Noise(
      randomStream(seed, `early noise of ${name}`),
      subject.templates.filter(({ type }) => type !== '"init"'),
      "early",
    ),
    noise: new Noise(randomStream(seed, `noise of ${name}`), subject.templates, "f"),
  };
}

/** Feeds noise to a challenge. */
export async function fuzz(name: string, options: FuzzOptions): Promise<FuzzResult> {
  const { lines, seed, giantBytes, patienceMs = PATIENCE_MS } = options;
  const subject = SUBJECTS[name]?.();
  if (subject === undefined) throw new Error(`There is no challenge "${name}"`);
  const { early, noise } = noisesFor(name, subject, seed);
  const judge = new Judge(subject, seed, () => performance.now());
  const fuzzing = new Fuzzing(options.command ?? binary(name), judge, patienceMs);

  for (let line = 0; line < BEFORE_INIT; line++) await fuzzing.noise(early.next());
  await fuzzing.ask(comesTooEarly(SUBJECTS[name]?.().probe(0, false) ?? isInitialized));
  await fuzzing.answered();
  await fuzzing.ask(isInitialized);
  judge.isInitialized = true;
  await fuzzing.answered();

  const giantsLeft = giants(giantBytes);
  const linesPerGiant = Math.floor(lines / (giantsLeft.length + 1));
  let probes = 0;
  let nextGiant = linesPerGiant;
  for (let sent = BEFORE_INIT; sent < lines && !fuzzing.hasEnded; ) {
    const pieces: Uint8Array[] = [];
    while (pieces.length < LINES_PER_CHUNK) {
      pieces.push(noise.next());
      if (++sent % LINES_PER_PROBE === 0) break;
    }
    await fuzzing.noise(Buffer.concat(pieces));
    if (sent >= nextGiant) {
      nextGiant += linesPerGiant;
      // What came before must not wait for it: requests that wait for 4 s are given up.
      await fuzzing.answered();
      const giant = giantsLeft.pop();
      if (giant !== undefined) await fuzzing.giant(giant);
      // One at a time: what waits behind it would only seem to take long.
      await fuzzing.ask(subject.probe(probes++, false));
      await fuzzing.answered(0, GIANT_PATIENCE * patienceMs);
    }
    await fuzzing.ask(subject.probe(probes++, false));
    await fuzzing.answered(MAX_UNANSWERED);
  }
  await fuzzing.answered();
  await fuzzing.ask(subject.probe(probes++, true));
  await fuzzing.answered();
  const memory = await fuzzing.settle(IDLE_MEMORY_BYTES + subject.keptBytesPerLine * lines);
  await fuzzing.end();
  const { wrongs, expectedAnswers, givenUp } = judge;
  return { probes, expectedAnswers, givenUp, ...memory, wrongs };
}
