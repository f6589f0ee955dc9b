/** Runs a node as a process: feeds its stdin, reads its stdout, stderr and exit code. */
import { closeSync, mkdtempSync, openSync, read, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { decode } from "../../../lib/protocol/codec.ts";
import { LineReader, splitLines } from "../../../lib/protocol/lines.ts";
import type { AnyBody, Message } from "../../../lib/vortex/index.ts";
import { DIST } from "./vortex.ts";

/** Command that runs a compiled program, such as `"echo"`. */
export function binary(name: string): string[] {
  return [join(DIST, name)];
}

/** Command that runs a program of `programs/` from source. */
export function source(name: string): string[] {
  return [process.execPath, join(import.meta.dir, "programs", `${name}.ts`)];
}

/** A line of input: a message from client c1 to node n0. */
export function line(body: AnyBody): string {
  return `${JSON.stringify({ src: "c1", dest: "n0", body })}\n`;
}

export const INIT = line({ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0", "n1"] });
export const INIT_OK = { type: "init_ok", in_reply_to: 1 };

export interface Exit {
  readonly exitCode: number | null;
  /** Signal that killed the process, if any. */
  readonly signal: string | null;
  /** Lines of stdout, without their line breaks. */
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Runs a process on the given input until it exits. */
export async function run(
  command: readonly string[],
  input: string | Uint8Array,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Exit> {
  const child = Bun.spawn([...command], {
    ...options,
    stdin: typeof input === "string" ? Buffer.from(input) : input,
    stdout: "pipe",
    stderr: "pipe",
  });
  try {
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await child.exited;
    return exitOf(child, splitLines(stdout), stderr);
  } finally {
    child.kill("SIGKILL");
  }
}

function exitOf(child: Bun.Subprocess, lines: readonly string[], stderr: string): Exit {
  const { exitCode, signalCode } = child;
  const signal = signalCode === null ? null : String(signalCode);
  return { exitCode, signal, lines, stderr };
}

/** Parses the bodies of the messages on the given lines; throws if a line is not a message. */
export function bodies(lines: readonly string[]): AnyBody[] {
  return lines.map((text) => messageOf(text).body);
}

function messageOf(text: string): Message {
  const decoded = decode(text);
  if (!decoded.ok) throw new Error(`Invalid message on stdout, ${decoded.reason}: ${text}`);
  return decoded.message;
}

/** Memory of a process in bytes, from /proc: current (`VmRSS`) or peak (`VmHWM`). Linux only. */
export function memoryBytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
}

const readChunk: (descriptor: number, chunk: Uint8Array) => Promise<{ bytesRead: number }> =
  promisify(read);

/**
 * A running process that a test converses with. `await using` kills it at the end of the scope.
 *
 * Its stdout is a named pipe that is read only when the test reads. A process that fills the pipe
 * blocks until then, as with any stalled reader.
 */
export class NodeProcess implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "node-process-"));
  readonly #child: Bun.Subprocess<"pipe", number, "pipe">;
  readonly #stderr: Promise<string>;
  readonly #reader = new LineReader();
  readonly #chunk = new Uint8Array(65_536);
  readonly #lines: string[] = [];
  #pipe: number | undefined;

  constructor(command: readonly string[]) {
    const path = join(this.#directory, "stdout");
    const { exitCode } = Bun.spawnSync(["mkfifo", path]);
    if (exitCode !== 0) throw new Error(`Cannot make a named pipe at ${path}`);
    // Opening one end of a named pipe blocks until the other end is open; "r+" opens both.
    const both = openSync(path, "r+");
    this.#pipe = openSync(path, "r");
    const stdout = openSync(path, "w");
    closeSync(both);
    this.#child = Bun.spawn([...command], { stdin: "pipe", stdout, stderr: "pipe" });
    closeSync(stdout);
    this.#stderr = this.#child.stderr.text();
  }

  /** Writes to its stdin without waiting for the process to read. */
  write(text: string): void {
    // The process may have exited, or exit before it has read everything.
    Promise.try(() => this.#child.stdin.write(text)).catch(() => {});
    Promise.try(() => this.#child.stdin.flush()).catch(() => {});
  }

  /** Writes to its stdin and waits until the pipe has taken all of it. */
  async writeAll(text: string): Promise<void> {
    this.#child.stdin.write(text);
    await this.#child.stdin.flush();
  }

  /** Closes its stdin. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /** Waits for the next message on its stdout. */
  async next(): Promise<AnyBody> {
    while (this.#lines.length === 0) {
      if (this.#pipe === undefined) throw new Error("Cannot read: closeOutput was called");
      const { bytesRead } = await readChunk(this.#pipe, this.#chunk);
      if (bytesRead === 0) throw new Error("The node exited without sending another message");
      const text = this.#reader.push(this.#chunk.subarray(0, bytesRead));
      this.#lines.push(...splitLines(text));
    }
    return messageOf(this.#lines.shift() ?? "").body;
  }

  /** Text after the last line break, once stdout has ended; `""` if the last line is complete. */
  get rest(): string {
    return this.#reader.end();
  }

  /** Closes the reading end of its stdout. */
  closeOutput(): void {
    if (this.#pipe !== undefined) closeSync(this.#pipe);
    this.#pipe = undefined;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Peak memory of the running process, in bytes. Linux only. */
  maxMemoryBytes(): number {
    // Not wait4's peak of an exited process: that includes the parent's memory at the fork.
    return memoryBytes(this.#child.pid, "VmHWM");
  }

  /** Current memory of the process, in bytes. Linux only. */
  memoryBytes(): number {
    return memoryBytes(this.#child.pid, "VmRSS");
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until it exits. Omits what it wrote since the last `next`. */
  async ended(): Promise<Exit> {
    await this.#child.exited;
    return exitOf(this.#child, [], await this.#stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.closeOutput();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
