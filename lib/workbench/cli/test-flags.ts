/**
 * The flags of a test: Maelstrom's own, and how their words become options.
 *
 * @see Maelstrom, `core.clj` (`opt-spec`); Jepsen, `cli.clj` (`test-opt-spec`)
 */
import { type Command, Option } from "commander";
import type { NodeId } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { FAULTS, type Fault } from "../nemesis/faults.ts";
import { isClientId } from "../network/delivery.ts";
import { LATENCY_DISTRIBUTIONS, type LatencyDistribution } from "../network/latency.ts";
import { DEFAULTS, nodeNames, type TestOptions } from "../run/test-options.ts";
import { makeWorkload, WORKLOAD_NAMES, type WorkloadName } from "../workloads/index.ts";
import { TOPOLOGY_NAMES, type TopologyName } from "../workloads/topology.ts";
import {
  type Concurrency,
  concurrency,
  faults,
  list,
  nodesFile,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  part,
  positiveInteger,
  positiveNumber,
  repeatable,
} from "./parsers.ts";

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
    .option("-n, --node <name>", "run a node of this name; may be repeated", repeatable)
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

/**
 * Puts the flags together.
 *
 * @throws {InvalidOptions} with what to do about it.
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

function nodeIdsOf({ nodeCount, nodes, node, nodesFile }: TestFlags): readonly NodeId[] {
  if (nodeCount !== undefined) return nodeNames(nodeCount);
  const named = [...(nodes ?? []), ...(node ?? []), ...(nodesFile ?? [])];
  if (named.length === 0) return DEFAULTS.nodeIds;
  const repeated = named.find((id, index) => named.indexOf(id) < index);
  if (repeated !== undefined) throw new InvalidOptions(`Node "${repeated}" is named twice`);
  const clientLike = named.find(isClientId);
  if (clientLike !== undefined) {
    throw new InvalidOptions(
      `Node "${clientLike}" would be taken for a client: names that begin with "c" are theirs`,
    );
  }
  const serviceLike = named.find((id) => SERVICE_IDS.has(id));
  if (serviceLike !== undefined) {
    throw new InvalidOptions(`Node "${serviceLike}" would be taken for the service of that name`);
  }
  return named;
}

const SERVICE_IDS: ReadonlySet<NodeId> = new Set(["lin-kv", "seq-kv", "lww-kv", "lin-tso"]);

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
