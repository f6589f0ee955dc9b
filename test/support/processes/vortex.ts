/** Runs the compiled `vortex` command. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "../../..");
export const DIST = join(ROOT, "dist");

/** Path of the compiled echo program. */
export const ECHO = join(DIST, "echo");

/**
 * Arguments of a one-second `vortex test` of a single echo node.
 *
 * @param more Further options; they override the ones before them.
 */
export function echoTest(bin: string, ...more: readonly string[]): string[] {
  const args = ["test", "-w", "echo", "--bin", bin, "--node-count", "1", "--time-limit", "1"];
  return [...args, ...more];
}

export interface VortexRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command until it exits. */
export async function vortex(...args: readonly string[]): Promise<VortexRun> {
  const child = spawnVortex(...args);
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Working directory of the command, and so of its default store. Created on first use. */
let workingDirectory: string | undefined;

/** Starts the command. */
export function spawnVortex(...args: readonly string[]) {
  workingDirectory ??= temporaryDirectory();
  return Bun.spawn([join(DIST, "vortex"), ...args], {
    cwd: workingDirectory,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
}

const temporaryDirectories: string[] = [];

/** Creates a directory that no other test uses. `bun test` removes it in the end. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "vortex-test-"));
  temporaryDirectories.push(directory);
  return directory;
}

/** Removes what {@link temporaryDirectory} has created. */
export function removeTemporaryDirectories(): void {
  workingDirectory = undefined;
  for (const directory of temporaryDirectories.splice(0)) {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Waits until another process has written something to a file; returns it.
 *
 * A file exists before it has content: who waits for the file alone may read nothing.
 *
 * @param path Its path, or a function that returns it as soon as it is known, and "" before.
 */
export async function textWrittenTo(path: string | (() => string)): Promise<string> {
  const currentPath = typeof path === "string" ? () => path : path;
  while (!existsSync(currentPath()) || readFileSync(currentPath(), "utf8") === "") {
    await Bun.sleep(10);
  }
  return readFileSync(currentPath(), "utf8");
}

/**
 * Writes an executable node program; returns its path.
 *
 * @param onMessage TypeScript run for each `message`; `reply(body)` replies to it.
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

/** Whether a process with this id is running. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
