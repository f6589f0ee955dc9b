/** A wall clock that a test sets forward and back for single processes. Linux, with a C compiler. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = join(import.meta.dir, "clock-step.c");
const compiler = Bun.which("cc");

/** Whether this machine supports `SteppedClock`. */
export const canStepClocks = process.platform === "linux" && compiler !== null;

export class SteppedClock implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "clock-"));
  readonly #file = join(this.#directory, "step");
  /** Environment variables that give a process this clock. */
  readonly environment: Readonly<Record<string, string>>;

  constructor() {
    const library = join(this.#directory, "clock-step.so");
    const command = [compiler ?? "cc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE];
    const { exitCode, stderr } = Bun.spawnSync(command, { stderr: "pipe" });
    if (exitCode !== 0) throw new Error(`Cannot compile ${SOURCE}: ${stderr}`);
    this.environment = { LD_PRELOAD: library, CLOCK_STEP_FILE: this.#file };
    this.set(0);
  }

  /** Sets the clock this many seconds ahead of the true time; negative is behind. */
  set(seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds) * 1_000_000_000n);
    // Written in place, because processes have mapped the file.
    const file = openSync(this.#file, "a+");
    closeSync(file);
    const same = openSync(this.#file, "r+");
    writeSync(same, bytes, 0, 8, 0);
    closeSync(same);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
