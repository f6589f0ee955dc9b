/** A workload: the operations that clients carry out. Its checker is in `checkers/by-workload.ts`. */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import type { ConvergenceVerdict, Replica } from "../checkers/convergence/index.ts";
import type { Atom } from "../checkers/elle/transactions.ts";
import type { Client } from "../clients/client.ts";
import type { ErrorPolicy } from "../clients/client-errors.ts";
import type { Generator, Invocation } from "../clients/generator.ts";
import type { Completion } from "../clients/interpreter.ts";
import type { History } from "../history/history.ts";
import type { Latency } from "../network/latency.ts";
import type { TopologyName } from "./topology.ts";

/** The options that workloads read. */
export interface WorkloadOptions {
  readonly nodeIds: readonly NodeId[];
  /** Number of client threads. Thread i talks to node i modulo the number of nodes. */
  readonly concurrency: number;
  /** Latency of messages between servers; clients have none. */
  readonly latency: Latency;
  /** The neighbours that clients of broadcast assign to the nodes. */
  readonly topology: TopologyName;
  /** Number of keys that transactions and logs use at a time. */
  readonly keyCount: number;
  /** Maximum number of operations in a transaction. */
  readonly maxTxnLength: number;
  /** Number of writes to a key, or messages in a log, before a fresh key replaces it. */
  readonly maxWritesPerKey: number;
  /**
   * Whether a consumer of logs starts at the committed offset of a key that is new to it. Maelstrom
   * means to, but starts at 0.
   */
  readonly resumesFromCommitted: boolean;
}

/** What a workload is made from. */
export interface WorkloadContext extends WorkloadOptions {
  /** The workload's own stream of randomness. */
  readonly random: Random;
}

/** One client's side of a workload: it may keep state, such as positions in logs. */
export interface WorkloadClient {
  /**
   * Carries out an operation.
   *
   * @throws what the client's requests threw; the workload's error policy makes a completion of it.
   */
  invoke(invocation: Invocation): Promise<Completion>;
}

/** A client, and the node that it talks to. */
export interface Connection {
  readonly client: Client;
  readonly node: NodeId;
}

export interface Workload extends ErrorPolicy {
  /** Whether a client goes on after an operation whose outcome is unknown. */
  readonly keepsClient: boolean;
  /** Before the test, once for each node. */
  setUp?(connection: Connection): Promise<void>;
  openClient(connection: Connection): WorkloadClient;
  /** The main phase; how densely it comes is not its concern. */
  readonly generator: Generator;
  /** After the faults have healed and the nodes had time to recover. */
  readonly finalGenerator?: Generator;
  /** How to see in the end whether all nodes hold the same; only some workloads know. */
  readonly convergence?: Convergence;
}

/** The nodes' states are compared, outside of the history. */
export interface Convergence {
  /**
   * Everything that a node holds of what the history's operations were about.
   *
   * @throws what the client's requests threw.
   */
  read(connection: Connection, history: History): Promise<ReadonlyMap<Atom, Json>>;
  check(history: History, replicas: readonly Replica[]): ConvergenceVerdict;
}

/** How long a client waits for a reply, in ms. */
export const RPC_TIMEOUT_MS = 5000;

export function ok(value: Json): Completion {
  return { type: "ok", value };
}

/** A client without state: each operation is its function's business. */
export function statelessClient<Name extends string>(
  operations: Readonly<Record<Name, (value: Json) => Promise<Json>>>,
): WorkloadClient {
  const functions = new Map<string, (value: Json) => Promise<Json>>(Object.entries(operations));
  return {
    async invoke({ f, value }) {
      const operation = functions.get(f);
      if (operation === undefined) throw new Error(`There is no operation "${f}"`);
      return ok(await operation(value));
    },
  };
}
