/**
 * Ten minutes of load and faults for each challenge:
 *
 *     npm run soak -- [CHALLENGE...] [--seconds 600] [--rate 5000] [--seed 1] [--resume] [--out DIR]
 *
 * Each challenge's result is kept in a file when it is done. With `--resume`, those that are there
 * for the same program, length, rate and seed are shown, and not run again; the one that a former
 * soak was in the middle of begins anew.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { EXIT_CODES } from "../../lib/workbench/cli/exit-codes.ts";
import { Interrupted, interruptible } from "../../lib/workbench/cli/interrupt.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import { megabytes, type SoakResult, soak } from "./soak-run.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";

const ROOT = join(import.meta.dir, "../..");

/** What has to be the same for a result to count. */
export interface Conditions {
  readonly program: string;
  readonly args: readonly string[];
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
}

export interface Kept {
  readonly conditions: Conditions;
  readonly result: SoakResult;
}

interface Flags {
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
  readonly resumes: boolean;
  readonly out: string;
}

/** Soaks some challenges, one after the other; returns whether all held. */
export async function soakAll(
  names: readonly string[],
  flags: Flags,
  print: (text: string) => void,
): Promise<boolean> {
  mkdirSync(flags.out, { recursive: true });
  let allHeld = true;
  for (const name of names) {
    const subject = SUBJECTS[name];
    if (subject === undefined) {
      throw new Error(
        `There is no challenge "${name}"; there are ${Object.keys(SUBJECTS).join(", ")}`,
      );
    }
    const { seconds, rate, seed } = flags;
    const bin = join(ROOT, "dist", name);
    const program = new Bun.CryptoHasher("sha256").update(readFileSync(bin)).digest("hex");
    const conditions: Conditions = { program, args: subject.args, seconds, rate, seed };
    const file = join(flags.out, `${name}.json`);
    const kept = flags.resumes ? readKept(file, conditions) : undefined;
    const result = kept?.result ?? (await run(name, subject, bin, flags, print));
    if (kept === undefined) keep(file, { conditions, result });
    for (const text of describe(name, result, flags, kept !== undefined)) print(text);
    allHeld &&= result.wrongs.length === 0;
  }
  return allHeld;
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
      // Subjects are named after the workloads.
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

/** A former result, if it was got under the same conditions. */
export function readKept(file: string, conditions: Conditions): Kept | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const kept: Kept = JSON.parse(text);
  return Bun.deepEquals(kept.conditions, conditions) ? kept : undefined;
}

/** Writes it as a whole, or not at all. */
export function keep(file: string, kept: Kept): void {
  writeFileSync(`${file}.partial`, JSON.stringify(kept));
  renameSync(`${file}.partial`, file);
}

function describe(name: string, result: SoakResult, flags: Flags, isKept: boolean): string[] {
  const { valid, operations, okOperations, faults, memory, work, latency, wrongs } = result;
  const nodes = Object.entries(memory).map(
    ([node, { fromBytes, toBytes, bytes, values, messages }]) => {
      const growth = values > 0 ? `${Math.round(bytes / values)} bytes a value` : `${bytes} bytes`;
      return `${node} from ${megabytes(fromBytes)} to ${megabytes(toBytes)} MB, ${growth} in ${messages} messages`;
    },
  );
  const latencies = Object.entries(latency).map(
    ([f, { firstMs, lastMs }]) => `${f} ${firstMs.toFixed(2)} -> ${lastMs.toFixed(2)} ms`,
  );
  const works = Object.entries(work).map(
    ([node, { firstUs, lastUs }]) => `${node} ${firstUs.toFixed(0)} -> ${lastUs.toFixed(0)} µs`,
  );
  return [
    `${name}: ${wrongs.length === 0 ? "holds" : "DOES NOT HOLD"}${isKept ? " (kept from a former soak)" : ""}, ` +
      `${flags.seconds} s, verdict ${valid}`,
    `  ${Math.round(result.clientMessagesPerS)} messages/s of clients, of ${flags.rate} wanted, and ` +
      `${Math.round(result.serverMessagesPerS)} of nodes; ${okOperations} of ${operations} operations ok; ` +
      `processors idle for ${(100 * result.idlePart).toFixed(0)} % of the time`,
    `  faults: ${Object.entries(faults)
      .map(([fault, count]) => `${fault} ${count}`)
      .join(", ")}`,
    `  memory after warm-up: ${nodes.join("; ")}; workbench ${megabytes(result.workbenchBytes)} MB`,
    `  processor time a message, in the first and last third: ${works.join(", ")}`,
    `  latency, median, in the first and last third: ${latencies.join(", ")}`,
    ...wrongs.map((wrong) => `  wrong: ${wrong}`),
  ];
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new Error(`--${name} ${text}: it must be a number above 0`);
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
    const allHeld = await soakAll(
      positionals.length > 0 ? positionals : Object.keys(SUBJECTS),
      {
        seconds: positive("seconds", values.seconds),
        rate: positive("rate", values.rate),
        seed: Number(values.seed),
        resumes: values.resume,
        out: resolve(values.out),
      },
      (text) => console.log(text),
    );
    process.exitCode = allHeld ? EXIT_CODES.valid : EXIT_CODES.invalid;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error("Interrupted; the same command with --resume goes on with what is left");
    process.exitCode = EXIT_CODES.interrupted;
  }
}
