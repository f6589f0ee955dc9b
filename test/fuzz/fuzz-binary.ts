/**
 * Fuzzes a compiled node: sends it noise and valid requests, and checks its output.
 *
 * The node must not exit, hang, leave a request without a correct reply, reply twice, print anything
 * but messages, or leak memory. Services reply to the node's requests. Every tenth of their replies
 * is duplicated, and every twentieth is an error with an odd code.
 */
import { decode, encode } from "../../lib/protocol/codec.ts";
import { LineReader, splitLines } from "../../lib/protocol/lines.ts";
import { shorten } from "../../lib/protocol/shorten.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { binary, memoryBytes } from "../support/processes/node-process.ts";
import { type Giant, giants } from "./giant-lines.ts";
import { NODE_IDS, Noise } from "./noise.ts";
import { NODE, ReplyChecker } from "./reply-checker.ts";
import { type Probe, SUBJECTS, type Subject } from "./subjects.ts";

export interface FuzzOptions {
  readonly lines: number;
  readonly seed: number;
  /** Length of the few giant lines, in bytes. */
  readonly giantBytes: number;
  /** Command to run in place of the compiled challenge. */
  readonly command?: readonly string[];
  /** How long to wait for replies, for the exit and for memory to shrink, in ms. */
  readonly patienceMs?: number;
}

export interface FuzzResult {
  /** Number of valid requests sent. */
  readonly probes: number;
  /** Number of messages in the noise that require a reply. */
  readonly expectedReplies: number;
  /** Number of requests that timed out after 4 s on a busy machine. */
  readonly timedOut: number;
  /** Peak memory of the node, in bytes. */
  readonly maxMemoryBytes: number;
  /** Memory of the idle node at the end, in bytes. */
  readonly memoryBytes: number;
  /** Everything the node did wrong; empty if it passed. */
  readonly problems: readonly string[];
}

const BEFORE_INIT = 50;
const LINES_PER_CHUNK = 200;
const LINES_PER_PROBE = 20;
const MAX_OPEN = 500;
/** No reply takes longer: requests that wait for a service time out after 4 s. */
const PATIENCE_MS = 20_000;
/** Factor on the patience for a giant line of 100 MB. */
const GIANT_PATIENCE = 6;
/** Allowed memory of an idle node, besides the state of its program, in bytes. */
const IDLE_MEMORY_BYTES = 120e6;

/** A node process and the checker of its replies. */
class FuzzedProcess {
  readonly checker: ReplyChecker;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;
  readonly #reader = new LineReader();
  readonly #patienceMs: number;
  #hasExited = false;
  /** Service replies held back while a giant line is being written. */
  #held: string | undefined;

  constructor(command: readonly string[], checker: ReplyChecker, patienceMs: number) {
    this.checker = checker;
    this.#patienceMs = patienceMs;
    this.#child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
    void this.#listen();
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Sends complete lines of noise. */
  async noise(lines: Uint8Array): Promise<void> {
    this.checker.openRequestsIn(lines);
    await this.#write(lines);
  }

  /** Sends a giant line. */
  async giant({ pieces, request }: Giant): Promise<void> {
    if (request !== undefined) this.checker.openRequest(request.src, request.body);
    // Service replies must not be written in the middle of the line.
    this.#held = "";
    for (const piece of pieces) await this.#write(piece, GIANT_PATIENCE * this.#patienceMs);
    const held = this.#held;
    this.#held = undefined;
    await this.#write(held);
  }

  /** Sends a valid request. */
  async ask(probe: Probe, body = probe.body): Promise<void> {
    await this.#write(this.checker.ask(probe, body));
  }

  /** Waits until at most `allBut` requests are open. */
  async waitForReplies(allBut = 0, patienceMs = this.#patienceMs): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    while (this.checker.openCount > allBut && !this.#hasExited) {
      if (performance.now() > untilMs) {
        this.#giveUp();
        return;
      }
      await Bun.sleep(1);
    }
  }

  /** Waits for the idle node to shrink to the limit; returns its current and its peak memory. */
  async settle(limitBytes: number): Promise<{ memoryBytes: number; maxMemoryBytes: number }> {
    if (process.platform !== "linux" || this.#hasExited) {
      return { memoryBytes: Number.NaN, maxMemoryBytes: Number.NaN };
    }
    const { pid } = this.#child;
    const untilMs = performance.now() + this.#patienceMs;
    while (memoryBytes(pid, "VmRSS") > limitBytes && performance.now() < untilMs) {
      await Bun.sleep(100);
    }
    const idleBytes = memoryBytes(pid, "VmRSS");
    if (idleBytes > limitBytes) {
      this.checker.report(`The idle node uses ${idleBytes} bytes, more than ${limitBytes}`);
    }
    return { memoryBytes: idleBytes, maxMemoryBytes: memoryBytes(pid, "VmHWM") };
  }

  /** Closes the node's stdin and waits until it exits; kills it if it does not. */
  async end(): Promise<void> {
    if (this.#hasExited && this.checker.problems.length === 0) {
      this.checker.report("The node exited before the end of its input");
    }
    this.#child.stdin.end();
    const exitCode = await orTimeout(this.#child.exited, this.#patienceMs);
    if (exitCode === undefined) {
      this.checker.report("The node did not exit at the end of its input");
    } else if (exitCode !== 0) {
      this.checker.report(`The node exited with ${this.#child.signalCode ?? `code ${exitCode}`}`);
    }
    this.#child.kill("SIGKILL");
  }

  async #write(bytes: Uint8Array | string, patienceMs = this.#patienceMs): Promise<void> {
    if (this.#hasExited) return;
    try {
      this.#child.stdin.write(bytes);
      const written = await orTimeout(this.#child.stdin.flush(), patienceMs);
      if (written === undefined) this.#giveUp();
    } catch {
      // The node has exited; `end` reports it.
    }
  }

  /** Reports the open requests and kills the node: waiting for more would not help. */
  #giveUp(): void {
    this.checker.reportOpen();
    this.#child.kill("SIGKILL");
    this.#hasExited = true;
  }

  async #listen(): Promise<void> {
    for await (const chunk of this.#child.stdout) {
      for (const line of splitLines(this.#reader.push(chunk))) this.#receive(line);
    }
    const rest = this.#reader.end();
    if (rest !== "") this.checker.report(`Incomplete last line: ${shorten(rest)}`);
    this.#hasExited = true;
  }

  #receive(line: string): void {
    const decoded = decode(line);
    if (!decoded.ok) {
      this.checker.report(`Invalid line on stdout, ${decoded.reason}: ${shorten(line)}`);
      return;
    }
    for (const reply of this.checker.receive(decoded.message)) {
      if (this.#held === undefined) void this.#write(encode(reply));
      else this.#held += encode(reply);
    }
  }
}

/** Awaits a promise; returns `undefined` after the timeout. */
async function orTimeout<T>(promise: T | Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The request that initialises a node. */
export function initOf({ nodeIds = NODE_IDS }: Subject): Probe {
  return {
    body: { type: "init", node_id: NODE, node_ids: [...nodeIds] },
    isCorrect: ({ type }) => type === "init_ok",
  };
}

const tooEarly = ({ body }: Probe): Probe => ({ body, isCorrect: ({ code }) => code === 11 });

/** Noise for a challenge, before and after `init`. */
export function noisesFor(name: string, subject: Subject, seed: number) {
  return {
    // Not `init`: before initialisation, the node would obey a valid one.
    early: new Noise(
      randomStream(seed, `early noise of ${name}`),
      subject.templates.filter(({ type }) => type !== '"init"'),
      "early",
    ),
    noise: new Noise(randomStream(seed, `noise of ${name}`), subject.templates, "f"),
  };
}

/** Fuzzes the compiled binary of a challenge. */
export async function fuzzBinary(name: string, options: FuzzOptions): Promise<FuzzResult> {
  const { lines, seed, giantBytes, patienceMs = PATIENCE_MS } = options;
  const subject = SUBJECTS[name]?.();
  if (subject === undefined) throw new Error(`Unknown challenge "${name}"`);
  const { early, noise } = noisesFor(name, subject, seed);
  const checker = new ReplyChecker(subject, seed, () => performance.now());
  const node = new FuzzedProcess(options.command ?? binary(name), checker, patienceMs);

  for (let line = 0; line < BEFORE_INIT; line++) await node.noise(early.next());
  await node.ask(tooEarly(SUBJECTS[name]?.().probe(0, false) ?? initOf(subject)));
  await node.waitForReplies();
  await node.ask(initOf(subject));
  checker.isInitialized = true;
  await node.waitForReplies();

  const giantsLeft = giants(giantBytes);
  const linesPerGiant = Math.floor(lines / (giantsLeft.length + 1));
  let probes = 0;
  let nextGiant = linesPerGiant;
  for (let sent = BEFORE_INIT; sent < lines && !node.hasExited; ) {
    const pieces: Uint8Array[] = [];
    while (pieces.length < LINES_PER_CHUNK) {
      pieces.push(noise.next());
      if (++sent % LINES_PER_PROBE === 0) break;
    }
    await node.noise(Buffer.concat(pieces));
    if (sent >= nextGiant) {
      nextGiant += linesPerGiant;
      // Earlier requests must not wait behind it: they would time out after 4 s.
      await node.waitForReplies();
      const giant = giantsLeft.pop();
      if (giant !== undefined) await node.giant(giant);
      // Only one request behind it, with a longer patience.
      await node.ask(subject.probe(probes++, false));
      await node.waitForReplies(0, GIANT_PATIENCE * patienceMs);
    }
    await node.ask(subject.probe(probes++, false));
    await node.waitForReplies(MAX_OPEN);
  }
  await node.waitForReplies();
  await node.ask(subject.probe(probes++, true));
  await node.waitForReplies();
  const memory = await node.settle(IDLE_MEMORY_BYTES + subject.stateBytesPerLine * lines);
  await node.end();
  const { problems, expectedReplies, timedOut } = checker;
  return { probes, expectedReplies, timedOut, ...memory, problems };
}
