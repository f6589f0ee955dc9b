/**
 * Checks what a campaign asks a worker to run. Its program may do what it likes, but flags of the command
 * must not name other files of the worker's machine.
 */
import type { Campaign } from "./messages.ts";

/** Flags of a test; see `cli/argv.ts`. */
const VALUED = [
  "-w",
  "--set",
  "--node-count",
  "--nodes",
  "--concurrency",
  "--rate",
  "--time-limit",
  "--latency",
  "--latency-dist",
  "--nemesis",
  "--nemesis-interval",
  "--recovery",
  "--liveness",
  "--topology",
  "--consistency-models",
  "--key-count",
  "--max-txn-length",
  "--max-writes-per-key",
  "--availability",
  "--search",
];
const PLAIN = ["--converge", "--liveness", "--resume-from-committed", "--strict-stdout"];
/** Flags whose values may name files. */
const FILES = ["-w", "--nemesis"];

/** Returns what is wrong with the flags, or `undefined`. @param paths The files of the pack. */
export function problemOfFlags(
  { flags, program, exported = "" }: Pick<Campaign, "flags" | "program" | "exported">,
  paths: readonly string[],
): string | undefined {
  if (!paths.includes(program)) return `it has no file ${program}`;
  if (exported.startsWith("-")) return `${exported} is not the name of a function`;
  for (let index = 0; index < flags.length; index++) {
    const [flag = "", value] = flags.slice(index, index + 2);
    const isValued = VALUED.includes(flag) && value !== undefined && !value.startsWith("-");
    if (!isValued) {
      if (PLAIN.includes(flag)) continue;
      return `it asks for ${flag}, which is not a flag of a test`;
    }
    index++;
    const files = FILES.includes(flag)
      ? value.split(",").filter((word) => /[/\\.]/.test(word))
      : [];
    const foreign = files.find(
      (word) => !paths.includes(word.replace(/^\.\//, "").replace(/#[^#/]*$/, "")),
    );
    if (foreign !== undefined) return `it names ${foreign}, which it has not sent`;
  }
  return undefined;
}
