import * as v from "valibot";
import { isRpcError, type Node, serve } from "vortex";
import { Command, Reply, Store } from "./store.ts";

const Backup = v.object({ command: Command });

const TIMEOUT_MS = 300;

/** The first node that answers is the primary. It sends all others a copy of every change. */
export function store(node: Node): void {
  const own = new Store();
  const before = node.nodeIds.slice(0, node.nodeIds.indexOf(node.id));

  const lead = (command: Command): Reply => {
    const reply = own.apply(command);
    if (command.type !== "read") {
      for (const peer of node.peers) node.send(peer, { type: "backup", command });
    }
    return reply;
  };

  const execute = async (command: Command): Promise<Reply> => {
    for (const peer of before) {
      try {
        return await node.syncRpc(peer, command, Reply, { timeoutMs: TIMEOUT_MS });
      } catch (error) {
        if (!isRpcError(error, "timeout")) throw error;
      }
    }
    return lead(command);
  };

  for (const schema of Command.options) {
    node.handle(schema.entries.type.literal, schema, ({ src, body }) =>
      node.peers.includes(src) ? lead(body) : execute(body),
    );
  }

  node.handlePeer("backup", Backup, ({ body }) => {
    own.apply(body.command);
  });
}

if (import.meta.main) await serve(store);
