/**
 * Feeds noise to compiled nodes, with valid requests among it, and watches what they say.
 *
 *   nice -n 19 bun test/fuzz/fuzz.ts [--lines 1000000] [--seed 1] [CHALLENGE...]
 *
 * What a node must not do: end, hang, leave a valid request without its right answer, answer twice,
 * print what is no message, grow without bound. The services that a node asks are there; every tenth
 * answer of theirs comes twice.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decode } from "../../lib/vortex/codec.ts";
import { type AnyBody, type Message, type NodeId, stringifyJson } from "../../lib/vortex/index.ts";
import { LineReader, splitLines } from "../../lib/vortex/lines.ts";
import { isJsonInteger, shorten } from "../../lib/vortex/message.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { SERVICES, type Service } from "../../lib/workbench/services/index.ts";
import { binary } from "../support/spawn.ts";
import { NODE_IDS, Noise } from "./noise.ts";
import { type Probe, SUBJECTS } from "./subjects.ts";

export interface FuzzResult {
  readonly lines: number;
  readonly probes: number;
  readonly answersToNoise: number;
  /** The most memory that the node ever used, and what it used in the end; in bytes. */
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
const MAX_TOLD = 10;
const PROBER: NodeId = "p";

class Fuzzing {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;
  readonly #reader = new LineReader();
  readonly #services: ReadonlyMap<string, Service>;
  readonly #unanswered = new Map<number, Probe>();
  readonly #answered = new Set<NodeId>();
  readonly wrongs: string[] = [];
  answersToNoise = 0;
  #serviceAnswers = 0;
  #lastId = 0;
  #hasEnded = false;

  constructor(name: string, words: readonly string[], seed: number) {
    const random = randomStream(seed, "services");
    this.#services = new Map(
      Object.entries(SERVICES).map(([service, make]) => [service, make(random)]),
    );
    this.#child = Bun.spawn([...binary(name), ...words], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    void this.#listen();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    this.#child.stdin.write(bytes);
    await this.#child.stdin.flush();
  }

  /** Sends a valid request. */
  async ask(probe: Probe, body: AnyBody = probe.body): Promise<void> {
    const id = ++this.#lastId;
    this.#unanswered.set(id, probe);
    const message = { src: PROBER, dest: "n0", body: { ...body, msg_id: id } };
    await this.write(`${stringifyJson(message)}\n`);
  }

  /** Waits until all but so many valid requests have been answered. */
  async answered(allBut = 0): Promise<void> {
    const untilMs = performance.now() + PATIENCE_MS;
    while (this.#unanswered.size > allBut && !this.#hasEnded) {
      if (performance.now() > untilMs) {
        for (const { body } of this.#unanswered.values()) this.#tell(`No answer to ${show(body)}`);
        return;
      }
      await Bun.sleep(1);
    }
  }

  memoryBytes(field: "VmRSS" | "VmHWM"): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  }

  /** Closes its input, and sees to it that it ends. */
  async end(): Promise<void> {
    if (this.#hasEnded) this.#tell("It ended before its input did");
    this.#child.stdin.end();
    const patience = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => patience.resolve(undefined), PATIENCE_MS);
    const ended = await Promise.race([this.#child.exited, patience.promise]);
    clearTimeout(timer);
    if (ended === undefined) this.#tell("It did not end at the end of its input");
    else if (ended !== 0) this.#tell(`It ended with ${this.#child.signalCode ?? `code ${ended}`}`);
    this.#child.kill("SIGKILL");
  }

  #tell(wrong: string): void {
    if (this.wrongs.length < MAX_TOLD) this.wrongs.push(wrong);
  }

  async #listen(): Promise<void> {
    for await (const chunk of this.#child.stdout) {
      for (const line of splitLines(this.#reader.push(chunk))) this.#hear(line);
    }
    const rest = this.#reader.end();
    if (rest !== "") this.#tell(`A line without its end: ${shorten(rest)}`);
    this.#hasEnded = true;
  }

  #hear(line: string): void {
    const decoded = decode(line);
    if (!decoded.ok) {
      this.#tell(`On stdout, ${decoded.reason}: ${shorten(line)}`);
      return;
    }
    const { dest, body } = decoded.message;
    const service = this.#services.get(dest);
    if (service !== undefined) this.#serve(service, decoded.message);
    else if (dest === PROBER) this.#check(body);
    else if (/^f\d+$/.test(dest)) this.#count(dest, body);
  }

  #serve(service: Service, { src, dest, body }: Message): void {
    const reply = service.handle(src, body);
    if (reply === undefined) return;
    const line = `${stringifyJson({ src: dest, dest: src, body: reply })}\n`;
    void this.write(line.repeat(++this.#serviceAnswers % 10 === 0 ? 2 : 1));
  }

  #check(reply: AnyBody): void {
    const id = reply["in_reply_to"];
    const probe = typeof id === "number" ? this.#unanswered.get(id) : undefined;
    if (probe === undefined) {
      this.#tell(`A second answer, or one to nothing: ${show(reply)}`);
      return;
    }
    this.#unanswered.delete(id as number);
    if (!probe.isRight(reply)) this.#tell(`${show(reply)} to ${show(probe.body)}`);
  }

  #count(dest: NodeId, reply: AnyBody): void {
    if (!isJsonInteger(reply["in_reply_to"])) return;
    this.answersToNoise++;
    if (this.#answered.has(dest)) this.#tell(`A second answer to ${dest}: ${show(reply)}`);
    this.#answered.add(dest);
  }
}

function show(body: AnyBody): string {
  return shorten(stringifyJson(body), 200);
}

const isInitialized: Probe = { body: {}, isRight: ({ type }) => type === "init_ok" };
const comesTooEarly = ({ body }: Probe): Probe => ({ body, isRight: ({ code }) => code === 11 });

/** Feeds so many lines of noise to a challenge. */
export async function fuzz(name: string, lines: number, seed: number): Promise<FuzzResult> {
  const subject = SUBJECTS[name]?.();
  if (subject === undefined) throw new Error(`There is no challenge "${name}"`);
  const noise = new Noise(randomStream(seed, `noise of ${name}`), subject.templates, "f");
  // A valid `init` among the noise before init would be heard.
  const early = new Noise(
    randomStream(seed, `early noise of ${name}`),
    subject.templates.filter(({ type }) => type !== '"init"'),
    "early",
  );
  const fuzzing = new Fuzzing(name, subject.words, seed);
  const init = { type: "init", node_id: "n0", node_ids: NODE_IDS };

  let probes = 0;
  for (let line = 0; line < BEFORE_INIT; line++) await fuzzing.write(early.next());
  await fuzzing.ask(comesTooEarly(SUBJECTS[name]?.().probe(0, false) ?? isInitialized));
  await fuzzing.ask(isInitialized, init);
  await fuzzing.answered();
  for (let sent = BEFORE_INIT; sent < lines && !fuzzing.hasEnded; ) {
    const pieces: Uint8Array[] = [];
    while (pieces.length < LINES_PER_CHUNK) {
      pieces.push(noise.next());
      if (++sent % LINES_PER_PROBE === 0) break;
    }
    await fuzzing.write(Buffer.concat(pieces));
    await fuzzing.ask(subject.probe(probes++, false));
    await fuzzing.answered(MAX_UNANSWERED);
  }
  await fuzzing.answered();
  await fuzzing.ask(subject.probe(probes++, true));
  await fuzzing.answered();
  const isAlive = !fuzzing.hasEnded;
  const maxMemoryBytes = isAlive ? fuzzing.memoryBytes("VmHWM") : 0;
  const memoryBytes = isAlive ? fuzzing.memoryBytes("VmRSS") : 0;
  await fuzzing.end();
  const { wrongs, answersToNoise } = fuzzing;
  return { lines, probes, answersToNoise, maxMemoryBytes, memoryBytes, wrongs };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      lines: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
    },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(SUBJECTS);
  for (const name of names) {
    const beganMs = performance.now();
    const result = await fuzz(name, Number(values.lines), Number(values.seed));
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(0);
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
    console.log(
      `${name}: ${result.lines} lines in ${seconds} s, ${result.probes} valid requests answered, ` +
        `${result.answersToNoise} answers to noise, memory ${megabytes(result.memoryBytes)} MB ` +
        `in the end and ${megabytes(result.maxMemoryBytes)} MB at most`,
    );
    for (const wrong of result.wrongs) console.log(`  ${wrong}`);
    if (result.wrongs.length > 0) process.exitCode = 1;
  }
}
