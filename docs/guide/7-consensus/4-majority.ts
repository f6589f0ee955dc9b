import * as v from "valibot";
import { isRpcError, type Node, RpcError, serve } from "vortex";
import { Command, Reply, Store } from "./store.ts";

const Backup = v.object({ command: Command });
const BackupOk = v.object({ type: v.literal("backup_ok") });

const TIMEOUT_MS = 300;

/** As before, but a change is acknowledged when a majority of the nodes has it. */
export function store(node: Node): void {
  const own = new Store();
  const before = node.nodeIds.slice(0, node.nodeIds.indexOf(node.id));
  const majority = Math.floor(node.nodeIds.length / 2) + 1;

  const lead = async (command: Command): Promise<Reply> => {
    const reply = own.apply(command);
    if (command.type === "read") return reply;
    const backup = { type: "backup", command };
    const results = await node.rpcAll(node.peers, backup, BackupOk, { timeoutMs: TIMEOUT_MS });
    const count = [...results.values()].filter(({ ok }) => ok).length;
    if (count + 1 >= majority) return reply;
    throw new RpcError("timeout", `Only ${count + 1} nodes have the change`);
  };

  const execute = async (command: Command): Promise<Reply> => {
    for (const peer of before) {
      try {
        return await node.syncRpc(peer, command, Reply, { timeoutMs: 2 * TIMEOUT_MS });
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
    return { type: "backup_ok" };
  });
}

if (import.meta.main) await serve(store);
