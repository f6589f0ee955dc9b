/**
 * A node as a process: its pipes, its last output and its signals.
 *
 * @see Maelstrom, `process.clj`
 */
import { tmpdir } from "node:os";
import type { FileSink, Subprocess } from "bun";
import { LineReader, splitLines } from "../../protocol/lines.ts";
import { DATA_VARIABLE } from "../../vortex/data-flag.ts";
import { type NodeId, stringifyJson } from "../../vortex/index.ts";
import { lazy } from "../../vortex/lazy.ts";
import type { Delivery } from "../network/delivery.ts";
import { describeResourceError, problemOfDirectory } from "../system-error.ts";
import { type Crash, StartError } from "./cluster.ts";
import { describeExecError } from "./executable-problem.ts";
import { shownLine } from "./node-log.ts";
import { hasExited, type ProcessTag, signal } from "./process-tree.ts";

export interface NodeProcessOptions {
  readonly node: NodeId;
  /** Absolute path of the program. */
  readonly bin: string;
  readonly args: readonly string[];
  /** The directory of the nodes' storage, which they create when they store something. */
  readonly dataDirectory: string | undefined;
  /** Marks the process and its descendants. */
  readonly tag: ProcessTag;
  /**
   * Called with each line of stdout. Returns whether to go on: after `false`, stdout is read, because
   * the node would block otherwise, but ignored.
   */
  readonly onStdout: (line: string) => boolean;
  readonly onStderr: (line: string) => void;
  /** Called when the node has closed its stdin or stdout, and keeps running. */
  readonly onRemark: (text: string) => void;
}

/** Maximum length of a message, in characters: one must not fill memory. */
export const MAX_STDOUT_LINE_LENGTH = 2 ** 25;
/** A longer line is split. */
const MAX_STDERR_LINE_LENGTH = 2 ** 16;
/** Lines that are longer together, in characters, do not wait for the end of the turn. */
const MAX_UNWRITTEN_LENGTH = 2 ** 16;
/** Number of last lines that are reported for a crashed node. */
const LAST_LINE_COUNT = 32;
/** How long a node may run without a stdin or stdout before a remark is due, in ms. */
const EXIT_GRACE_MS = 500;

/** A reader of stdout or stderr. */
interface Output {
  read(): Promise<{ readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

export class NodeProcess {
  readonly #options: NodeProcessOptions;
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #outputs: readonly Output[];
  readonly #messages = new LineReader(MAX_STDOUT_LINE_LENGTH);
  readonly #lastStdout: string[] = [];
  readonly #lastStderr: string[] = [];
  readonly #remarkOnStdin = lazy(() => this.#remarkIfRunning("stdin"));
  /** Lines of this turn of the event loop. */
  #unwritten = "";
  /** Resolves when a full pipe has taken what was written. */
  #full: Promise<void> | undefined;
  /** Whether the tester killed it while it ran. Its unfinished line is discarded then. */
  #isKilled = false;
  /** Resolves when the process has exited, and all of its output has been read. */
  readonly ended: Promise<unknown>;

  /** @throws {StartError} when the program cannot be run. */
  constructor(options: NodeProcessOptions) {
    this.#options = options;
    this.#child = spawn(options);
    const stdout = this.#child.stdout.getReader();
    const stderr = this.#child.stderr.getReader();
    this.#outputs = [stdout, stderr];
    this.ended = Promise.all([
      this.#child.exited,
      this.#readStdout(stdout).then(() => {
        void this.#remarkIfRunning("stdout");
      }),
      readLines(stderr, new LineReader(MAX_STDERR_LINE_LENGTH), (line) => {
        keepLast(this.#lastStderr, line);
        options.onStderr(line);
      }),
    ]);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get exited(): Promise<number> {
    return this.#child.exited;
  }

  get hasExited(): boolean {
    return hasExited(this.#child);
  }

  /** The output after the last line break. */
  get unfinishedLine(): string {
    return this.#messages.unfinished;
  }

  /**
   * Writes a message to stdin, together with the others of this turn of the event loop: two system
   * calls a message took two fifths of the tester's time. A dead process is detected when the test ends.
   *
   * @returns a promise while the pipe is full.
   */
  write(delivery: Delivery): void | Promise<void> {
    if (this.#full !== undefined) return this.#full.then(() => this.write(delivery));
    const { id, src, dest, body } = delivery;
    const isFirst = this.#unwritten === "";
    this.#unwritten += `${stringifyJson({ id, src, dest, body })}\n`;
    if (this.#unwritten.length > MAX_UNWRITTEN_LENGTH) this.#flush();
    else if (isFirst) setImmediate(() => this.#flush());
    return this.#full;
  }

  #flush(): void {
    if (this.#unwritten === "") return;
    const text = this.#unwritten;
    this.#unwritten = "";
    const stdin: FileSink = this.#child.stdin;
    try {
      stdin.write(text);
      const flushed = stdin.flush();
      if (!(flushed instanceof Promise)) return;
      this.#full = flushed
        .then(() => {}, this.#remarkOnStdin)
        .then(() => {
          this.#full = undefined;
        });
    } catch {
      void this.#remarkOnStdin(); // EPIPE.
    }
  }

  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  kill(): void {
    // A node that exited by itself stays a crash: its unfinished line is read.
    if (!this.hasExited) this.#isKilled = true;
    if (process.platform === "win32") this.#child.kill("SIGKILL");
    else this.#options.tag.killGroup(this.#child);
  }

  /** Stops reading: a daemon that was not found may hold the pipes forever. */
  abandonOutput(): void {
    for (const output of this.#outputs) void output.cancel();
  }

  /** Describes the exit of the process. */
  crash(): Crash {
    const { exitCode, signalCode } = this.#child;
    const status = signalCode === null ? `exit status ${exitCode}` : `signal ${signalCode}`;
    const { node } = this.#options;
    return { node, status, stdout: this.#lastStdout, stderr: this.#lastStderr };
  }

  /** Signals the process group. */
  #signal(name: "SIGSTOP" | "SIGCONT"): void {
    if (this.hasExited) return;
    if (process.platform === "win32") this.#child.kill(name);
    else signal(-this.#child.pid, name);
  }

  async #readStdout(stdout: Output): Promise<void> {
    let isIgnored = false;
    const onLine = (line: string, isWhole: boolean) => {
      if (isIgnored || (!isWhole && this.#isKilled)) return;
      keepLast(this.#lastStdout, line);
      if (this.#options.onStdout(line)) return;
      isIgnored = true;
      this.#messages.end();
    };
    await readLines(stdout, this.#messages, onLine, () => isIgnored);
  }

  /** Remarks on a node that closed a pipe, unless it exits shortly after, as nodes normally do. */
  async #remarkIfRunning(pipe: "stdin" | "stdout"): Promise<void> {
    const hasExited = await Promise.race([
      this.#child.exited.then(() => true),
      Bun.sleep(EXIT_GRACE_MS).then(() => false),
    ]);
    if (hasExited || this.#isKilled) return;
    this.#options.onRemark(
      `${this.#options.node} has closed its ${pipe}, but keeps running: it must keep both open, and exit when its stdin ends`,
    );
  }
}

/** @throws {StartError} when the system refuses. */
function spawn({
  bin,
  args,
  dataDirectory,
  tag,
}: NodeProcessOptions): Subprocess<"pipe", "pipe", "pipe"> {
  // As in Maelstrom, all nodes run in one directory, which is not the project's.
  const cwd = tmpdir();
  try {
    return Bun.spawn([bin, ...args], {
      cwd,
      env: tag.addedTo({ ...process.env, [DATA_VARIABLE]: dataDirectory }),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      // A process group of its own: Ctrl-C does not reach the node before the tester ends it, and the
      // children of a wrapper are killed with it.
      detached: true,
    });
  } catch (error) {
    throw new StartError(describeSpawnError(bin, cwd, error), { cause: error });
  }
}

function describeSpawnError(bin: string, cwd: string, error: unknown): string {
  const problem = describeResourceError(error) === undefined ? problemOfDirectory(cwd) : undefined;
  if (problem !== undefined) {
    return `Nodes cannot run in the temporary directory ${cwd}: ${problem}. Set TMPDIR to a directory that exists and that this user may enter`;
  }
  return `Cannot run ${bin}: ${describeExecError(bin, error)}`;
}

function keepLast(lines: string[], line: string): void {
  lines.push(shownLine(line));
  if (lines.length > LAST_LINE_COUNT) lines.shift();
}

async function readLines(
  output: Output,
  lines: LineReader,
  onLine: (line: string, isWhole: boolean) => void,
  isIgnored: () => boolean = () => false,
): Promise<void> {
  for (;;) {
    const { value: chunk } = await output.read();
    if (chunk === undefined) break;
    // Not even decoded: the output may be endless.
    if (isIgnored()) continue;
    for (const line of splitLines(lines.push(chunk))) onLine(line, true);
  }
  for (const line of splitLines(lines.end())) onLine(line, false);
}
