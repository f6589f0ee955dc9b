/**
 * The process edge: runs a program on stdin, stdout and stderr, and on files if it stores anything.
 *
 * Only messages reach stdout. Measurements shaped this file: no import of any `node:` module (each
 * costs milliseconds of start-up), input in chunks, one write per chunk.
 */
import { decode, encode } from "../protocol/codec.ts";
import { mayHoldRawNumbers } from "../protocol/json.ts";
import { LineReader, splitLines } from "../protocol/lines.ts";
import type { Message, NodeId } from "../protocol/message.ts";
import { shorten } from "../protocol/shorten.ts";
import { DATA_VARIABLE } from "./data-flag.ts";
import type { Clock, Disk, Host, Logger, Random, Transport } from "./host.ts";
import { KVNode } from "./kv-node.ts";
import type { OptionsSchema } from "./options.ts";
import { bindArguments, type Program } from "./program.ts";

/** How long the program may finish its work after the end of input, in ms. */
const DRAIN_LIMIT_MS = 5000;
/** How long a process may outlive a signal while its output is not read, in ms. */
const STOP_LIMIT_MS = DRAIN_LIMIT_MS + 1000;
/** How long input may occupy the event loop before timers run, in ms. */
const TURN_MS = 5;
/**
 * Maximum length of a line, in characters: 134 million. Replying to one with as much takes about 1 GB
 * of memory. Longer lines are skipped: a string cannot hold 2^31 characters, and the process would
 * crash.
 */
const MAX_LINE_LENGTH = 2 ** 27;
const MAX_SHOWN_LENGTH = 200;
const BAD_OPTION_EXIT_CODE = 2;
const OUTPUT_LOST_EXIT_CODE = 1;

/**
 * Runs a program as this process, until the end of input, SIGTERM or SIGINT.
 *
 * The program's options come from the command line. An invalid value ends the process with code 2
 * before `init`; an unknown argument is logged and ignored. At the end of input, after a signal, or
 * when the reader of stdout has gone, the process finishes work in progress for up to 5 s and ends
 * with code 0. Code 1 means that output was lost for another reason.
 *
 * `--data DIR` is the directory of {@link Node.storage}; without it, the environment variable
 * `VORTEX_DATA` is.
 *
 * @example
 * if (import.meta.main) await serve(echo);
 */
export async function serve<S extends OptionsSchema>(program: Program<S>): Promise<void> {
  const bound = bindArguments(program, process.argv.slice(2));
  if (!bound.ok) {
    logger.log(bound.reason);
    process.exitCode = BAD_OPTION_EXIT_CODE;
    return;
  }
  for (const warning of bound.warnings) logger.log(warning);

  const input = new Input();
  const output = new Output(() => input.stop());
  const directory = bound.dataDirectory ?? process.env[DATA_VARIABLE];
  const host: Host = {
    transport: output,
    clock: systemClock,
    random,
    logger,
    openDisk: directory ? await fileDisks(directory) : undefined,
  };
  const node = new KVNode(host, bound.program);

  const stop = () => {
    input.stop();
    setTimeout(giveUp, STOP_LIMIT_MS).unref();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  await readMessages(input, output, (message) => node.receive(message));
  await node.drain(output.isClosed ? 0 : DRAIN_LIMIT_MS);
  await output.end();
  process.off("SIGTERM", stop);
  process.off("SIGINT", stop);
}

/** Loads the disks of processes, which a program without a directory can do without. */
async function fileDisks(directory: string): Promise<(node: NodeId) => Disk> {
  const { FileDisk } = await import("./file-disk.ts");
  return (node) => new FileDisk(directory, node, logger.log);
}

function giveUp(): never {
  logger.log(
    `Exiting ${STOP_LIMIT_MS / 1000} s after a signal: stdout is not read, output is lost`,
  );
  process.exit(OUTPUT_LOST_EXIT_CODE);
}

/** Reads stdin, up to its end or until stopped. */
class Input {
  readonly #reader = Bun.stdin.stream().getReader();
  #isStopped = false;

  /** Returns the next bytes, or `undefined` at the end. */
  async read(): Promise<Uint8Array | undefined> {
    return (await this.#reader.read()).value;
  }

  stop(): void {
    this.#isStopped = true;
    this.#reader.cancel().catch((error) => logger.log(`Cannot stop reading stdin: ${error}`));
  }

  /** Whether reading has been stopped; an unfinished line is then dropped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }
}

async function readMessages(
  input: Input,
  output: Output,
  receive: (message: Message) => void,
): Promise<void> {
  const lines = new LineReader(MAX_LINE_LENGTH, (beginning) => {
    logger.log(`Skipping a line longer than ${MAX_LINE_LENGTH} characters: ${beginning}...`);
  });
  let turnBeganMs = performance.now();
  while (!input.isStopped) {
    const chunk = await input.read();
    if (chunk === undefined) {
      if (!input.isStopped) receiveLines(lines.end(), receive);
      return;
    }
    receiveLines(lines.push(chunk), receive);
    // Back-pressure: without it, a slow reader of stdout would make this process grow.
    if (output.isBusy) await output.drained();
    // When input floods, the next chunk is always ready, and timers would starve.
    if (performance.now() - turnBeganMs > TURN_MS) {
      await new Promise(setImmediate);
      turnBeganMs = performance.now();
    }
  }
}

function receiveLines(text: string, receive: (message: Message) => void): void {
  // One check of the whole chunk covers all its lines.
  const parse = mayHoldRawNumbers(text) ? undefined : JSON.parse;
  for (const line of splitLines(text)) {
    const decoded = decode(line, parse);
    if (decoded.ok) receive(decoded.message);
    else logger.log(`Skipping a line, ${decoded.reason}: ${shorten(line, MAX_SHOWN_LENGTH)}`);
  }
}

/**
 * Writes messages to stdout: all lines of one chunk of input in one write.
 *
 * Keeps their order, and never writes part of a line: while the pipe is full, lines wait in memory.
 */
class Output implements Transport {
  readonly #sink = Bun.stdout.writer();
  readonly #onClosed: () => void;
  /** Lines to be written. */
  #text = "";
  #writing: Promise<void> | undefined;

  /** Whether the reader has closed the pipe: all later messages are dropped. */
  isClosed = false;

  constructor(onClosed: () => void) {
    this.#onClosed = onClosed;
  }

  send(message: Message): void {
    this.#text += encode(message);
    this.#writing ??= this.#write();
  }

  /** Whether the pipe has not taken everything yet. */
  get isBusy(): boolean {
    return this.#writing !== undefined;
  }

  /** Resolves when the pipe has taken everything sent so far. */
  async drained(): Promise<void> {
    await this.#writing;
  }

  async end(): Promise<void> {
    await this.drained();
    if (!this.isClosed) await this.#sink.end();
  }

  async #write(): Promise<void> {
    // The handlers of the current chunk run first, so that their output is one write.
    await undefined;
    try {
      while (this.#text !== "" && !this.isClosed) {
        const text = this.#text;
        this.#text = "";
        // Both return a promise only when the pipe is full.
        const written = this.#sink.write(text);
        if (typeof written !== "number") await written;
        const flushed = this.#sink.flush();
        if (typeof flushed !== "number") await flushed;
      }
    } catch (error) {
      this.isClosed = true;
      this.#onClosed();
      // EPIPE only means that the reader has gone.
      if (!isBrokenPipe(error)) {
        logger.log(`Cannot write to stdout: ${error}`);
        process.exitCode = OUTPUT_LOST_EXIT_CODE;
      }
    }
    this.#text = "";
    this.#writing = undefined;
  }
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

/** The monotonic clock of this machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const dueMs = performance.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      // setTimeout fires at once for waits beyond its maximum, so they are split.
      const remainingMs = dueMs - performance.now();
      if (remainingMs > MAX_TIMEOUT_MS) timer = setTimeout(wait, MAX_TIMEOUT_MS);
      else timer = setTimeout(callback, Math.ceil(Math.max(0, remainingMs)));
    };
    wait();
    return () => clearTimeout(timer);
  },
};

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

// Drawn from the system in blocks: Math.random may seed two processes with the same 32 bits.
const randomWords = new Uint32Array(256);
let randomWordsUsed = randomWords.length;

const random: Random = {
  next() {
    if (randomWordsUsed === randomWords.length) {
      crypto.getRandomValues(randomWords);
      randomWordsUsed = 0;
    }
    const high = (randomWords[randomWordsUsed++] ?? 0) >>> 5;
    const low = (randomWords[randomWordsUsed++] ?? 0) >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  },
};

const logger: Logger = {
  log: (text) => console.error(text),
};
