/**
 * State machine replication: a state machine on every node, and a log that keeps them equal.
 *
 * This file is what programs use. `driver.ts` connects the core to the node.
 */
import type * as v from "valibot";
import { requireAtLeast } from "../vortex/at-least.ts";
import { type Node, type NodeId, RpcError, type Schema } from "../vortex/index.ts";
import { requireMilliseconds } from "../vortex/milliseconds.ts";
import { Driver, type DriverOptions } from "./driver.ts";
import type { Machine } from "./machine.ts";
import { DEFAULT_TIMING, requireTiming, type Timing } from "./timing.ts";

/** Default of {@link ReplicateOptions.compactionLength}. */
const MIN_COMPACTED_LENGTH = 2 ** 17;

/** Options of {@link replicate}. */
export interface ReplicateOptions extends Partial<Timing> {
  /**
   * How long requests wait for others to share their messages, in ms; 0, the default, does not wait.
   * They wait once on their way to the leader, and once more before they are written to the log.
   */
  readonly batchMs?: number;
  /** How long to wait for an outcome, in ms. Defaults to 5000. */
  readonly timeoutMs?: number;
  /** Maximum number of this node's commands without an outcome. Defaults to 10,000. */
  readonly maxPending?: number;
  /**
   * A log longer than this, in characters, and than the last snapshot, is replaced by a snapshot.
   * Defaults to 131,072.
   */
  readonly compactionLength?: number;
}

/** A replicated state machine, as one node sees it. */
export interface Replica<Command, Result> {
  /**
   * Executes a command once, on whatever node leads, and resolves with its result.
   *
   * Linearizable: a command sees the effects of all that have ended before it began.
   *
   * @throws {RpcError} the error that the machine has thrown, which is definite if the machine's is.
   *   `temporarily-unavailable` (11, definite) when it was certainly not executed: no leader took it in
   *   time, or too much waits. `timeout` (0, indefinite) when it may have been, or may yet be.
   */
  execute(command: Command): Promise<Result>;
  /** The node that leads, if this one knows it. */
  readonly leaderId: NodeId | undefined;
  /** Offers leadership to another node, if this one leads. Returns whether it did. */
  transferLeadership(to?: NodeId): boolean;
}

/**
 * Replicates a state machine on all nodes by Raft.
 *
 * Call it on each node when the program starts. Commands are executed while a majority of the nodes is
 * connected. They survive in `node.storage`, which is then Raft's alone; without a disk, as long as a
 * majority runs: a node that has lost its state is admitted again by the others.
 *
 * @throws {StorageError} when the node's storage cannot be read.
 * @throws {RangeError} when an option is out of range.
 *
 * @example
 * const Command = v.variant("f", [
 *   v.object({ f: v.literal("add"), delta: v.number() }),
 *   v.object({ f: v.literal("read") }),
 * ]);
 *
 * export function counter(node: Node): void {
 *   let total = 0;
 *   const replica = replicate(node, {
 *     command: Command,
 *     query: ({ f }) => (f === "read" ? total : undefined),
 *     apply: (command) => (command.f === "add" ? (total += command.delta) : total),
 *     snapshot: () => total,
 *     restore: (snapshot) => (total = Number(snapshot)),
 *   });
 *   node.handle("read", v.object({}), async () => {
 *     return { type: "read_ok", value: await replica.execute({ f: "read" }) };
 *   });
 * }
 *
 * @see Raft thesis, chapter 6 (client interaction)
 */
export function replicate<S extends Schema, Result>(
  node: Node,
  machine: Machine<S, Result>,
  options: ReplicateOptions = {},
): Replica<v.InferInput<S>, Result> {
  const driver = new Driver(node, machine, checked(options));
  return {
    execute: async (command) => {
      const outcome = await driver.execute(command);
      if ("error" in outcome) throw new RpcError(outcome.error.code, outcome.error.text);
      // What this machine has returned, here or on another node.
      return outcome.result as Result;
    },
    get leaderId() {
      return driver.leaderId;
    },
    transferLeadership: (to) => driver.transferLeadership(to),
  };
}

function checked(options: ReplicateOptions): DriverOptions {
  const { batchMs = 0, timeoutMs = 5000, maxPending = 10_000, ...others } = options;
  const { compactionLength = MIN_COMPACTED_LENGTH, ...intervals } = others;
  const timing = { ...DEFAULT_TIMING, ...intervals };
  requireMilliseconds("batchMs", batchMs, replicate);
  requireMilliseconds("timeoutMs", timeoutMs, replicate);
  requireAtLeast(1, "maxPending", maxPending, replicate);
  requireAtLeast(0, "compactionLength", compactionLength, replicate);
  requireTiming(timing);
  return { batchMs, timeoutMs, maxPending, compactionLength, timing };
}
