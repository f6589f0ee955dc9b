/** The options that a workload declares for itself, as words of the command line: `accounts=8`. */
import * as v from "valibot";
import { parseOptions } from "../../vortex/options.ts";
import { InvalidOptions } from "../invalid-options.ts";
import type { DefinedWorkload } from "./definition.ts";

/**
 * Parses the words of `--set`.
 *
 * @throws {InvalidOptions} when the workload has no such option, or a value does not fit.
 */
export function parseOwnOptions(
  name: string,
  { options = {} }: DefinedWorkload,
  words: readonly string[],
): Readonly<Record<string, unknown>> {
  const known = Object.keys(options);
  const args = words.map((word) => {
    const [key = "", ...value] = word.split("=");
    if (!known.includes(key) || value.length === 0) {
      const choice = known.length === 0 ? "has none" : `has ${known.join(", ")}`;
      throw new InvalidOptions(
        `--set ${word}: not an option of ${name} with its value. ${name} ${choice}${known[0] === undefined ? "" : `, as in --set ${known[0]}=...`}`,
      );
    }
    return `--${kebab(key)}=${value.join("=")}`;
  });
  const parsed = parseOptions(v.object(options), args);
  if (!parsed.ok) throw new InvalidOptions(`--set: ${parsed.reason.replaceAll("--", "")}`);
  // Those left out keep their defaults, which may change with the file.
  const set = new Set(words.map((word) => word.split("=", 1)[0]));
  const values = Object.entries(parsed.options as Readonly<Record<string, unknown>>);
  return Object.fromEntries(values.filter(([key]) => set.has(key)));
}

/** The words that give these options. */
export function ownOptionWords(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).map(([key, value]) => `${key}=${value}`);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
