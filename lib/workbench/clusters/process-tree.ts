/**
 * Kills every descendant of a process, daemons included.
 *
 * `setsid` leaves the process group, and an orphan has another parent, but both keep the environment
 * they inherited. So each process is started with a unique tag in its environment, and found by
 * it; untagged processes are found by a tagged parent. Linux only, as it takes `/proc`. A process
 * is missed if it clears its environment, leaves its group and loses its parent.
 *
 * @see proc(5), `/proc/pid/environ` and `/proc/pid/stat`
 */
import { readdirSync, readFileSync } from "node:fs";

const VARIABLE = "VORTEX_RUN";
/** Each round stops the processes that the previous ones started before they were stopped. */
const MAX_ROUNDS = 100;

/** A process that was started as the leader of a process group of its own. */
export interface GroupLeader {
  readonly pid: number;
  /** Both are `null` until it has exited. */
  readonly exitCode: number | null;
  readonly signalCode: string | number | null;
}

export class ProcessTag {
  readonly #id = crypto.randomUUID();

  /** Adds the tag to an environment. Tags of enclosing runs stay. */
  addedTo(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const others = environment[VARIABLE];
    return { ...environment, [VARIABLE]: others ? `${others} ${this.#id}` : this.#id };
  }

  /** Kills all tagged processes and their children. */
  killAll(): void {
    const found = new Set<number>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const fresh = processIds().filter(
        (pid) => !found.has(pid) && (this.#isOn(pid) || found.has(relativesOf(pid).parent)),
      );
      if (fresh.length === 0) break;
      for (const pid of fresh) {
        found.add(pid);
        signal(pid, "SIGSTOP");
      }
    }
    for (const pid of found) signal(pid, "SIGKILL");
  }

  /**
   * Kills a process and its group.
   *
   * Once the leader has exited and its last child too, the system may give the group's number to
   * an unrelated process. So an orphaned group is killed only if no process has the leader's
   * number, which the system reuses for neither as long as the group has members, and, on Linux,
   * if a member is tagged.
   */
  killGroup(leader: GroupLeader): void {
    if (hasExited(leader) && !this.#isOrphaned(leader.pid)) return;
    signal(-leader.pid, "SIGKILL");
  }

  #isOrphaned(group: number): boolean {
    if (exists(group)) return false;
    if (process.platform !== "linux") return true;
    return processIds().some((pid) => relativesOf(pid).group === group && this.#isOn(pid));
  }

  #isOn(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`).includes(this.#id);
    } catch {
      return false; // It has exited, or belongs to another user.
    }
  }
}

export function hasExited({ exitCode, signalCode }: GroupLeader): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Signals a process or, by a negative number, a process group. */
export function signal(pid: number, name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has exited.
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists, and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Returns the parent and the group of a process, both 0 if it has exited. */
function relativesOf(pid: number): { readonly parent: number; readonly group: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name, in parentheses, can hold anything. The state, parent and group follow.
    const [, , parent, group] = stat.slice(stat.lastIndexOf(")")).split(" ");
    return { parent: Number(parent), group: Number(group) };
  } catch {
    return { parent: 0, group: 0 };
  }
}

function processIds(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
}
