/**
 * Runs `vortex sim` as another process, which is ended when it makes no progress.
 *
 * The other process interrupts loops of a program itself. This one handles what cannot be interrupted
 * from within: a loop while a file is loaded, a system call that blocks, a signal.
 */
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { LineReader, splitLines } from "../../protocol/lines.ts";
import { selfCommand } from "./self.ts";

/** The phase of the other process. It must make progress in the first two only. */
export type Phase = "loading" | "simulating" | "other" | "done";

/** Descriptor on which the other process reports its phase. */
const REPORTS = 3;
const TICK_MS = 100;
/** Time that the other process has to interrupt itself, or to end, in ms. */
export const GRACE_MS = 5000;
/** How long to wait for the last report of a process that has ended, in ms. */
const LAST_REPORT_MS = 500;
/**
 * Lets the heap of JavaScriptCore grow to 128 MB, instead of 32, before it is collected: a simulation takes about a
 * tenth less time.
 */
export const HEAP_SETTINGS = { BUN_JSC_largeHeapSize: String(2 ** 27) } as const;
/**
 * Turns JavaScriptCore's last compiler off. A single test is over before its compile time is won back: one of
 * 25 nodes takes 30 % less processor time without it.
 */
const SHORT_RUN_SETTINGS = { BUN_JSC_useFTLJIT: "0" } as const;
/** Turns it on again, for workers that run for long. */
export const LONG_RUN_SETTINGS = { BUN_JSC_useFTLJIT: "1" } as const;

const CRASH_EXIT_CODE = 255;
const INTERRUPTED_EXIT_CODE = 130;

/** Reports progress to the supervisor; each report restarts its watch. */
export function report(phase: Phase, exitCode = 0): void {
  try {
    writeSync(REPORTS, `${phase} ${exitCode}\n`);
  } catch {
    // The supervisor was killed.
    process.exit(CRASH_EXIT_CODE);
  }
}

/** Whether this process was started by {@link supervise}. */
export const isSupervised: boolean =
  process.argv[2] === "sim" && process.argv[3] === "--supervised";

/** Ends this process, whatever the program has left running. */
export async function endSupervised(exitCode: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => void stream.write("", () => resolve()));
  }
  report("done", exitCode);
  process.removeAllListeners("exit");
  process.exit(exitCode);
}

export interface Supervision {
  /** Words after `sim`. */
  readonly args: readonly string[];
  readonly file: string;
  readonly limitS: number;
  readonly onProblem: (text: string) => void;
}

/** Returns the exit code of the command. */
export async function supervise({ args, file, limitS, onProblem }: Supervision): Promise<number> {
  const [command = "", ...first] = selfCommand();
  const child = spawn(command, [...first, "sim", "--supervised", ...args], {
    env: { ...HEAP_SETTINGS, ...SHORT_RUN_SETTINGS, ...process.env },
    stdio: ["inherit", "inherit", "inherit", "pipe"],
    // A signal of the terminal reaches it once, from here.
    detached: true,
  });
  const watch = new Watch();
  let phase = "loading";
  let exitCode: number | undefined;
  const reported = Promise.withResolvers<void>();
  const lines = new LineReader();
  child.stdio[REPORTS]?.on("data", (chunk: Uint8Array) => {
    for (const line of splitLines(lines.push(chunk))) {
      const [name = "", code] = line.split(" ");
      phase = name;
      if (name === "done") {
        exitCode = Number(code);
        reported.resolve();
      }
      watch.restart();
    }
  });
  const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  let isInterrupted = false;
  for (const name of forwarded) {
    process.on(name, () => {
      // A blocked process does not handle the first signal.
      child.kill(isInterrupted ? "SIGKILL" : name);
      isInterrupted = true;
    });
  }
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  let isStalled = false;
  watch.start(() => {
    const limitMs = phase === "done" ? 0 : limitS * 1000;
    if (phase === "other" || watch.elapsedMs < limitMs + GRACE_MS) return;
    isStalled = phase !== "done";
    child.kill("SIGKILL");
  });
  const { code, signal } = await exited;
  watch.stop();
  // A command that seems to have succeeded has reported that; the report may still be in the pipe.
  if (code === 0 && exitCode === undefined) {
    await Promise.race([reported.promise, Bun.sleep(LAST_REPORT_MS)]);
  }
  if (exitCode !== undefined) return exitCode;
  if (isInterrupted && signal !== null) return INTERRUPTED_EXIT_CODE;
  if (isStalled) {
    onProblem(
      phase === "loading"
        ? `${file} has not finished loading for ${limitS} s: a loop without end, or a call that blocks, at its top level or at that of a module it imports`
        : `A node has not returned for ${limitS} s from a call that blocks, such as to wait for a process or a file. A handler must return, or await what its node provides`,
    );
    return CRASH_EXIT_CODE;
  }
  // The command reports its end, unless something else ends it.
  if (code !== null && code !== 0) return code;
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  onProblem(
    `The process of the simulation ended before its verdict, with ${how}: ${file} or the system ended it`,
  );
  return CRASH_EXIT_CODE;
}

/** Counts the time since its last restart. While this process is suspended, none passes. */
export class Watch {
  elapsedMs = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  start(onTick: () => void): void {
    this.#timer = setInterval(() => {
      this.elapsedMs += TICK_MS;
      onTick();
    }, TICK_MS);
  }

  restart(): void {
    this.elapsedMs = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
