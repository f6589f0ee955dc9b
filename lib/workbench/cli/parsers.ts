/** Parses values of options. Each parser throws commander's `InvalidArgumentError`. */
import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import type { NodeId } from "../../vortex/index.ts";
import { FAULTS } from "../nemesis/faults.ts";
import { STRATEGIES, type Strategy } from "../run/test-options.ts";
import { unknownWord } from "../suggestions.ts";
import { namesFile } from "../sweep/load-definition.ts";

/** Number of threads, in total or per node. */
export interface Concurrency {
  readonly count: number;
  readonly isPerNode: boolean;
}

/** Returns a parser of the given names. */
export function oneOf<const Name extends string>(what: string, names: readonly Name[]) {
  return (text: string): Name => {
    const name = names.find((known) => known === text);
    if (name === undefined) throw new InvalidArgumentError(unknownWord(what, text, names));
    return name;
  };
}

function number(text: string, isValid: (value: number) => boolean, expected: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!isValid(value)) throw new InvalidArgumentError(`It must be ${expected}.`);
  return value;
}

export function positiveInteger(text: string): number {
  return number(text, (value) => Number.isSafeInteger(value) && value > 0, "a positive integer");
}

export function nonNegativeInteger(text: string): number {
  return number(
    text,
    (value) => Number.isSafeInteger(value) && value >= 0,
    "an integer of at least 0",
  );
}

export function port(text: string): number {
  return number(
    text,
    (value) => Number.isInteger(value) && value >= 0 && value <= 65_535,
    "an integer from 0 to 65535",
  );
}

export function positiveNumber(text: string): number {
  return number(
    text,
    (value) => value > 0 && value < Number.POSITIVE_INFINITY,
    "a positive number",
  );
}

/** Parses the time, in seconds, after which a tester and a host give each other up. */
export function lease(text: string): number {
  return number(text, (value) => value >= 3 && value <= 3600, "a number from 3 to 3600");
}

export function nonNegativeNumber(text: string): number {
  return number(
    text,
    (value) => value >= 0 && value < Number.POSITIVE_INFINITY,
    "a number of at least 0",
  );
}

export function part(text: string): "total" | number {
  if (text === "total") return text;
  const percentage = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(text)?.[1];
  const hint = percentage === undefined ? "" : `: ${Number(percentage) / 100} for ${percentage} %`;
  return number(
    text,
    (value) => value >= 0 && value <= 1,
    `"total" or a number from 0 to 1${hint}`,
  );
}

export function concurrency(text: string): Concurrency {
  const match = /^([1-9]\d*)(n?)$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError("It must be a positive integer, or one per node: 2n.");
  }
  return { count: Number(match[1]), isPerNode: match[2] === "n" };
}

export function list(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("")) throw new InvalidArgumentError("It has an empty item.");
  return items;
}

export function repeatable(name: string, former: readonly NodeId[] = []): NodeId[] {
  return [...former, ...list(name)];
}

export function nodesFile(file: string): NodeId[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : error}.`);
  }
  const names = text.split(/\r?\n/).map((name) => name.trim());
  const named = names.filter((name) => name !== "");
  if (named.length === 0) throw new InvalidArgumentError("The file is empty.");
  return named;
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/** Parses a time such as `90s`, `10m` or `2h`; returns seconds. */
export function duration(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text.trim()) ?? [];
  const perUnit = unit === "s" || unit === "m" || unit === "h" ? SECONDS[unit] : 0;
  const seconds = Number(number) * perUnit;
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError("It must be a time with a unit, such as 90s, 10m or 2h.");
}

/** Values of `--search` that cannot be combined with others. */
export const LONE_STRATEGIES = ["plain", "mixed"] as const;
/** Values of `--search` that can be combined. Not `lenient`, which only commands of `--shrink` contain. */
export const JOINT_STRATEGIES = STRATEGIES.filter((name) => name !== "mixed" && name !== "lenient");

/** Parses strategies of a search; `plain` is none. */
export function strategies(text: string): readonly Strategy[] {
  const known = oneOf("strategy", ["plain", ...STRATEGIES]);
  const named = list(text).map(known);
  const alone = LONE_STRATEGIES.find((name) => named.includes(name));
  if (alone !== undefined && named.length > 1) {
    throw new InvalidArgumentError(`"${alone}" cannot be combined with others.`);
  }
  return [...new Set(named.filter((name) => name !== "plain"))];
}

/** Parses built-in faults, and files that define others; adds them to those of a former flag. */
export function nemeses(text: string, former: readonly string[] = []): string[] {
  const known = oneOf("fault", FAULTS);
  const named = list(text).map((word) => (namesFile(word) ? word : known(word)));
  // A repeated fault would be injected twice, and neither instance heals the other.
  return [...new Set([...former, ...named])];
}
