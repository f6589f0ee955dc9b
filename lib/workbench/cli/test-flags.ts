/**
 * The flags of a test: Maelstrom's own, and how their words become options.
 *
 * @see Maelstrom, `core.clj` (`opt-spec`); Jepsen, `cli.clj` (`test-opt-spec`)
 */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { NodeId } from "../../vortex/index.ts";
import { modelNames } from "../checkers/elle/consistency-models.ts";
import { FAULTS, type Fault } from "../nemesis/faults.ts";
import { isClientId } from "../network/delivery.ts";
import { LATENCY_DISTRIBUTIONS, type LatencyDistribution } from "../network/latency.ts";
import { DEFAULTS, nodeNames, type TestOptions } from "../run/test-options.ts";
import { makeWorkload, WORKLOAD_NAMES, type WorkloadName } from "../workloads/index.ts";
import { TOPOLOGY_NAMES, type TopologyName } from "../workloads/topology.ts";
import { didYouMean, oneOf, unknownWord } from "./suggestions.ts";

/** What commander makes of the flags, before they are put together. */
export interface TestFlags {
  readonly workload: WorkloadName;
  readonly nodeCount?: number;
  readonly nodes?: readonly NodeId[];
  readonly node?: readonly NodeId[];
  readonly nodesFile?: readonly NodeId[];
  readonly concurrency: Concurrency;
  readonly rate: number;
  readonly timeLimit: number;
  readonly latency: number;
  readonly latencyDist: LatencyDistribution;
  readonly nemesis: readonly Fault[];
  readonly nemesisInterval: number;
  readonly recovery: number;
  readonly topology: TopologyName;
  readonly converge?: true;
  readonly consistencyModels: readonly string[];
  readonly keyCount: number;
  readonly maxTxnLength: number;
  readonly maxWritesPerKey: number;
  readonly resumeFromCommitted?: true;
  readonly availability?: "total" | number;
  readonly seed?: number;
}

/** Threads in all, or for each node. */
export interface Concurrency {
  readonly count: number;
  readonly isPerNode: boolean;
}

/** What --strict-stdout does. */
export const STRICT_STDOUT =
  "end the test with code 255 when a node sends what is no message; otherwise the node is not heard any more, as in Maelstrom";

/** What --verbose does. */
export const VERBOSE = "print every field of the result, as Maelstrom does";

/** Adds the flags that say what a test is; which program it runs is said elsewhere. */
export function addTestFlags(command: Command): Command {
  return command
    .addOption(
      new Option("-w, --workload <name>", "what clients do and how it is judged")
        .choices(WORKLOAD_NAMES)
        .argParser(oneOf("workload", WORKLOAD_NAMES))
        .default(DEFAULTS.workload),
    )
    .option(
      "--node-count <count>",
      "run this many nodes: n0, n1, ...; without any node option, n1 to n5",
      positiveInteger,
    )
    .option("--nodes <names>", "run nodes of these names, separated by commas", list)
    .option("-n, --node <name>", "run a node of this name; may be repeated", oneMore)
    .option("--nodes-file <file>", "run nodes of the names in a file, one per line", nodesFile)
    .addOption(
      new Option(
        "--concurrency <threads>",
        'client threads: a number, or with an "n" behind it a number for each node',
      )
        .argParser(concurrency)
        .default({ count: 1, isPerNode: true }, "1n"),
    )
    .option(
      "--rate <hz>",
      "operations per second, all threads together",
      nonNegativeNumber,
      DEFAULTS.rate,
    )
    .option("--time-limit <s>", "length of the main phase", positiveInteger, DEFAULTS.timeLimitS)
    .option(
      "--latency <ms>",
      "mean latency of messages between servers",
      nonNegativeInteger,
      DEFAULTS.latency.meanMs,
    )
    .addOption(
      new Option("--latency-dist <distribution>", "how the latency is distributed")
        .choices(LATENCY_DISTRIBUTIONS)
        .argParser(oneOf("distribution", LATENCY_DISTRIBUTIONS))
        .default(DEFAULTS.latency.distribution),
    )
    .addOption(
      new Option("--nemesis <faults>", `faults, separated by commas: ${FAULTS.join(", ")}`)
        .argParser(faults)
        .default([], "none"),
    )
    .option(
      "--nemesis-interval <s>",
      "mean time between the begin and the end of faults",
      positiveNumber,
      DEFAULTS.nemesisIntervalS,
    )
    .option(
      "--recovery <s>",
      "time between the end of all faults and the final operations",
      nonNegativeNumber,
      DEFAULTS.recoveryS,
    )
    .option(
      "--converge",
      "compare all nodes' registers after the recovery; a difference is invalid (txn-rw-register)",
    )
    .addOption(
      new Option("--topology <name>", "which neighbours broadcast tells the nodes of")
        .choices(TOPOLOGY_NAMES)
        .argParser(oneOf("topology", TOPOLOGY_NAMES))
        .default(DEFAULTS.topology),
    )
    .addOption(
      new Option(
        "--consistency-models <models>",
        "models that transactions must satisfy, separated by commas",
      )
        .argParser(list)
        .default(DEFAULTS.consistencyModels, DEFAULTS.consistencyModels.join(", ")),
    )
    .option(
      "--key-count <count>",
      "keys that transactions and logs use at a time",
      positiveInteger,
      DEFAULTS.keyCount,
    )
    .option(
      "--max-txn-length <count>",
      "operations in a transaction, at most",
      positiveInteger,
      DEFAULTS.maxTxnLength,
    )
    .option(
      "--max-writes-per-key <count>",
      "writes to a key, or messages in a log, before a fresh key takes its place",
      positiveInteger,
      DEFAULTS.maxWritesPerKey,
    )
    .option(
      "--resume-from-committed",
      "let consumers of logs start at committed offsets, as Maelstrom means to; it starts at 0",
    )
    .option("--availability <part>", 'part of operations that must be ok: "total" or 0 to 1', part)
    .option(
      "--seed <integer>",
      "fixes every random choice of the tester; random by default",
      nonNegativeInteger,
    );
}

/** Flags of Maelstrom that have no use where nodes are local processes: mostly Jepsen's, for its ssh. */
const UNUSED_FLAGS = [
  "--username <name>",
  "--password <word>",
  "--ssh-private-key <file>",
  "--strict-host-key-checking",
  "--no-ssh",
  "--leave-db-running",
  "--logging-json",
];

/** Takes the flags that have no use, so that a command line of Maelstrom's goes through. */
export function addUnusedFlags(command: Command, onUsed: (text: string) => void): Command {
  for (const flags of UNUSED_FLAGS) {
    const option = new Option(flags).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => onUsed(`${option.long} has no effect here`));
  }
  return command;
}

/** What is wrong with arguments that parse each by itself. */
export class BadArguments extends Error {
  override readonly name = "BadArguments";
}

/**
 * Puts the flags together.
 *
 * @throws {BadArguments | InvalidOptions} with what to do about it.
 */
export function testOptions(flags: TestFlags): TestOptions {
  const nodeIds = nodeIdsOf(flags);
  const { count, isPerNode } = flags.concurrency;
  const seed = flags.seed ?? randomSeed();
  const options: TestOptions = {
    workload: flags.workload,
    nodeIds,
    concurrency: isPerNode ? count * nodeIds.length : count,
    rate: flags.rate,
    timeLimitS: flags.timeLimit,
    latency: { meanMs: flags.latency, distribution: flags.latencyDist },
    nemesis: flags.nemesis,
    nemesisIntervalS: flags.nemesisInterval,
    recoveryS: flags.recovery,
    topology: flags.topology,
    converge: flags.converge === true,
    consistencyModels: flags.consistencyModels,
    keyCount: flags.keyCount,
    maxTxnLength: flags.maxTxnLength,
    maxWritesPerKey: flags.maxWritesPerKey,
    resumesFromCommitted: flags.resumeFromCommitted === true,
    availability: flags.availability,
    seed,
  };
  // Whether they fit the workload is known when it is made: now rather than in the midst of things.
  makeWorkload(options);
  return options;
}

/**
 * The absolute path of a program to run.
 *
 * @throws {BadArguments} when it is not there or cannot be executed.
 */
export function executable(
  path: string,
  { flag = "--bin", hint = '"bun run build.ts" builds the challenges into dist/' } = {},
): string {
  const absolute = resolve(path);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new BadArguments(
      `${flag} ${path}: there is no such file (looked for ${absolute}); ${hint}.${didYouMean(basename(path), filesBeside(absolute))}`,
    );
  }
  if (!stats.isFile())
    throw new BadArguments(`${flag} ${path}: not a file, but it must be a program`);
  try {
    accessSync(absolute, constants.X_OK);
  } catch {
    throw new BadArguments(
      `${flag} ${path}: the file has no execute bit; "chmod +x ${path}" sets it`,
    );
  }
  return absolute;
}

/** The names of what lies where a path leads. */
export function filesBeside(path: string): string[] {
  const directory = dirname(path);
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** What a person may have meant otherwise. @param words For the program. */
export function remarksOn(words: readonly string[], options: TestOptions): string[] {
  return [...remarksOnDashes(words), ...remarksOnModels(options.consistencyModels)];
}

/** Remarks on models that no checker knows: it will come to no verdict then. */
function remarksOnModels(models: readonly string[]): string[] {
  return models
    .filter((model) => !modelNames.includes(model))
    .map(
      (model) =>
        `${unknownWord("consistency model", model, modelNames)} Transactions will not be judged.`,
    );
}

/** Remarks on words that look like options but begin with another kind of dash. */
function remarksOnDashes(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const dash = /^-*([\u2010-\u2015\u2212\ufe58\ufe63\uff0d])/.exec(word)?.[1];
    if (dash === undefined) return [];
    const codePoint = dash.charCodeAt(0).toString(16).toUpperCase();
    const meant = `--${word.replace(/^[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+/, "")}`;
    return [
      `"${word}" begins with another kind of dash (U+${codePoint}), so it is no option: it goes to the nodes as an argument, and so does a value after it. Did you mean "${meant}"?`,
    ];
  });
}

function nodeIdsOf({ nodeCount, nodes, node, nodesFile }: TestFlags): readonly NodeId[] {
  if (nodeCount !== undefined) return nodeNames(nodeCount);
  const named = [...(nodes ?? []), ...(node ?? []), ...(nodesFile ?? [])];
  if (named.length === 0) return DEFAULTS.nodeIds;
  const repeated = named.find((id, index) => named.indexOf(id) < index);
  if (repeated !== undefined) throw new BadArguments(`Node "${repeated}" is named twice`);
  const clientLike = named.find(isClientId);
  if (clientLike !== undefined) {
    throw new BadArguments(
      `Node "${clientLike}" would be taken for a client: names that begin with "c" are theirs`,
    );
  }
  const serviceLike = named.find((id) => SERVICE_IDS.has(id));
  if (serviceLike !== undefined) {
    throw new BadArguments(`Node "${serviceLike}" would be taken for the service of that name`);
  }
  return named;
}

const SERVICE_IDS: ReadonlySet<NodeId> = new Set(["lin-kv", "seq-kv", "lww-kv", "lin-tso"]);

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

function number(text: string, isWanted: (value: number) => boolean, wanted: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!isWanted(value)) throw new InvalidArgumentError(`It must be ${wanted}.`);
  return value;
}

export function positiveInteger(text: string): number {
  return number(text, (value) => Number.isSafeInteger(value) && value > 0, "an integer from 1 on");
}

export function nonNegativeInteger(text: string): number {
  return number(text, (value) => Number.isSafeInteger(value) && value >= 0, "an integer from 0 on");
}

function positiveNumber(text: string): number {
  return number(text, (value) => value > 0 && value < Number.POSITIVE_INFINITY, "a number above 0");
}

function nonNegativeNumber(text: string): number {
  return number(
    text,
    (value) => value >= 0 && value < Number.POSITIVE_INFINITY,
    "a number from 0 on",
  );
}

export function part(text: string): "total" | number {
  if (text === "total") return text;
  return number(text, (value) => value >= 0 && value <= 1, '"total" or a number from 0 to 1');
}

function concurrency(text: string): Concurrency {
  const match = /^([1-9]\d*)(n?)$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError('It must be an integer from 1 on, or one with an "n": 2n.');
  }
  return { count: Number(match[1]), isPerNode: match[2] === "n" };
}

export function list(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("")) throw new InvalidArgumentError("A part between commas is empty.");
  return items;
}

function oneMore(name: string, former: readonly NodeId[] = []): NodeId[] {
  return [...former, ...list(name)];
}

function nodesFile(file: string): NodeId[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : error}.`);
  }
  const names = text.split(/\r?\n/).map((name) => name.trim());
  const named = names.filter((name) => name !== "");
  if (named.length === 0) throw new InvalidArgumentError("The file names no node.");
  return named;
}

function faults(text: string): Fault[] {
  const named = list(text).map(oneOf("fault", FAULTS));
  // Twice the same would be two that do not know of each other: neither heals what the other broke.
  return [...new Set(named)];
}

/** The flags that lead to these options, those with other values than their defaults. */
export function wordsOf(options: TestOptions): string[] {
  const { workload, nodeIds, concurrency, latency, nemesis, consistencyModels, seed } = options;
  const words = ["-w", workload];
  const add = (flag: string, value: string | number | undefined, standard?: unknown) => {
    if (value !== undefined && value !== standard) words.push(flag, String(value));
  };
  const isCounted = nodeIds.join() === nodeNames(nodeIds.length).join();
  if (isCounted) add("--node-count", nodeIds.length);
  else add("--nodes", nodeIds.join(), DEFAULTS.nodeIds.join());
  add("--concurrency", concurrency, nodeIds.length);
  add("--rate", options.rate, DEFAULTS.rate);
  add("--time-limit", options.timeLimitS, DEFAULTS.timeLimitS);
  add("--latency", latency.meanMs, DEFAULTS.latency.meanMs);
  add("--latency-dist", latency.distribution, DEFAULTS.latency.distribution);
  add("--nemesis", nemesis.join(), "");
  add("--nemesis-interval", options.nemesisIntervalS, DEFAULTS.nemesisIntervalS);
  add("--recovery", options.recoveryS, DEFAULTS.recoveryS);
  if (options.converge) words.push("--converge");
  add("--topology", options.topology, DEFAULTS.topology);
  add("--consistency-models", consistencyModels.join(), DEFAULTS.consistencyModels.join());
  add("--key-count", options.keyCount, DEFAULTS.keyCount);
  add("--max-txn-length", options.maxTxnLength, DEFAULTS.maxTxnLength);
  add("--max-writes-per-key", options.maxWritesPerKey, DEFAULTS.maxWritesPerKey);
  if (options.resumesFromCommitted) words.push("--resume-from-committed");
  add("--availability", options.availability);
  add("--seed", seed);
  return words;
}
