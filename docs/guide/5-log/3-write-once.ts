import * as v from "valibot";
import { isRpcError, type KVNode, serve } from "vortex";

const Send = v.object({ key: v.string(), msg: v.unknown() });
const Offsets = v.object({ offsets: v.record(v.string(), v.number()) });
const Keys = v.object({ keys: v.array(v.string()) });

const PAGE = 10;

export function log(node: KVNode): void {
  const counters = node.linKv.of(v.number());

  node.handle("send", Send, async ({ body: { key, msg } }) => {
    let offset = await counters.readOr(`next/${key}`, 0);
    while (!(await create(`message/${key}/${offset}`, msg))) offset++;
    await counters.update(`next/${key}`, (next = 0) => Math.max(next, offset + 1));
    return { type: "send_ok", offset };
  });

  /** Writes a key unless it exists. Returns whether it did. */
  const create = async (key: string, value: unknown): Promise<boolean> => {
    try {
      await node.linKv.cas(key, null, value, { createIfNotExists: true });
      return true;
    } catch (error) {
      if (isRpcError(error, "precondition-failed")) return false;
      throw error;
    }
  };

  const pollKey = async (key: string, from: number) => {
    const end = Math.min(await counters.readOr(`next/${key}`, 0), from + PAGE);
    const offsets = Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index);
    return await Promise.all(
      offsets.map(async (offset) => [offset, await node.linKv.read(`message/${key}/${offset}`)]),
    );
  };

  node.handle("poll", Offsets, async ({ body }) => {
    const keys = Object.entries(body.offsets);
    const msgs = keys.map(async ([key, from]) => [key, await pollKey(key, from)]);
    return { type: "poll_ok", msgs: Object.fromEntries(await Promise.all(msgs)) };
  });

  node.handle("commit_offsets", Offsets, async ({ body }) => {
    for (const [key, offset] of Object.entries(body.offsets)) {
      await counters.update(`committed/${key}`, (last = 0) => Math.max(last, offset));
    }
    return { type: "commit_offsets_ok" };
  });

  node.handle("list_committed_offsets", Keys, async ({ body: { keys } }) => {
    const offsets: Record<string, number> = {};
    for (const key of keys) {
      const offset = await counters.readOr(`committed/${key}`, undefined);
      if (offset !== undefined) offsets[key] = offset;
    }
    return { type: "list_committed_offsets_ok", offsets };
  });
}

if (import.meta.main) await serve(log);
