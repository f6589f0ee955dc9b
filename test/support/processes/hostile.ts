/** Hostile nodes, as shell scripts. The workbench must survive every one of them. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIST, temporaryDirectory } from "./vortex.ts";

/** Output of nodes that flood, in MB. The environment variable `FLOOD_MB` raises it. */
export const FLOOD_MB = Number(process.env["FLOOD_MB"] ?? 96);

const INIT_OK = `read -r line
echo '{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}'`;

/** Shell loop that runs a command for each request, with its `$id` and `$src`. */
const forEachRequest = (command: string) => `while read -r line; do
  id=\${line##*\\"msg_id\\":}; id=\${id%%[!0-9]*}
  src=\${line#*\\"src\\":\\"}; src=\${src%%\\"*}
  ${command}
done`;

const echoOf = (text: string) =>
  `{\\"src\\":\\"n0\\",\\"dest\\":\\"$src\\",\\"body\\":{\\"type\\":\\"echo_ok\\",\\"in_reply_to\\":$id,\\"echo\\":\\"${text}\\"}}`;

/** Name -> what the node does after it has replied to `init`. */
export const HOSTILE = {
  "floods stdout with text": "exec yes 'this is not a message'",
  "floods a node that does not exist":
    'exec yes \'{"src":"n0","dest":"n9","body":{"type":"gossip"}}\'',
  "floods itself without reading": 'exec yes \'{"src":"n0","dest":"n0","body":{"type":"gossip"}}\'',
  "floods a service":
    'exec yes \'{"src":"n0","dest":"lin-kv","body":{"type":"read","key":1,"msg_id":1}}\'',
  "prints an endless line": "exec tr '\\0' x < /dev/zero",
  "replies with messages of 100 MB": forEachRequest(`
    printf "${echoOf("").slice(0, -'\\"}}'.length)}"
    head -c 100000000 /dev/zero | tr '\\0' x
    printf '"}}\\n'`),
  "replies to everything 100,000 times": forEachRequest(`yes "${echoOf("x")}" | head -n 100000`),
  "prints invalid UTF-8": `printf '{"src":"n0","dest":"n0","body":{"type":"\\377\\376"}}\\n'
    ${forEachRequest(`printf "%s\\\\n" "${echoOf("\\xff")}"`)}`,
  "floods stderr": `yes 'an error, and another one' | head -c ${FLOOD_MB}000000 >&2
    exec sleep 60`,
  "never reads": "exec sleep 60",
  "closes its stdin": "exec sleep 60 <&-",
  "closes its stdout": "exec sleep 60 >&-",
  "ignores every signal that can be ignored": "trap '' TERM INT HUP; while :; do sleep 1; done",
  "starts daemons": `sleep 60 & setsid sleep 60 &
    (setsid sh -c 'sleep 60 & exec sleep 60' &)
    (setsid sleep 60 < /dev/null > /dev/null 2>&1 &)
    setsid env -i /bin/sh -c 'sleep 60; :' "$HOSTILE_TEST" < /dev/null > /dev/null 2>&1 &
    setsid sh -c 'while :; do sleep 60 & sleep 0.01; done' < /dev/null > /dev/null 2>&1 &
    exec sleep 60`,
} as const;

export type Hostile = keyof typeof HOSTILE;

/** Writes an executable file; returns its path. */
export function executableFile(content: string | Uint8Array): string {
  const file = join(temporaryDirectory(), "node");
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return file;
}

export function hostileNode(name: Hostile): string {
  return executableFile(`#!/bin/sh\n${INIT_OK}\n${HOSTILE[name]}\n`);
}

export interface HostileRun {
  readonly exitCode: number;
  readonly tookS: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Peak memory of the command itself. */
  readonly memoryMb: number;
  readonly storeMb: number;
  /** Ids of processes it started that are still running. */
  readonly left: readonly number[];
}

/**
 * Runs `vortex test` in a fresh store.
 *
 * @param atStart Called with the command's process, and a function that returns whether nodes run.
 */
export async function runHostile(
  bin: string,
  flags: readonly string[] = [],
  atStart: (child: Bun.Subprocess, hasNodes: () => boolean) => unknown = () => {},
): Promise<HostileRun> {
  const store = temporaryDirectory();
  const tag = crypto.randomUUID();
  const args = ["test", "-w", "echo", "--bin", bin, "--node-count", "1", "--time-limit", "1"];
  const child = Bun.spawn([join(DIST, "vortex"), ...args, "--store", store, ...flags], {
    cwd: store,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1", HOSTILE_TEST: tag },
  });
  const beganMs = performance.now();
  let memoryMb = 0;
  const watch = setInterval(() => {
    memoryMb = Math.max(memoryMb, maxMemoryMb(child.pid));
  }, 20);
  const start = Promise.resolve(atStart(child, () => processesWith(tag).length > 1));
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
    start,
  ]);
  clearInterval(watch);
  const tookS = (performance.now() - beganMs) / 1000;
  // Killed processes take a moment to disappear, on a busy machine more than a second.
  const untilMs = performance.now() + 20_000;
  while (processesWith(tag).length > 0 && performance.now() < untilMs) await Bun.sleep(20);
  const left = processesWith(tag);
  const storeMb = sizeMb(store);
  rmSync(store, { recursive: true });
  return { exitCode, tookS, stdout, stderr, memoryMb, storeMb, left };
}

/** Peak memory of a process; 0 if it has exited. */
function maxMemoryMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Ids of processes with the tag in their environment or command line; descendants inherit it. */
function processesWith(tag: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        const files = ["environ", "cmdline"].map((name) => `/proc/${pid}/${name}`);
        return pid > 0 && files.some((file) => readFileSync(file).includes(tag));
      } catch {
        return false;
      }
    });
}

function sizeMb(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  const bytes = files
    // Files below a link to the latest run would count twice.
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("/latest"))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
  return bytes.reduce((sum, size) => sum + size, 0) / 1e6;
}
