/**
 * Ends everything that nodes have begun, wherever it has gone.
 *
 * A process group is left by `setsid`, and a parent by ending; but what a process begins inherits
 * its environment, and there stands a mark of ours. One without it is known by its parent, as long as
 * it has that. Linux only: it shows environments in `/proc`. A process that has cleared its
 * environment, left its group and lost its parent before the end is not found.
 *
 * @see proc(5), `/proc/pid/environ` and `/proc/pid/stat`
 */
import { readdirSync, readFileSync } from "node:fs";

const VARIABLE = "VORTEX_RUN";
/** Each round stops what was begun during the one before; what is stopped begins nothing more. */
const MAX_ROUNDS = 100;

export class Mark {
  readonly #id = crypto.randomUUID();

  /** An environment that bears the mark, beside those of runs that this one is a part of. */
  addedTo(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const others = environment[VARIABLE];
    return { ...environment, [VARIABLE]: others ? `${others} ${this.#id}` : this.#id };
  }

  /** Kills every process whose environment bears the mark, and what such a one has begun. */
  killAll(): void {
    const found = new Set<number>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const fresh = processIds().filter(
        (pid) => !found.has(pid) && (this.#isBorneBy(pid) || found.has(parentOf(pid))),
      );
      if (fresh.length === 0) break;
      for (const pid of fresh) {
        found.add(pid);
        signal(pid, "SIGSTOP");
      }
    }
    for (const pid of found) signal(pid, "SIGKILL");
  }

  #isBorneBy(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`).includes(this.#id);
    } catch {
      return false; // It has ended, or is somebody else's.
    }
  }
}

/** 0 if it has ended. */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Behind the program's name, which may hold anything, come the state and the parent.
    const [, , parent] = stat.slice(stat.lastIndexOf(")")).split(" ");
    return Number(parent);
  } catch {
    return 0;
  }
}

function processIds(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
}

function signal(pid: number, name: "SIGSTOP" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has ended.
  }
}
