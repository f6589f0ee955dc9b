/**
 * Nodes as processes: spawned, fed and killed as Maelstrom does it.
 *
 * @see Maelstrom, `process.clj`
 */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import type { FileSink, Subprocess } from "bun";
import { LineReader, splitLines } from "../../protocol/lines.ts";
import { type NodeId, stringifyJson } from "../../vortex/index.ts";
import { lazy } from "../../vortex/lazy.ts";
import type { Delivery } from "../network/delivery.ts";
import type { Network } from "../network/network.ts";
import { type BadLine, type Cluster, type Crash, StartError, shownLine } from "./cluster.ts";
import { type LineProblem, sendLine, tooLongLine } from "./output-line.ts";
import { hasExited, ProcessTag, signal } from "./process-tree.ts";

export interface ProcessClusterOptions {
  /** Absolute path of the program. */
  readonly bin: string;
  /** The program's arguments, the same for each node. */
  readonly args: readonly string[];
  readonly network: Network;
  readonly onStderr?: (node: NodeId, line: string) => void;
  readonly onBadLine: (badLine: BadLine) => void;
  /** Hears what a person should know at once. */
  readonly onRemark?: ((text: string) => void) | undefined;
}

const KEPT_LINES = 32;
/** No message may be longer, in characters: it would fill memory, several times over. */
const MAX_STDOUT_LINE_LENGTH = 2 ** 25;
/** What is longer is taken for several lines. */
const MAX_STDERR_LINE_LENGTH = 2 ** 16;
const KILL_TIMEOUT_MS = 5000;
/** How long a node may live on without a stdin or stdout before that is told. */
const ENDING_MS = 500;

type Child = Subprocess<"pipe", "pipe", "pipe">;

/** What a reader of a node's stdout or stderr can do. */
interface Output {
  read(): Promise<{ readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

interface NodeProcess {
  readonly child: Child;
  /** The last lines that it printed. */
  readonly stdout: string[];
  readonly stderr: string[];
  readonly messages: LineReader;
  /** Whether it was told to end: a line that it was writing then is none. */
  isKilled: boolean;
  /** Resolves when it has ended and all that it printed has been read. */
  readonly ended: Promise<unknown>;
  /** Reads nothing more that it prints. */
  abandonOutput(): void;
}

export class ProcessCluster implements Cluster {
  readonly #options: ProcessClusterOptions;
  readonly #nodes = new Map<NodeId, NodeProcess>();
  /** Those that were killed, and may not have ended yet. */
  readonly #killed = new Set<NodeProcess>();
  /** Those that had crashed before they were killed. */
  readonly #crashes: Crash[] = [];
  readonly #badLines: BadLine[] = [];
  readonly #tag = new ProcessTag();
  // Whatever ends this process, a failed assertion too, it leaves no node behind.
  readonly #killAll = () => {
    // Before the nodes, for what has no parent any more is harder to find.
    this.#tag.killAll();
    for (const node of [...this.#nodes.values(), ...this.#killed]) this.#kill(node);
  };

  constructor(options: ProcessClusterOptions) {
    this.#options = options;
    process.on("exit", this.#killAll);
  }

  get badLines(): readonly BadLine[] {
    return this.#badLines;
  }

  unfinishedLine(node: NodeId): string {
    return this.#nodes.get(node)?.messages.unfinished ?? "";
  }

  /** The number of a node's process, while it runs. */
  processId(node: NodeId): number | undefined {
    const child = this.#nodes.get(node)?.child;
    return child === undefined || hasExited(child) ? undefined : child.pid;
  }

  start(node: NodeId): Promise<unknown> {
    const { bin, args, network, onStderr } = this.#options;
    const child = spawn(bin, args, this.#tag.addedTo(process.env));
    const tellOfStdin = lazy(() => this.#tellIfAlive(running, `${node} has closed its stdin`));
    network.connect(node, (delivery) => write(child.stdin, delivery, tellOfStdin));
    const isKilled = () => running.isKilled;
    const stdout: string[] = [];
    const stderr: string[] = [];
    const messages = new LineReader(MAX_STDOUT_LINE_LENGTH);
    const outputs = [child.stdout.getReader(), child.stderr.getReader()] as const;
    const ended = Promise.all([
      child.exited,
      this.#readMessages(node, outputs[0], messages, stdout, isKilled).then(() => {
        void this.#tellIfAlive(running, `${node} has closed its stdout`);
      }),
      readLines(outputs[1], new LineReader(MAX_STDERR_LINE_LENGTH), (line) => {
        keepLast(stderr, line);
        onStderr?.(node, line);
      }),
    ]);
    const abandonOutput = () => {
      for (const output of outputs) void output.cancel();
    };
    const streams = { stdout, stderr, messages };
    const running: NodeProcess = { child, ...streams, isKilled: false, ended, abandonOutput };
    this.#nodes.set(node, running);
    return child.exited;
  }

  kill(node: NodeId): boolean {
    const killed = this.#nodes.get(node);
    if (killed === undefined) return false;
    const hasCrashed = hasExited(killed.child);
    if (hasCrashed) this.#crashes.push(crashOf(node, killed));
    this.#nodes.delete(node);
    this.#killed.add(killed);
    this.#kill(killed);
    // As in Maelstrom, messages for a dead node are taken from its queue, and lost.
    this.#options.network.connect(node, ignore);
    return !hasCrashed;
  }

  pause(node: NodeId): boolean {
    const paused = this.#nodes.get(node);
    if (paused === undefined || hasExited(paused.child)) return false;
    signalGroup(paused.child, "SIGSTOP");
    return true;
  }

  resume(node: NodeId): void {
    const paused = this.#nodes.get(node);
    if (paused !== undefined && !hasExited(paused.child)) signalGroup(paused.child, "SIGCONT");
  }

  async stop(): Promise<readonly Crash[]> {
    const nodes = [...this.#nodes];
    const crashed = nodes.filter(([, { child }]) => hasExited(child));
    this.#killAll();
    const all = [...this.#nodes.values(), ...this.#killed];
    await withinLimit(Promise.all(all.map(({ ended }) => ended)));
    // A daemon that was not found may hold the pipes for ever.
    for (const { abandonOutput } of all) abandonOutput();
    for (const [node] of nodes) this.#options.network.disconnect(node);
    this.#nodes.clear();
    this.#killed.clear();
    process.off("exit", this.#killAll);
    return [...this.#crashes.splice(0), ...crashed.map(([node, ended]) => crashOf(node, ended))];
  }

  #kill(node: NodeProcess): void {
    // A node that crashed before stays a crash: its unfinished line is read.
    if (!hasExited(node.child)) node.isKilled = true;
    if (process.platform === "win32") node.child.kill("SIGKILL");
    else this.#tag.killGroup(node.child);
  }

  /** A node without a stdin or stdout normally is one that ends; if it does not, people may wonder. */
  async #tellIfAlive(node: NodeProcess, what: string): Promise<void> {
    const hasEnded = await Promise.race([
      node.child.exited.then(() => true),
      Bun.sleep(ENDING_MS).then(() => false),
    ]);
    if (hasEnded || node.isKilled) return;
    this.#options.onRemark?.(
      `${what}, but runs on: it must keep both, and end when its stdin does`,
    );
  }

  async #readMessages(
    node: NodeId,
    stdout: Output,
    lines: LineReader,
    kept: string[],
    isKilled: () => boolean,
  ): Promise<void> {
    let isIgnored = false;
    const onLine = (line: string, isWhole: boolean) => {
      if (isIgnored || (!isWhole && isKilled())) return;
      keepLast(kept, line);
      const bad = this.#send(line);
      if (bad === undefined) return;
      // Maelstrom reads nothing more of a node that has printed a bad line. Here it is read, for the
      // node would wait for ever else, but not even decoded: there may be no end of it.
      isIgnored = true;
      lines.end();
      const badLine = { node, line: shownLine(line), ...bad };
      this.#badLines.push(badLine);
      this.#options.onBadLine(badLine);
    };
    await readLines(stdout, lines, onLine, () => isIgnored);
  }

  #send(line: string): LineProblem | undefined {
    return line.length > MAX_STDOUT_LINE_LENGTH
      ? tooLongLine(line, MAX_STDOUT_LINE_LENGTH)
      : sendLine(this.#options.network, line, line.length);
  }
}

/** @throws {StartError} when the system refuses. */
function spawn(bin: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
  try {
    return Bun.spawn([bin, ...args], {
      // As in Maelstrom: nodes share a directory, and it is not the project's.
      cwd: tmpdir(),
      env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      // A process group of its own: Ctrl-C must not reach the node before the tester ends it, and a
      // wrapper's children can be killed with it.
      detached: true,
    });
  } catch (error) {
    throw new StartError(`Cannot run ${bin}: ${whyNotRun(bin, error)}`, { cause: error });
  }
}

function whyNotRun(bin: string, error: unknown): string {
  if (!existsSync(bin)) return "the file is gone; it must stay in place while a test runs";
  const reason = error instanceof Error ? error.message : String(error);
  // Bun knows no words for it.
  const words = reason.startsWith("ENOEXEC") ? "the system does not know its format" : reason;
  return `${words}; it must be a program for this machine, or a script whose first line names its interpreter, such as #!/usr/bin/env python3`;
}

function keepLast(kept: string[], line: string): void {
  kept.push(shownLine(line));
  if (kept.length > KEPT_LINES) kept.shift();
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
    if (isIgnored()) continue;
    for (const line of splitLines(lines.push(chunk))) onLine(line, true);
  }
  for (const line of splitLines(lines.end())) onLine(line, false);
}

/** Writes a message to a node. A dead one is noticed when the test ends. */
function write(
  stdin: FileSink,
  { id, src, dest, body }: Delivery,
  onClosed: () => void,
): void | Promise<void> {
  try {
    stdin.write(`${stringifyJson({ id, src, dest, body })}\n`);
    const flushed = stdin.flush();
    if (flushed instanceof Promise) return flushed.then(ignore, onClosed);
  } catch {
    onClosed(); // EPIPE.
  }
}

function ignore(): void {}

function crashOf(node: NodeId, { child, stdout, stderr }: NodeProcess): Crash {
  const { exitCode, signalCode } = child;
  const status = signalCode === null ? `exit status ${exitCode}` : `signal ${signalCode}`;
  return { node, status, stdout, stderr };
}

/** Signals the process group of a running node. */
function signalGroup(child: Child, name: "SIGSTOP" | "SIGCONT"): void {
  if (process.platform === "win32") child.kill(name);
  else signal(-child.pid, name);
}

/** Waits for a while: a process in the kernel's hands may take long to end. */
async function withinLimit(task: Promise<unknown>): Promise<void> {
  const { promise: limit, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, KILL_TIMEOUT_MS);
  await Promise.race([task, limit]);
  clearTimeout(timer);
}
