/** Reads what processes and the machine use, from /proc and the operating system. Linux only. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

/** Unit in which the kernel counts the CPU time of processes, in ms. */
const TICK_MS = 10;

export interface Usage {
  /** Private memory, in bytes. */
  readonly bytes: number;
  readonly cpuMs: number;
}

/** Memory and CPU time of a process; `undefined` if it has exited. */
export function processUsage(pid: number): Usage | undefined {
  try {
    const [, kB] = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    // After the command's name, which may contain anything, fields 12 and 13 are user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    return kB === undefined ? undefined : { bytes: Number(kB) * 1024, cpuMs };
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      if (error.code === "ENOENT" || error.code === "ESRCH") return undefined;
    }
    throw error;
  }
}

/** Length of the files in a directory, in bytes. 0 if there is none: a file may be replaced meanwhile. */
export function directoryBytes(path: string): number {
  try {
    return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}

export interface MachineTimes {
  readonly idleMs: number;
  readonly totalMs: number;
}

/** Idle and total time of all CPUs since the machine started. */
export function machineTimes(): MachineTimes {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values: readonly number[]) => values.reduce((one, other) => one + other, 0);
  return {
    idleMs: sum(times.map(({ idle }) => idle)),
    totalMs: sum(times.flatMap((each) => Object.values(each))),
  };
}

/** Fraction of CPU time that was idle since `start`. */
export function idleFractionSince(start: MachineTimes): number {
  const now = machineTimes();
  return (now.idleMs - start.idleMs) / (now.totalMs - start.totalMs);
}
