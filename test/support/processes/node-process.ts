/** Nodes as processes: what goes in by stdin, what comes out by stdout, stderr and exit code. */
import { closeSync, mkdtempSync, openSync, read, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { decode } from "../../../lib/protocol/codec.ts";
import { LineReader, splitLines } from "../../../lib/protocol/lines.ts";
import type { AnyBody, Message } from "../../../lib/vortex/index.ts";

const ROOT = join(import.meta.dir, "../../..");

/** The command of a compiled program, such as `"echo"`. */
export function binary(name: string): string[] {
  return [join(ROOT, "dist", name)];
}

/** The command of a program in `programs/`, which Bun runs from its source. */
export function source(name: string): string[] {
  return [process.execPath, join(import.meta.dir, "programs", `${name}.ts`)];
}

/** One line of input: a message from client c1 to node n0. */
export function line(body: AnyBody): string {
  return `${JSON.stringify({ src: "c1", dest: "n0", body })}\n`;
}

export const INIT = line({ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0", "n1"] });
export const INIT_OK = { type: "init_ok", in_reply_to: 1 };

export interface Ended {
  readonly exitCode: number | null;
  /** The signal that killed the process, if one did. */
  readonly signal: string | null;
  /** The lines on stdout, without their line breaks. */
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Gives a process all of its input at once, and waits for its end. */
export async function run(
  command: readonly string[],
  input: string | Uint8Array,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const child = Bun.spawn([...command], {
    ...options,
    stdin: typeof input === "string" ? Buffer.from(input) : input,
    stdout: "pipe",
    stderr: "pipe",
  });
  try {
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await child.exited;
    return ended(child, splitLines(stdout), stderr);
  } finally {
    child.kill("SIGKILL");
  }
}

function ended(child: Bun.Subprocess, lines: readonly string[], stderr: string): Ended {
  const { exitCode, signalCode } = child;
  const signal = signalCode === null ? null : String(signalCode);
  return { exitCode, signal, lines, stderr };
}

/** The bodies of the messages on some lines; throws if one is no message. */
export function bodies(lines: readonly string[]): AnyBody[] {
  return lines.map((text) => messageOf(text).body);
}

function messageOf(text: string): Message {
  const decoded = decode(text);
  if (!decoded.ok) throw new Error(`stdout holds a line that is ${decoded.reason}: ${text}`);
  return decoded.message;
}

/** What the kernel says of a process's memory: in use, or the most that ever was; in bytes. */
export function memoryBytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
}

const readChunk: (descriptor: number, chunk: Uint8Array) => Promise<{ bytesRead: number }> =
  promisify(read);

/**
 * A running process that a test talks with. `await using` kills it, whatever happens.
 *
 * Its stdout is a named pipe that is only read when the test reads: until then, a process that
 * writes much has to wait, as with any reader that stalls.
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
    // Opening one end waits for someone to open the other, but not while both are open.
    const both = openSync(path, "r+");
    this.#pipe = openSync(path, "r");
    const stdout = openSync(path, "w");
    closeSync(both);
    this.#child = Bun.spawn([...command], { stdin: "pipe", stdout, stderr: "pipe" });
    closeSync(stdout);
    this.#stderr = this.#child.stderr.text();
  }

  /** Puts text into its stdin; does not wait until it is read. */
  write(text: string): void {
    // What a process does not read before it ends is lost, as it should be.
    Promise.resolve(this.#child.stdin.write(text)).catch(() => {});
    Promise.resolve(this.#child.stdin.flush()).catch(() => {});
  }

  /** Puts text into its stdin, and waits until most of it is read. */
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
      if (this.#pipe === undefined) throw new Error("Its stdout is closed");
      const { bytesRead } = await readChunk(this.#pipe, this.#chunk);
      if (bytesRead === 0) throw new Error("It ended without another message");
      const text = this.#reader.push(this.#chunk.subarray(0, bytesRead));
      this.#lines.push(...splitLines(text));
    }
    return messageOf(this.#lines.shift() ?? "").body;
  }

  /** What came after the last line break, once its stdout has ended; `""` if all lines are whole. */
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

  /** The most memory that the process ever had in use, in bytes. Linux only. */
  maxMemoryBytes(): number {
    // What the kernel reports of an ended process counts its parent's memory at the fork as well.
    return memoryBytes(this.#child.pid, "VmHWM");
  }

  /** The memory that the process has in use, in bytes. Linux only. */
  memoryBytes(): number {
    return memoryBytes(this.#child.pid, "VmRSS");
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits for its end. What it wrote since the last `next` is left out. */
  async ended(): Promise<Ended> {
    await this.#child.exited;
    return ended(this.#child, [], await this.#stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.closeOutput();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
