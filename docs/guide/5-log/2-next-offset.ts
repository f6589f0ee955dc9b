import * as v from "valibot";
import { type KVNode, serve } from "vortex";

const Send = v.object({ key: v.string(), msg: v.unknown() });
const Offsets = v.object({ offsets: v.record(v.string(), v.number()) });
const Keys = v.object({ keys: v.array(v.string()) });

const PAGE = 10;

export function log(node: KVNode): void {
  const counters = node.linKv.of(v.number());

  node.handle("send", Send, async ({ body: { key, msg } }) => {
    const next = await counters.update(`next/${key}`, (next = 0) => next + 1);
    const offset = next - 1;
    await node.linKv.write(`message/${key}/${offset}`, msg);
    return { type: "send_ok", offset };
  });

  const pollKey = async (key: string, from: number) => {
    const end = Math.min(await counters.readOr(`next/${key}`, 0), from + PAGE);
    const offsets = Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index);
    const found = await Promise.all(
      offsets.map(async (offset) => {
        const msg = await node.linKv.readOr(`message/${key}/${offset}`, undefined);
        return [offset, msg] as const;
      }),
    );
    return found.filter(([, msg]) => msg !== undefined);
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
