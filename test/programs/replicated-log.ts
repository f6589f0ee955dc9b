/** All nodes decide, through a log in the lin-kv service. */
import * as v from "valibot";
import { isRpcError, type KVNode, type OutgoingBody } from "../../lib/vortex/index.ts";
import { apply, type Machine, Request } from "./machine.ts";

const Entry = v.object({ id: v.string(), request: Request });
type Entry = v.InferOutput<typeof Entry>;

/**
 * Serves a machine from every node: requests are applied in the order of a log that all share.
 *
 * Slot i of the log is key i of lin-kv, and whoever compares-and-sets it first has it for good. A
 * node that comes second learns what stands there, applies it to its own copy of the machine, and
 * tries the next slot. Nothing is kept in a node that the log does not hold, so a node that is
 * killed and started again only has to read it from the beginning.
 */
export function byReplicatedLog(makeMachine: () => Machine) {
  return (node: KVNode): void => serveByReplicatedLog(node, makeMachine());
}

function serveByReplicatedLog(node: KVNode, machine: Machine): void {
  let length = 0;
  // One request of this node at a time, so that its copy of the machine follows the log's order.
  let last: Promise<unknown> = Promise.resolve();

  const decide = async (entry: Entry): Promise<OutgoingBody> => {
    for (;;) {
      const decided = await fill(node, length, entry);
      const outcome = apply(machine, decided.request);
      length++;
      if (decided.id === entry.id) return outcome;
    }
  };

  for (const type of Object.keys(machine)) {
    node.handle(type, Request, ({ body: { msg_id: _, ...body } }) => {
      const outcome = last.then(() => decide({ id: node.generateId(), request: body }));
      last = outcome.catch(() => {});
      return outcome;
    });
  }
}

/** What stands in a slot of the log from now on: this entry, unless another has come before. */
async function fill(node: KVNode, slot: number, entry: Entry): Promise<Entry> {
  for (;;) {
    try {
      // Asked again after a timeout, this succeeds too if the entry stands there already.
      await node.linKv.cas(slot, entry, entry, { createIfNotExists: true });
      return entry;
    } catch (error) {
      if (isRpcError(error, "precondition-failed")) break;
      if (!isRpcError(error, "timeout")) throw error;
    }
  }
  for (;;) {
    try {
      return v.parse(Entry, await node.linKv.read(slot));
    } catch (error) {
      if (!isRpcError(error, "timeout")) throw error;
    }
  }
}
