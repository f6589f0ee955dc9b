/** Subtle bugs of unique-ids. */
import * as v from "valibot";
import { isRpcError, type KVNode, type Node, RpcError } from "../../../lib/vortex/index.ts";
import { KILLED, type SubtleCase, synced, type Variant } from "./case.ts";

const BLOCK = 20;

/**
 * Counts in blocks. The end of the current block is stored, and a restarted node begins there. The next
 * block is reserved when half of this one is used.
 */
const storedBlocks = (variant: Variant) => (node: Node) => {
  const log = node.storage.of(v.number());
  const start = log.readAll().at(-1) ?? 0;
  let next = start;
  let limit = start;
  let storedLimit = start;
  const reserve = async () => {
    const reserved = limit;
    await synced(node, log);
    storedLimit = Math.max(storedLimit, reserved);
  };
  node.handle("generate", v.object({}), async () => {
    const id = next++;
    if (id >= limit - BLOCK / 2) {
      limit += BLOCK;
      log.append(limit);
      reserve().catch(() => {});
    }
    // The next block is nearly always stored in time. Only its first one is waited for.
    const isStored = variant === "mended" ? id < storedLimit : storedLimit > start;
    if (!isStored) await reserve();
    return { type: "generate_ok", id: `${node.id}-${id}` };
  });
};

/** The moment of its start distinguishes the processes of a node. */
const startTime = (variant: Variant) => (node: Node) => {
  const start = Math.floor(node.nowMs() / 1000);
  let count = 0;
  node.handle("generate", v.object({}), () => {
    if (variant === "mended") return { type: "generate_ok", id: node.generateId() };
    // A node that is killed and restarted within a second counts from 0 again.
    return { type: "generate_ok", id: `${node.id}-${start}-${count++}` };
  });
};

/** Nodes take blocks of numbers from a counter in lin-kv. */
const takenBlocks = (variant: Variant) => (node: KVNode) => {
  const counter = node.linKv.of(v.number());
  let [next, limit] = [0, 0];
  const take = async (): Promise<number> => {
    const from = await counter.readOr("next", 0);
    try {
      const options = { createIfNotExists: true, timeoutMs: 900 };
      await counter.cas("next", from, from + BLOCK, options);
    } catch (error) {
      if (!isRpcError(error, "timeout")) throw error;
      // Indefinite: another node may have set the counter to that value.
      const isTaken = variant === "broken" && (await counter.read("next")) === from + BLOCK;
      if (!isTaken) throw new RpcError("temporarily-unavailable", "Got no block of numbers");
    }
    return from;
  };
  let taking: Promise<void> | undefined;
  node.handle("generate", v.object({}), async () => {
    while (next === limit) {
      taking ??= take()
        .then((from) => {
          [next, limit] = [from, from + BLOCK];
        })
        .finally(() => {
          taking = undefined;
        });
      await taking;
    }
    return { type: "generate_ok", id: next++ };
  });
};

export const SUBTLE_UNIQUE_IDS: readonly SubtleCase[] = [
  {
    bug: "waits for its first block to be stored, and for no later one",
    workload: "unique-ids",
    make: storedBlocks,
    options: { ...KILLED, nemesis: ["kill", "disk"] },
    shows: "duplicated",
    seed: 5,
  },
  {
    bug: "distinguishes its starts by the second",
    workload: "unique-ids",
    make: startTime,
    options: { ...KILLED, timeLimitS: 20 },
    shows: "duplicated",
    seed: 161,
  },
  {
    bug: "takes a block for its own because the counter has the value that it wanted",
    workload: "unique-ids",
    make: takenBlocks,
    options: {
      ...KILLED,
      rate: 12,
      nemesis: ["slow"],
      latency: { meanMs: 10, distribution: "exponential" },
    },
    shows: "duplicated",
    seed: 445,
  },
];
