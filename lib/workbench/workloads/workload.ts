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

/** The inputs of a workload. */
export interface WorkloadContext extends WorkloadOptions {
  /** The workload's own stream of randomness. */
  readonly random: Random;
}

/** The operations of one client. It may keep state, such as positions in logs. */
export interface WorkloadClient {
  /**
   * Carries out an operation.
   *
   * @throws the errors of the client's requests, which the workload's error policy turns into a
   *   completion.
   */
  invoke(invocation: Invocation): Promise<Completion>;
}

/** A client and its node. */
export interface Connection {
  readonly client: Client;
  readonly node: NodeId;
}

export interface Workload extends ErrorPolicy {
  /** Whether a client stays open after an operation with unknown outcome. */
  readonly keepsClient: boolean;
  /** Called before the test, once per node. */
  setUp?(connection: Connection): Promise<void>;
  openClient(connection: Connection): WorkloadClient;
  /** Operations of the main phase, as fast as they are asked for. */
  readonly generator: Generator;
  /** Operations after the recovery. */
  readonly finalGenerator?: Generator;
  /** Compares the final states of all nodes. Absent for workloads that cannot read them. */
  readonly convergence?: Convergence;
}

/** Reads and compares the final states of nodes, outside the history. */
export interface Convergence {
  /**
   * Reads a node's state, for all keys of the history.
   *
   * @throws the errors of the client's requests.
   */
  read(connection: Connection, history: History): Promise<ReadonlyMap<Atom, Json>>;
  check(history: History, replicas: readonly Replica[]): ConvergenceVerdict;
}

/** Timeout of a client's requests, in ms. */
export const RPC_TIMEOUT_MS = 5000;

export function ok(value: Json): Completion {
  return { type: "ok", value };
}

/** A client without state: a function for each operation. */
export function statelessClient<Name extends string>(
  operations: Readonly<Record<Name, (value: Json) => Promise<Json>>>,
): WorkloadClient {
  const functions = new Map<string, (value: Json) => Promise<Json>>(Object.entries(operations));
  return {
    async invoke({ f, value }) {
      const operation = functions.get(f);
      if (operation === undefined) throw new Error(`Unknown operation "${f}"`);
      return ok(await operation(value));
    },
  };
}
