import * as v from "valibot";
import { type Node, serve } from "vortex";

const Send = v.object({ key: v.string(), msg: v.unknown() });
const Offsets = v.object({ offsets: v.record(v.string(), v.number()) });
const Keys = v.object({ keys: v.array(v.string()) });

export function log(node: Node): void {
  const logs = new Map<string, unknown[]>();
  const committed = new Map<string, number>();

  node.handle("send", Send, ({ body: { key, msg } }) => {
    const log = logs.get(key) ?? [];
    logs.set(key, log);
    return { type: "send_ok", offset: log.push(msg) - 1 };
  });

  node.handle("poll", Offsets, ({ body }) => {
    const from = Object.entries(body.offsets);
    const msgs = from.map(([key, offset]) => {
      const found = (logs.get(key) ?? []).slice(offset, offset + 10);
      return [key, found.map((msg, index) => [offset + index, msg])];
    });
    return { type: "poll_ok", msgs: Object.fromEntries(msgs) };
  });

  node.handle("commit_offsets", Offsets, ({ body }) => {
    for (const [key, offset] of Object.entries(body.offsets)) committed.set(key, offset);
    return { type: "commit_offsets_ok" };
  });

  node.handle("list_committed_offsets", Keys, ({ body: { keys } }) => {
    const known = keys.flatMap((key) => {
      const offset = committed.get(key);
      return offset === undefined ? [] : [[key, offset]];
    });
    return { type: "list_committed_offsets_ok", offsets: Object.fromEntries(known) };
  });
}

if (import.meta.main) await serve(log);
