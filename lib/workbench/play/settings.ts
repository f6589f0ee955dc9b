/**
 * The settings of a test as texts, named as the flags of `vortex sim`: what the form shows, what a link
 * holds, and what the command line repeats.
 */
import { InvalidOptions } from "../invalid-options.ts";
import { FAULTS } from "../nemesis/faults.ts";
import { isClientId } from "../network/delivery.ts";
import { LATENCY_DISTRIBUTIONS } from "../network/latency.ts";
import {
  DEFAULTS,
  LIVENESS_LIMIT_S,
  nodeNames,
  STRATEGIES,
  type TestOptions,
} from "../run/test-options.ts";
import { makeWorkload, WORKLOAD_NAMES } from "../workloads/index.ts";
import { TOPOLOGY_NAMES } from "../workloads/topology.ts";

/** More nodes than a page can draw. */
const MAX_NODES = 200;
/** Bounds a setting that comes with a link. */
const MAX_LENGTH = 2000;

interface Flag {
  /** Its name in the form. */
  readonly label: string;
  readonly unit?: string;
  /** The text of its default; `""` if the flag is absent. */
  readonly standard: string;
  /** Texts to choose from. */
  readonly choices?: readonly string[];
  /** Whether several of the choices can be named, with commas. */
  readonly isList?: true;
  /** Whether the flag takes no value: its text is `"yes"`. */
  readonly isSwitch?: true;
  /** Whether the form shows it only when asked for all options. */
  readonly isAdvanced?: true;
  /** Whether only these workloads read it. */
  readonly workloads?: readonly string[];
  /** Returns what is wrong with a text that is neither empty nor the default. */
  readonly problem?: (text: string) => string | undefined;
}

const number =
  (expected: string, isValid: (value: number) => boolean) =>
  (text: string): string | undefined =>
    /^\d*\.?\d+$/.test(text) && isValid(Number(text)) ? undefined : `It must be ${expected}`;

const positiveInteger = number(
  "a positive integer",
  (value) => Number.isSafeInteger(value) && value > 0,
);
const natural = number("an integer of at least 0", Number.isSafeInteger);
const positive = number("a positive number", (value) => value > 0 && value < 1e9);
const notNegative = number("a number of at least 0", (value) => value < 1e9);
const fraction = number('"total" or a number from 0 to 1', (value) => value <= 1);

const TRANSACTIONS = ["txn-list-append", "txn-rw-register"];
const KEYED = [...TRANSACTIONS, "kafka"];

export const FLAGS = {
  workload: { label: "Workload", standard: DEFAULTS.workload, choices: WORKLOAD_NAMES },
  "node-count": {
    label: "Nodes",
    standard: "",
    problem: number(
      `an integer from 1 to ${MAX_NODES}`,
      (value) => Number.isInteger(value) && value >= 1 && value <= MAX_NODES,
    ),
  },
  nodes: {
    label: "Names of nodes",
    standard: "",
    isAdvanced: true,
    problem: problemOfNodes,
  },
  concurrency: {
    label: "Clients",
    standard: "1n",
    problem: (text) =>
      /^[1-9]\d{0,3}n?$/.test(text)
        ? undefined
        : "It must be a positive integer, or one per node: 2n",
  },
  rate: {
    label: "Rate",
    unit: "operations/s",
    standard: `${DEFAULTS.rate}`,
    problem: notNegative,
  },
  "time-limit": {
    label: "Time limit",
    unit: "s",
    standard: `${DEFAULTS.timeLimitS}`,
    problem: positiveInteger,
  },
  latency: {
    label: "Latency",
    unit: "ms",
    standard: `${DEFAULTS.latency.meanMs}`,
    problem: natural,
  },
  "latency-dist": {
    label: "Distribution of latency",
    standard: DEFAULTS.latency.distribution,
    choices: LATENCY_DISTRIBUTIONS,
  },
  nemesis: { label: "Faults", standard: "", choices: FAULTS, isList: true },
  "nemesis-interval": {
    label: "Time between faults",
    unit: "s",
    standard: `${DEFAULTS.nemesisIntervalS}`,
    problem: positive,
  },
  recovery: {
    label: "Recovery",
    unit: "s",
    standard: `${DEFAULTS.recoveryS}`,
    isAdvanced: true,
    problem: notNegative,
  },
  topology: {
    label: "Topology",
    standard: DEFAULTS.topology,
    choices: TOPOLOGY_NAMES,
    workloads: ["broadcast"],
    isAdvanced: true,
  },
  "consistency-models": {
    label: "Consistency models",
    standard: DEFAULTS.consistencyModels.join(),
    workloads: TRANSACTIONS,
    problem: (text) =>
      text.split(",").every((name) => name.trim() !== "") ? undefined : "It has an empty item",
  },
  "key-count": {
    label: "Keys in use",
    standard: `${DEFAULTS.keyCount}`,
    workloads: KEYED,
    isAdvanced: true,
    problem: positiveInteger,
  },
  "max-txn-length": {
    label: "Operations per transaction",
    standard: `${DEFAULTS.maxTxnLength}`,
    workloads: TRANSACTIONS,
    isAdvanced: true,
    problem: positiveInteger,
  },
  "max-writes-per-key": {
    label: "Writes per key",
    standard: `${DEFAULTS.maxWritesPerKey}`,
    workloads: KEYED,
    isAdvanced: true,
    problem: positiveInteger,
  },
  "resume-from-committed": {
    label: "Consumers start at committed offsets",
    standard: "",
    isSwitch: true,
    workloads: ["kafka"],
    isAdvanced: true,
  },
  converge: {
    label: "Compare the nodes' registers at the end",
    standard: "",
    isSwitch: true,
    workloads: ["txn-rw-register"],
    isAdvanced: true,
  },
  liveness: {
    label: "Liveness",
    unit: "s",
    standard: "",
    isAdvanced: true,
    problem: positive,
  },
  availability: {
    label: "Availability",
    standard: "",
    isAdvanced: true,
    problem: (text) => (text === "total" ? undefined : fraction(text)),
  },
  search: {
    label: "Search",
    standard: "",
    choices: STRATEGIES,
    isList: true,
    isAdvanced: true,
  },
  seed: { label: "Seed", standard: "", problem: natural },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;
export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[];

/** The text of each setting. */
export type Settings = Readonly<Record<FlagName, string>>;

/** Returns a flag as one type, with all properties that flags can have. */
export function flagOf(name: FlagName): Flag {
  return FLAGS[name];
}

export const DEFAULT_SETTINGS: Settings = {
  ...(Object.fromEntries(
    FLAG_NAMES.map((name) => [name, flagOf(name).standard]),
    // The table has each name.
  ) as Record<FlagName, string>),
  seed: "1",
};

/** Returns what is wrong with a setting's text; `undefined` if nothing is. */
export function problemOf(name: FlagName, text: string): string | undefined {
  const { choices, isList, isSwitch, standard, problem } = flagOf(name);
  if (text === standard) return undefined;
  if (text.length > MAX_LENGTH) return "It is too long";
  if (isSwitch) return text === "yes" ? undefined : 'It must be "yes" or empty';
  if (choices === undefined) return problem?.(text);
  const words = isList ? text.split(",") : [text];
  const unknown = words.find((word) => !choices.includes(word));
  if (unknown === undefined) return undefined;
  return `Unknown: "${unknown}". Choose from ${choices.join(", ")}`;
}

function problemOfNodes(text: string): string | undefined {
  const names = text.split(",");
  if (names.length > MAX_NODES) return `There can be ${MAX_NODES} nodes`;
  if (names.some((name) => !/^[\w.-]+$/.test(name))) return "Separate names with commas: n1,n2";
  if (new Set(names).size < names.length) return "A node is named twice";
  const client = names.find(isClientId);
  return client === undefined
    ? undefined
    : `"${client}" is not a name for a node: names that start with "c" are reserved for clients`;
}

/**
 * Converts settings to options.
 *
 * @throws {InvalidOptions} if one is wrong, they contradict each other, or do not fit the workload.
 */
export function toOptions(settings: Settings): TestOptions {
  for (const name of FLAG_NAMES) {
    const problem = problemOf(name, settings[name]);
    if (problem !== undefined) throw new InvalidOptions(`--${name}: ${problem}`);
  }
  const { workload, nodes, concurrency, liveness, availability, nemesis, search, seed } = settings;
  const nodeCount = settings["node-count"];
  const nodeIds =
    nodeCount !== ""
      ? nodeNames(Number(nodeCount))
      : nodes !== ""
        ? nodes.split(",")
        : DEFAULTS.nodeIds;
  const count = Number.parseInt(concurrency, 10);
  const options: TestOptions = {
    workload,
    nodeIds,
    concurrency: concurrency.endsWith("n") ? count * nodeIds.length : count,
    rate: Number(settings.rate),
    timeLimitS: Number(settings["time-limit"]),
    latency: {
      meanMs: Number(settings.latency),
      distribution: chosen(LATENCY_DISTRIBUTIONS, settings["latency-dist"]),
    },
    nemesis: nemesis === "" ? [] : nemesis.split(","),
    nemesisIntervalS: Number(settings["nemesis-interval"]),
    recoveryS: Number(settings.recovery),
    topology: chosen(TOPOLOGY_NAMES, settings.topology),
    converge: settings.converge !== "",
    livenessLimitS: liveness === "" ? undefined : Number(liveness),
    consistencyModels: settings["consistency-models"].split(",").map((name) => name.trim()),
    keyCount: Number(settings["key-count"]),
    maxTxnLength: Number(settings["max-txn-length"]),
    maxWritesPerKey: Number(settings["max-writes-per-key"]),
    resumesFromCommitted: settings["resume-from-committed"] !== "",
    availability:
      availability === "" ? undefined : availability === "total" ? "total" : Number(availability),
    ...(search === ""
      ? {}
      : { search: search.split(",").map((strategy) => chosen(STRATEGIES, strategy)) }),
    seed: Number(seed),
  };
  // Throws if the options do not fit the workload, before anything runs.
  makeWorkload(options);
  return options;
}

function chosen<Name extends string>(names: readonly Name[], text: string): Name {
  const name = names.find((each) => each === text);
  if (name === undefined) throw new InvalidOptions(`Choose from ${names.join(", ")}`);
  return name;
}

/** Returns the flags of a command line that give these settings. Omits defaults. */
export function toWords(settings: Settings): string[] {
  const words = ["-w", settings.workload];
  for (const name of FLAG_NAMES) {
    const text = settings[name];
    if (name === "workload" || text === "" || text === flagOf(name).standard) continue;
    words.push(`--${name}`);
    if (!flagOf(name).isSwitch) words.push(text);
  }
  return words;
}

/** Short names of flags. */
const SHORT: Readonly<Record<string, FlagName>> = { "-w": "workload", "-N": "nemesis" };

/**
 * Parses the flags of a command line.
 *
 * @throws {InvalidOptions} for an unknown flag, a text that does not fit its flag, or a missing one.
 */
export function parseWords(words: readonly string[]): Settings {
  const settings = { ...DEFAULT_SETTINGS };
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const name = Object.hasOwn(SHORT, word)
      ? SHORT[word]
      : FLAG_NAMES.find((each) => `--${each}` === word);
    if (name === undefined) throw new InvalidOptions(`Unknown option "${word}"`);
    const [text, length] = textAfter(name, words[index + 1]);
    if (text === undefined) throw new InvalidOptions(`${word} needs a value`);
    index += length;
    const problem = problemOf(name, text);
    if (problem !== undefined) throw new InvalidOptions(`${word} ${text}: ${problem}`);
    settings[name] = text;
  }
  return settings;
}

/** Returns the text of a flag that is followed by a word, and whether that word is it: 1 or 0. */
function textAfter(
  name: FlagName,
  next: string | undefined,
): readonly [text: string | undefined, length: 0 | 1] {
  if (flagOf(name).isSwitch) return ["yes", 0];
  const isLeftOut = name === "liveness" && (next === undefined || next.startsWith("-"));
  return isLeftOut ? [`${LIVENESS_LIMIT_S}`, 0] : [next, 1];
}
