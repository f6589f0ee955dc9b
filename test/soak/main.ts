/**
 * Soaks challenges one after another, by default for ten minutes each:
 *
 *     npm run soak -- [CHALLENGE...] [--seconds 600] [--rate 5000] [--seed 1] [--resume] [--out DIR]
 *
 * Each result is stored in a file. `--resume` shows stored results for the same program, length, rate
 * and seed, and runs only the challenges without one.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { EXIT_CODES } from "../../lib/workbench/cli/exit-codes.ts";
import { Interrupted, interruptible } from "../../lib/workbench/cli/interrupt.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import { DIST, ROOT } from "../support/processes/vortex.ts";
import { megabytes, type SoakResult, soak } from "./soak.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";

/** Conditions of a stored result. It is reused only if all of them are the same. */
export interface Conditions {
  /** Hash of the executable. */
  readonly program: string;
  readonly args: readonly string[];
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
}

export interface StoredResult {
  readonly conditions: Conditions;
  readonly result: SoakResult;
}

interface Flags {
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
  readonly resume: boolean;
  readonly out: string;
}

/** Soaks challenges one after another; returns whether all passed. */
export async function soakAll(
  names: readonly string[],
  flags: Flags,
  print: (text: string) => void,
): Promise<boolean> {
  mkdirSync(flags.out, { recursive: true });
  let allPassed = true;
  for (const name of names) {
    const subject = SUBJECTS[name];
    if (subject === undefined) {
      throw new Error(
        `Unknown challenge "${name}". Expected one of: ${Object.keys(SUBJECTS).join(", ")}`,
      );
    }
    const { seconds, rate, seed } = flags;
    const bin = join(DIST, name);
    const program = new Bun.CryptoHasher("sha256").update(readFileSync(bin)).digest("hex");
    const conditions: Conditions = { program, args: subject.args, seconds, rate, seed };
    const file = join(flags.out, `${name}.json`);
    const stored = flags.resume ? readStored(file, conditions) : undefined;
    const result = stored?.result ?? (await run(name, subject, bin, flags, print));
    if (stored === undefined) store(file, { conditions, result });
    for (const text of describe(name, result, flags, stored !== undefined)) print(text);
    allPassed &&= result.problems.length === 0;
  }
  return allPassed;
}

function run(
  name: string,
  subject: Subject,
  bin: string,
  { seconds, rate, seed }: Flags,
  print: (text: string) => void,
): Promise<SoakResult> {
  return interruptible((signal) =>
    soak({
      // Cast: subjects are named after workloads.
      workload: name as WorkloadName,
      subject,
      bin,
      seconds,
      rate,
      seed,
      signal,
      onProgress: (text) => print(`${name}: ${text}`),
    }),
  );
}

/** Reads a stored result; `undefined` if there is none under the same conditions. */
export function readStored(file: string, conditions: Conditions): StoredResult | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const stored: StoredResult = JSON.parse(text);
  return Bun.deepEquals(stored.conditions, conditions) ? stored : undefined;
}

/** Stores a result atomically. */
export function store(file: string, result: StoredResult): void {
  writeFileSync(`${file}.partial`, JSON.stringify(result));
  renameSync(`${file}.partial`, file);
}

function describe(name: string, result: SoakResult, flags: Flags, isStored: boolean): string[] {
  const { valid, operations, okOperations, faults, memory, work, latency, problems } = result;
  const nodes = Object.entries(memory).map(
    ([node, { fromBytes, toBytes, bytes, values, messages }]) => {
      const growth =
        values > 0 ? `${Math.round(bytes / values)} bytes per value` : `${bytes} bytes`;
      return `${node} ${megabytes(fromBytes)} -> ${megabytes(toBytes)} MB, ${growth} over ${messages} messages`;
    },
  );
  const latencies = Object.entries(latency).map(
    ([f, { firstMs, lastMs }]) => `${f} ${firstMs.toFixed(2)} -> ${lastMs.toFixed(2)} ms`,
  );
  const disks = Object.entries(result.maxDiskBytes).map(
    ([node, bytes]) => `${node} ${(bytes / 1e6).toFixed(2)} MB`,
  );
  const works = Object.entries(work).map(
    ([node, { firstUs, lastUs }]) => `${node} ${firstUs.toFixed(0)} -> ${lastUs.toFixed(0)} µs`,
  );
  const rate = Math.min(flags.rate, SUBJECTS[name]?.maxRate ?? flags.rate);
  return [
    `${name}: ${problems.length === 0 ? "passed" : "FAILED"}${isStored ? " (from an earlier soak)" : ""}, ` +
      `${flags.seconds} s, verdict ${valid}`,
    `  ${Math.round(result.clientMessagesPerS)} of ${rate} messages/s of clients, ` +
      `${Math.round(result.serverMessagesPerS)} of nodes; ${okOperations} of ${operations} operations ok; ` +
      `CPUs ${(100 * result.idleFraction).toFixed(0)} % idle`,
    `  faults: ${Object.entries(faults)
      .map(([fault, count]) => `${fault} ${count}`)
      .join(", ")}`,
    `  memory after warm-up: ${nodes.join("; ")}; workbench ${megabytes(result.workbenchBytes)} MB`,
    ...(disks.length === 0 ? [] : [`  disks, at most: ${disks.join(", ")}`]),
    `  CPU time per message, first and last third: ${works.join(", ")}`,
    `  median latency, first and last third: ${latencies.join(", ")}`,
    ...problems.map((problem) => `  problem: ${problem}`),
  ];
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new Error(`--${name} ${text}: expected a number above 0`);
  }
  return value;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "600" },
      rate: { type: "string", default: "5000" },
      seed: { type: "string", default: "1" },
      resume: { type: "boolean", default: false },
      out: { type: "string", default: join(ROOT, "store/soak") },
    },
  });
  try {
    const allPassed = await soakAll(
      positionals.length > 0 ? positionals : Object.keys(SUBJECTS),
      {
        seconds: positive("seconds", values.seconds),
        rate: positive("rate", values.rate),
        seed: Number(values.seed),
        resume: values.resume,
        out: resolve(values.out),
      },
      (text) => console.log(text),
    );
    process.exitCode = allPassed ? EXIT_CODES.valid : EXIT_CODES.invalid;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error("Interrupted. Add --resume to the same command to continue");
    process.exitCode = EXIT_CODES.interrupted;
  }
}
