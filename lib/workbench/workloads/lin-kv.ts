/**
 * Linearizable key-value store: reads, writes and compare-and-sets of single keys.
 *
 * @see Maelstrom workloads, "Lin-kv"; Jepsen, `independent.clj` (`concurrent-generator`) and
 *   `tests/linearizable_register.clj`
 */
import type { Json, Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { checkLinearizable } from "../checkers/register/linearizable.ts";
import { plural } from "../checkers/wording.ts";
import type { Generator } from "../clients/generator.ts";
import { Json as AnyJson } from "../schemas.ts";
import { defineWorkload, rpc } from "./definition.ts";
import { countIn, listIn, wasOrWere } from "./summary.ts";

/** Maximum number of processes per key: each makes the search of its history slower. */
const PROCESS_LIMIT = 20;
const VALUE_COUNT = 5;

/** A key and its operand. */
type Keyed<Operand extends Json> = readonly [key: Json, operand: Operand];

export const linKv = defineWorkload({
  name: "lin-kv",
  doc: "Reads, writes and compare-and-sets of single keys are linearizable.",
  operations: ({ latency }) => {
    const timeoutMs = Math.max(10 * latency.meanMs, 1000);
    return {
      read: rpc({
        request: ([key]: Keyed<null>) => ({ key }),
        reply: { value: AnyJson },
        outcome: ({ value }, [key]) => [key, value],
        idempotent: true,
        timeoutMs,
      }),
      write: rpc({ request: ([key, value]: Keyed<Json>) => ({ key, value }), timeoutMs }),
      cas: rpc({
        request: ([key, [from, to]]: Keyed<readonly [Json, Json]>) => ({ key, from, to }),
        timeoutMs,
      }),
    };
  },
  keepsClient: true,
  refuse({ nodeIds, concurrency }) {
    const groupSize = 2 * nodeIds.length;
    if (concurrency % groupSize !== 0) {
      return `lin-kv needs a --concurrency that is a multiple of twice the number of nodes, but it is ${concurrency} with ${nodeIds.length} nodes; try --concurrency 2n`;
    }
    if (groupSize > PROCESS_LIMIT) {
      return `lin-kv supports at most ${PROCESS_LIMIT / 2} nodes: ${PROCESS_LIMIT} processes may access a key, and each node has two`;
    }
    return undefined;
  },
  generators: ({ random, nodeIds }) => ({
    main: keyPerGroup(random, 2 * nodeIds.length, nodeIds.length),
  }),
  check: checkLinearizable,
  summary: {
    valid: "every key was linearizable",
    invalid: (verdict) => {
      const count = countIn(verdict, "failures");
      return `${plural(count, "key")} ${wasOrWere(count)} not linearizable (${listIn(verdict, "failures")})`;
    },
  },
  early: "permanent",
});

type KeyedInvocation =
  | { readonly f: "read"; readonly value: Keyed<null> }
  | { readonly f: "write"; readonly value: Keyed<Json> }
  | { readonly f: "cas"; readonly value: Keyed<readonly [Json, Json]> };

/**
 * Gives each group of threads a key of its own, and a fresh one once too many processes have accessed
 * it. The first threads of the first group only read. The other groups have no such readers, because
 * threads are numbered across groups (as in Maelstrom).
 */
function keyPerGroup(
  random: Random,
  groupSize: number,
  readerCount: number,
): Generator<KeyedInvocation> {
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

function read(key: number): KeyedInvocation {
  return { f: "read", value: [key, null] };
}

function writeOrCas(random: Random, key: number): KeyedInvocation {
  const value = () => randomInteger(random, VALUE_COUNT);
  if (randomInteger(random, 3) === 0) return { f: "write", value: [key, value()] };
  return { f: "cas", value: [key, [value(), value()]] };
}
