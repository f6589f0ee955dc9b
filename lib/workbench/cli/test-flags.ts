/**
 * Defines Maelstrom's flags of a test, and converts them to options.
 *
 * @see Maelstrom, `core.clj` (`opt-spec`); Jepsen, `cli.clj` (`test-opt-spec`)
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { SERVICES } from "../../services/index.ts";
import type { NodeId } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { FAULTS } from "../nemesis/faults.ts";
import { isClientId } from "../network/delivery.ts";
import { LATENCY_DISTRIBUTIONS, type LatencyDistribution } from "../network/latency.ts";
import {
  DEFAULTS,
  LIVENESS_LIMIT_S,
  nodeNames,
  type Strategy,
  type TestOptions,
} from "../run/test-options.ts";
import { namesFile } from "../sweep/load-definition.ts";
import { type ChosenWorkload, unknownWorkload } from "../sweep/workload-file.ts";
import { definitionOf, isWorkloadName, makeWorkload, WORKLOAD_NAMES } from "../workloads/index.ts";
import { parseOwnOptions } from "../workloads/own-options.ts";
import { TOPOLOGY_NAMES, type TopologyName } from "../workloads/topology.ts";
import {
  type Concurrency,
  concurrency,
  list,
  nemeses,
  nodesFile,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  part,
  positiveInteger,
  positiveNumber,
  repeatable,
} from "./parsers.ts";

/** The flags as commander parses them. */
export interface TestFlags {
  /** Name of a workload, or path of its file. */
  readonly workload: string;
  readonly set?: readonly string[];
  readonly nodeCount?: number;
  readonly nodes?: readonly NodeId[];
  readonly node?: readonly NodeId[];
  readonly nodesFile?: readonly NodeId[];
  readonly concurrency: Concurrency;
  readonly rate: number;
  readonly timeLimit: number;
  readonly latency: number;
  readonly latencyDist: LatencyDistribution;
  readonly nemesis: readonly string[];
  readonly nemesisInterval: number;
  readonly recovery: number;
  readonly topology: TopologyName;
  readonly converge?: true;
  readonly liveness?: number;
  readonly consistencyModels: readonly string[];
  readonly keyCount: number;
  readonly maxTxnLength: number;
  readonly maxWritesPerKey: number;
  readonly resumeFromCommitted?: true;
  readonly availability?: "total" | number;
  readonly seed?: number;
  /** In simulations only. */
  readonly search?: readonly Strategy[];
}

/** Description of --strict-stdout. */
export const STRICT_STDOUT =
  "exit with 255 if a node prints an invalid message (default: ignore that node from then on, as Maelstrom does)";

/** Description of --strict-run. */
export const STRICT_RUN =
  "exit with 2 if a valid run has warnings: its verdict proves little (default: exit with 0)";

/** Description of --verbose. */
export const VERBOSE = "print every field of the result, as Maelstrom does";

/**
 * Adds the flags of a test, without the program.
 *
 * @param hasDefaultWorkload Whether the workload is Maelstrom's default if none is named.
 */
export function addTestFlags(command: Command, { hasDefaultWorkload = true } = {}): Command {
  const workload = workloadOption("operations of the clients, and their checker: a file, or");
  return command
    .addOption(hasDefaultWorkload ? workload.default(DEFAULTS.workload) : workload)
    .option(
      "--set <name=value>",
      "an option of the workload itself, which its file declares; can be repeated",
      (word: string, former: readonly string[] = []) => [...former, word],
    )
    .option(
      "--node-count <count>",
      "number of nodes, named n0, n1, ... (default: five nodes, n1 to n5)",
      positiveInteger,
    )
    .option("--nodes <names>", "names of the nodes, separated by commas", list)
    .option("-n, --node <name>", "name of a node; can be repeated", repeatable)
    .option("--nodes-file <file>", "file with the names of the nodes, one per line", nodesFile)
    .addOption(
      new Option(
        "--concurrency <threads>",
        'number of client threads: a total, or per node with an "n", as in 2n',
      )
        .argParser(concurrency)
        .default({ count: 1, isPerNode: true }, "1n"),
    )
    .option(
      "--rate <hz>",
      "operations per second, over all threads",
      nonNegativeNumber,
      DEFAULTS.rate,
    )
    .option(
      "--time-limit <s>",
      "length of the main phase, in seconds",
      positiveInteger,
      DEFAULTS.timeLimitS,
    )
    .option(
      "--latency <ms>",
      "mean latency of messages between servers, in ms",
      nonNegativeInteger,
      DEFAULTS.latency.meanMs,
    )
    .addOption(
      new Option("--latency-dist <distribution>", "distribution of the latency")
        .choices(LATENCY_DISTRIBUTIONS)
        .argParser(oneOf("distribution", LATENCY_DISTRIBUTIONS))
        .default(DEFAULTS.latency.distribution),
    )
    .addOption(
      new Option(
        "-N, --nemesis <faults>",
        `faults to inject, separated by commas: ${FAULTS.join(", ")}, or files that define others, as in ./membership.ts`,
      )
        .argParser(nemeses)
        .default([], "none"),
    )
    .option(
      "--nemesis-interval <s>",
      "mean time between the start and the end of a fault, in seconds",
      positiveNumber,
      DEFAULTS.nemesisIntervalS,
    )
    .option(
      "--recovery <s>",
      "time between the end of all faults and the final operations, in seconds",
      nonNegativeNumber,
      DEFAULTS.recoveryS,
    )
    .option(
      "--converge",
      "compare the registers of all nodes after the recovery; a difference is invalid (txn-rw-register)",
    )
    .addOption(
      new Option(
        "--liveness [s]",
        `require that every node answers every type of operation within so many seconds of the recovery (${LIVENESS_LIMIT_S} if no number follows)`,
      )
        .argParser(livenessLimit)
        .preset(LIVENESS_LIMIT_S),
    )
    .addOption(
      new Option("--topology <name>", "topology that the broadcast workload sends to the nodes")
        .choices(TOPOLOGY_NAMES)
        .argParser(oneOf("topology", TOPOLOGY_NAMES))
        .default(DEFAULTS.topology),
    )
    .addOption(
      new Option(
        "--consistency-models <models>",
        "consistency models that transactions must satisfy, separated by commas",
      )
        .argParser(list)
        .default(DEFAULTS.consistencyModels, DEFAULTS.consistencyModels.join(", ")),
    )
    .option(
      "--key-count <count>",
      "number of keys in use at a time, by transactions and logs",
      positiveInteger,
      DEFAULTS.keyCount,
    )
    .option(
      "--max-txn-length <count>",
      "maximum number of operations per transaction",
      positiveInteger,
      DEFAULTS.maxTxnLength,
    )
    .option(
      "--max-writes-per-key <count>",
      "writes to a key, or messages in a log, before a new key replaces it",
      positiveInteger,
      DEFAULTS.maxWritesPerKey,
    )
    .option(
      "--resume-from-committed",
      "start consumers of logs at committed offsets, as Maelstrom intends (default: at 0, as it actually does)",
    )
    .option("--availability <part>", 'required fraction of ok operations: "total" or 0 to 1', part)
    .option(
      "--seed <integer>",
      "fix every random choice of the tester (default: random)",
      nonNegativeInteger,
    );
}

/** The flag that names a workload. */
export function workloadOption(description: string): Option {
  return new Option("-w, --workload <name>", description)
    .choices(WORKLOAD_NAMES)
    .argParser((word: string) => {
      if (!isWorkloadName(word) && !namesFile(word)) {
        throw new InvalidArgumentError(unknownWorkload(word));
      }
      return word;
    });
}

function livenessLimit(text: string): number {
  try {
    return positiveNumber(String(text));
  } catch {
    throw new InvalidArgumentError(
      "It must be a positive number of seconds. Without one, put the flag before another flag.",
    );
  }
}

/** Flags of Maelstrom that local processes do not need: most configure Jepsen's ssh. */
const UNUSED_FLAGS = [
  "--username <name>",
  "--password <word>",
  "--ssh-private-key <file>",
  "--strict-host-key-checking",
  "--no-ssh",
  "--leave-db-running",
  "--logging-json",
];

/** Accepts the flags without effect, so that Maelstrom's command lines work unchanged. */
export function addUnusedFlags(command: Command, onUsed: (text: string) => void): Command {
  for (const flags of UNUSED_FLAGS) {
    const option = new Option(flags).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => onUsed(`${option.long} has no effect here`));
  }
  return command;
}

/**
 * Converts flags to options.
 *
 * @param workload The workload that the flag names.
 * @throws {InvalidOptions} if they contradict each other, or do not fit the workload.
 */
export function testOptions(
  flags: TestFlags,
  workload: ChosenWorkload = { workload: flags.workload },
): TestOptions {
  const nodeIds = nodeIdsOf(flags);
  const { count, isPerNode } = flags.concurrency;
  const seed = flags.seed ?? randomSeed();
  const { definition = definitionOf(workload.workload) } = workload;
  const options: TestOptions = {
    ...workload,
    ...(flags.set === undefined
      ? {}
      : { ownOptions: parseOwnOptions(workload.workload, definition, flags.set) }),
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
    livenessLimitS: flags.liveness,
    consistencyModels: flags.consistencyModels,
    keyCount: flags.keyCount,
    maxTxnLength: flags.maxTxnLength,
    maxWritesPerKey: flags.maxWritesPerKey,
    resumesFromCommitted: flags.resumeFromCommitted === true,
    availability: flags.availability,
    ...(flags.search === undefined ? {} : { search: flags.search }),
    seed,
  };
  // Throws if the options do not fit the workload, before anything runs.
  makeWorkload(options);
  return options;
}

function nodeIdsOf(flags: TestFlags): readonly NodeId[] {
  return namedNodes(flags) ?? DEFAULTS.nodeIds;
}

/** The nodes that flags name or count, if any. */
export function namedNodes(flags: TestFlags): readonly NodeId[] | undefined {
  const { nodeCount, nodes, node, nodesFile } = flags;
  if (nodeCount !== undefined) return nodeNames(nodeCount);
  const named = [...(nodes ?? []), ...(node ?? []), ...(nodesFile ?? [])];
  if (named.length === 0) return undefined;
  requireNodeNames(named);
  return named;
}

/** @throws {InvalidOptions} if names repeat, or are those of clients or services. */
export function requireNodeNames(named: readonly NodeId[]): void {
  const repeated = named.find((id, index) => named.indexOf(id) < index);
  if (repeated !== undefined) throw new InvalidOptions(`Node "${repeated}" is named twice`);
  const clientLike = named.find(isClientId);
  if (clientLike !== undefined) {
    throw new InvalidOptions(
      `Cannot name a node "${clientLike}": names that start with "c" are reserved for clients`,
    );
  }
  const serviceLike = named.find((id) => SERVICE_IDS.has(id));
  if (serviceLike !== undefined) {
    throw new InvalidOptions(`Cannot name a node "${serviceLike}": a service has that name`);
  }
}

const SERVICE_IDS: ReadonlySet<NodeId> = new Set(Object.keys(SERVICES));

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
