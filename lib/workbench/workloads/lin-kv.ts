/**
 * Linearizable key-value store: reads, writes and compare-and-sets of single keys.
 *
 * @see Maelstrom workloads, "Lin-kv"; Jepsen, `independent.clj` (`concurrent-generator`) and
 *   `tests/linearizable_register.clj`
 */
import type { Json, Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { replySchema } from "../clients/client.ts";
import type { Generator, Invocation } from "../clients/generator.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { Json as AnyJson } from "../schemas.ts";
import { statelessClient, type Workload, type WorkloadContext } from "./workload.ts";

const ReadOk = replySchema("read_ok", { value: AnyJson });
const WriteOk = replySchema("write_ok", {});
const CasOk = replySchema("cas_ok", {});

/** Maximum number of processes per key: each makes the search of its history slower. */
const PROCESS_LIMIT = 20;
const VALUE_COUNT = 5;

/** @throws {InvalidOptions} when the threads cannot be divided into groups, each with its own key. */
export function linKv(options: WorkloadContext): Workload {
  const { random, nodeIds, concurrency, latency } = options;
  const groupSize = 2 * nodeIds.length;
  if (concurrency % groupSize !== 0) {
    throw new InvalidOptions(
      `lin-kv needs a --concurrency that is a multiple of twice the number of nodes, but it is ${concurrency} with ${nodeIds.length} nodes; try --concurrency 2n`,
    );
  }
  if (groupSize > PROCESS_LIMIT) {
    throw new InvalidOptions(
      `lin-kv supports at most ${PROCESS_LIMIT / 2} nodes: ${PROCESS_LIMIT} processes may access a key, and each node has two`,
    );
  }
  const timeoutMs = Math.max(10 * latency.meanMs, 1000);
  return {
    usesProtocolErrors: true,
    idempotent: new Set(["read"]),
    keepsClient: true,
    openClient: ({ client, node }) =>
      statelessClient({
        read: async (operation) => {
          const [key] = keyed(operation);
          const reply = await client.rpc(node, { type: "read", key }, ReadOk, timeoutMs);
          return [key, reply.value];
        },
        write: async (operation) => {
          const [key, value] = keyed(operation);
          await client.rpc(node, { type: "write", key, value }, WriteOk, timeoutMs);
          return operation;
        },
        cas: async (operation) => {
          const [key, change] = keyed(operation);
          const [from, to] = keyed(change);
          await client.rpc(node, { type: "cas", key, from, to }, CasOk, timeoutMs);
          return operation;
        },
      }),
    generator: keyPerGroup(random, groupSize, nodeIds.length),
  };
}

/** Splits a pair: a key and its operand, or the two values of a compare-and-set. */
function keyed(value: Json): readonly [Json, Json] {
  // The generator below creates pairs only.
  return value as readonly [Json, Json];
}

/**
 * Gives each group of threads a key of its own, and a fresh one once too many processes have accessed
 * it. The first threads of the first group only read. The other groups have no such readers, because
 * threads are numbered across groups (as in Maelstrom).
 */
function keyPerGroup(random: Random, groupSize: number, readerCount: number): Generator {
  const groups = new Map<number, { readonly key: number; readonly processes: Set<number> }>();
  let nextKey = 0;

  const keyOf = (group: number, processes: readonly number[]) => {
    let current = groups.get(group);
    for (const process of processes) current?.processes.add(process);
    if (current === undefined || current.processes.size > PROCESS_LIMIT) {
      current = { key: nextKey++, processes: new Set(processes) };
      groups.set(group, current);
    }
    return current.key;
  };

  return {
    next(context) {
      const thread = context.freeClient();
      if (thread === undefined) return { type: "pending" };
      const group = Math.floor(thread / groupSize);
      const processes = Array.from({ length: groupSize }, (_, index) =>
        context.processOf(group * groupSize + index),
      );
      const key = keyOf(group, processes);
      const invocation = thread < readerCount ? read(key) : writeOrCas(random, key);
      return { type: "operation", invocation, thread };
    },
  };
}

function read(key: number): Invocation {
  return { f: "read", value: [key, null] };
}

function writeOrCas(random: Random, key: number): Invocation {
  const value = () => randomInteger(random, VALUE_COUNT);
  if (randomInteger(random, 3) === 0) return { f: "write", value: [key, value()] };
  return { f: "cas", value: [key, [value(), value()]] };
}
