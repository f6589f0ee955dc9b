/**
 * The process edge: runs a program on stdin, stdout and stderr.
 *
 * Only messages ever reach stdout. What was measured to matter, and shaped this file: no import of
 * any `node:` module (it costs milliseconds of start-up), input in chunks, one write per chunk.
 */
import { decode, encode } from "../protocol/codec.ts";
import { mayHoldRawNumbers } from "../protocol/json.ts";
import { LineReader, splitLines } from "../protocol/lines.ts";
import type { Message } from "../protocol/message.ts";
import { shorten } from "../protocol/shorten.ts";
import type { Clock, Host, Logger, Random, Transport } from "./host.ts";
import { KVNode } from "./kv-node.ts";
import type { OptionsSchema } from "./options.ts";
import { bindArguments, type Program } from "./program.ts";

/** How long a program may still be busy after the end of input, in ms. */
const DRAIN_LIMIT_MS = 5000;
/** How long a process that was told to end may last when nobody reads its output, in ms. */
const STOP_LIMIT_MS = DRAIN_LIMIT_MS + 1000;
/** How long input may hold the event loop before timers get their turn, in ms. */
const TURN_MS = 5;
/**
 * How long a line may be, in characters: 134 million. An answer to one that is as long takes about
 * 1 GB of memory meanwhile. A longer one is skipped: some time before 2^31 characters no text could
 * hold it, and the process would end.
 */
const MAX_LINE_LENGTH = 2 ** 27;
const MAX_SHOWN_LENGTH = 200;
const BAD_OPTION_EXIT_CODE = 2;
const OUTPUT_LOST_EXIT_CODE = 1;

/**
 * Runs a program as this process, until the end of input, SIGTERM or SIGINT.
 *
 * Its options come from the command line. A bad value of one ends the process with code 2 before
 * `init` is answered; an unknown word is ignored with a remark. At the end of input, what is under
 * way is finished first (for up to 5 s), and the process ends with code 0; so it does after a signal,
 * or when nobody reads its output any more. Code 1 says that output was lost for another reason.
 *
 * @example
 * if (import.meta.main) await serve(echo);
 */
export async function serve<S extends OptionsSchema>(program: Program<S>): Promise<void> {
  const words = process.argv.slice(2);
  const bound = bindArguments(program, words);
  if (!bound.ok) {
    logger.log(bound.reason);
    process.exitCode = BAD_OPTION_EXIT_CODE;
    return;
  }
  for (const warning of bound.warnings) logger.log(warning);

  const input = new Input();
  const output = new Output(() => input.stop());
  const host: Host = { transport: output, clock: systemClock, random, logger };
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

function giveUp(): never {
  logger.log("Ending with output that nobody has read");
  process.exit(OUTPUT_LOST_EXIT_CODE);
}

/** stdin, up to its end or until it is stopped. */
class Input {
  readonly #reader = Bun.stdin.stream().getReader();
  #isStopped = false;

  /** The next bytes; `undefined` at the end. */
  async read(): Promise<Uint8Array | undefined> {
    return (await this.#reader.read()).value;
  }

  stop(): void {
    this.#isStopped = true;
    this.#reader.cancel().catch((error) => logger.log(`Cannot stop reading stdin: ${error}`));
  }

  /** Whether nothing more is to be read: a line that has begun will not be finished. */
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
    logger.log(`Skipping a line, longer than ${MAX_LINE_LENGTH} characters: ${beginning}...`);
  });
  let turnBeganMs = performance.now();
  while (!input.isStopped) {
    const chunk = await input.read();
    if (chunk === undefined) {
      if (!input.isStopped) receiveLines(lines.end(), receive);
      return;
    }
    receiveLines(lines.push(chunk), receive);
    // A reader that stalls must not make this process grow: no more input until it has caught up.
    if (output.isBusy) await output.drained();
    // While input floods, the next chunk is always there already, and timers would starve.
    if (performance.now() - turnBeganMs > TURN_MS) {
      await new Promise(setImmediate);
      turnBeganMs = performance.now();
    }
  }
}

function receiveLines(text: string, receive: (message: Message) => void): void {
  // One look at the whole chunk decides for all its lines.
  const parse = mayHoldRawNumbers(text) ? undefined : JSON.parse;
  for (const line of splitLines(text)) {
    const decoded = decode(line, parse);
    if (decoded.ok) receive(decoded.message);
    else logger.log(`Skipping a line, ${decoded.reason}: ${shorten(line, MAX_SHOWN_LENGTH)}`);
  }
}

/**
 * stdout: collects lines, and writes what has come together once the current input is handled.
 *
 * Lines are written in the order they came, and none is cut: while the pipe is full, they wait here.
 */
class Output implements Transport {
  readonly #sink = Bun.stdout.writer();
  readonly #onClosed: () => void;
  /** Lines that wait to be written. */
  #text = "";
  #writing: Promise<void> | undefined;

  /** Whether the other side has closed the pipe: whatever is sent from then on is dropped. */
  isClosed = false;

  constructor(onClosed: () => void) {
    this.#onClosed = onClosed;
  }

  send(message: Message): void {
    this.#text += encode(message);
    this.#writing ??= this.#write();
  }

  /** Whether something that was sent has not been taken by the pipe. */
  get isBusy(): boolean {
    return this.#writing !== undefined;
  }

  /** Resolves when everything sent so far has been taken by the pipe. */
  async drained(): Promise<void> {
    await this.#writing;
  }

  async end(): Promise<void> {
    await this.drained();
    if (!this.isClosed) await this.#sink.end();
  }

  async #write(): Promise<void> {
    // Lets the handlers of the current chunk finish first, so that their output is one write.
    await undefined;
    try {
      while (this.#text !== "" && !this.isClosed) {
        const text = this.#text;
        this.#text = "";
        // Promises come only when the pipe is full.
        const written = this.#sink.write(text);
        if (typeof written !== "number") await written;
        const flushed = this.#sink.flush();
        if (typeof flushed !== "number") await flushed;
      }
    } catch (error) {
      this.isClosed = true;
      this.#onClosed();
      // After EPIPE nobody reads any more: there is no one to tell, and nothing left to do.
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

/** The time of this machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const dueMs = performance.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      // Longer waits than setTimeout can count end at once: they are cut into pieces.
      const remainingMs = dueMs - performance.now();
      if (remainingMs > MAX_TIMEOUT_MS) timer = setTimeout(wait, MAX_TIMEOUT_MS);
      else timer = setTimeout(callback, Math.ceil(Math.max(0, remainingMs)));
    };
    wait();
    return () => clearTimeout(timer);
  },
};

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

// Drawn from the system in blocks: Math.random may start two processes from the same 32 bits.
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
