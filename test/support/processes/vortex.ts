import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "../../..");
export const DIST = join(ROOT, "dist");

/** The compiled echo program. */
export const ECHO = join(DIST, "echo");

/**
 * Words of a test of one echo node that takes a second.
 *
 * @param more Options after these, of which the last of a kind counts.
 */
export function echoTest(bin: string, ...more: readonly string[]): string[] {
  const words = ["test", "-w", "echo", "--bin", bin, "--node-count", "1", "--time-limit", "1"];
  return [...words, ...more];
}

export interface VortexRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the compiled command to its end. */
export async function vortex(...args: readonly string[]): Promise<VortexRun> {
  const child = spawnVortex(...args);
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Where the command runs, and stores what it is not told to store elsewhere. */
const WORKING_DIRECTORY = temporaryDirectory();

export function spawnVortex(...args: readonly string[]) {
  return Bun.spawn([join(DIST, "vortex"), ...args], {
    cwd: WORKING_DIRECTORY,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
}

/** A new directory that no other test uses. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "vortex-test-"));
}

/**
 * A node program as an executable file.
 *
 * @param onMessage TypeScript that is run for each `message`; `reply(body)` answers it.
 */
export function nodeProgram(onMessage: string): string {
  const file = join(temporaryDirectory(), "node");
  writeFileSync(
    file,
    `#!${process.execPath}
for await (const line of console) {
  const message = JSON.parse(line);
  const { src, dest, body } = message;
  const print = (value) => console.log(JSON.stringify(value));
  const reply = (fields) => print({ src: dest, dest: src, body: { ...fields, in_reply_to: body.msg_id } });
  if (body.type === "init") {
    reply({ type: "init_ok" });
    continue;
  }
  ${onMessage}
}
`,
  );
  chmodSync(file, 0o755);
  return file;
}

/** Whether a process of this id runs. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
