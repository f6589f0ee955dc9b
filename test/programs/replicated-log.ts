/** All nodes apply all requests, in the order of a log in lin-kv (state machine replication). */
import * as v from "valibot";
import { isRpcError, type KVNode, type OutgoingBody } from "../../lib/vortex/index.ts";
import { inTurn } from "./in-turn.ts";
import { apply, type Machine, Request } from "./machine.ts";

const Entry = v.object({ id: v.string(), request: Request });
type Entry = v.InferOutput<typeof Entry>;

/**
 * Serves a state machine from every node.
 *
 * Slot i of the log is key i of lin-kv; the first node to compare-and-set it owns it. A node that
 * comes second reads the entry, applies it to its own copy of the machine, and tries the next slot.
 * The log holds all state, so a restarted node only has to read it from the beginning.
 */
export function byReplicatedLog(makeMachine: () => Machine) {
  return (node: KVNode): void => serveByReplicatedLog(node, makeMachine());
}

function serveByReplicatedLog(node: KVNode, machine: Machine): void {
  let length = 0;
  // One request at a time, so that this copy of the machine follows the order of the log.
  const oneAtATime = inTurn();

  const decide = async (entry: Entry): Promise<OutgoingBody> => {
    for (;;) {
      const decided = await fill(node, length, entry);
      const outcome = apply(machine, decided.request);
      length++;
      if (decided.id === entry.id) return outcome;
    }
  };

  for (const type of Object.keys(machine)) {
    node.handle(type, Request, (request) => {
      const { msg_id: _, ...body } = request.body;
      return oneAtATime(() => decide({ id: node.generateId(), request: body }));
    });
  }
}

/** Puts the entry into a slot of the log, unless the slot is taken; returns the slot's entry. */
async function fill(node: KVNode, slot: number, entry: Entry): Promise<Entry> {
  const log = node.linKv.of(Entry);
  for (;;) {
    try {
      // After a timeout, a retry also succeeds if the first attempt took effect.
      await log.cas(slot, entry, entry, { createIfNotExists: true });
      return entry;
    } catch (error) {
      if (isRpcError(error, "precondition-failed")) break;
      if (!isRpcError(error, "timeout")) throw error;
    }
  }
  for (;;) {
    try {
      return await log.read(slot);
    } catch (error) {
      if (!isRpcError(error, "timeout")) throw error;
    }
  }
}
