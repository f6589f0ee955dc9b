/** A wall clock of some processes' own, that a test sets back and forth. Linux, with a C compiler. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = join(import.meta.dir, "clock-step.c");
const compiler = Bun.which("cc");

/** Whether there can be one here. */
export const canStepClocks = process.platform === "linux" && compiler !== null;

export class SteppedClock implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "clock-"));
  readonly #file = join(this.#directory, "step");
  /** What processes need in their environment that are to have this clock. */
  readonly environment: Readonly<Record<string, string>>;

  constructor() {
    const library = join(this.#directory, "clock-step.so");
    const words = [compiler ?? "cc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE];
    const { exitCode, stderr } = Bun.spawnSync(words, { stderr: "pipe" });
    if (exitCode !== 0) throw new Error(`Cannot compile ${SOURCE}: ${stderr}`);
    this.environment = { LD_PRELOAD: library, CLOCK_STEP_FILE: this.#file };
    this.set(0);
  }

  /** Sets the clock so many seconds before (negative) or after the true time. */
  set(seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds) * 1_000_000_000n);
    // In place: processes have mapped the file.
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
