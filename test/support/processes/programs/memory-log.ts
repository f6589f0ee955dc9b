/**
 * Kafka logs in memory, separate on each node: nothing is stored or replicated, no request waits.
 *
 * The baseline for benchmarks: no program can reply sooner.
 */
import * as v from "valibot";
import { type Node, serve } from "../../../../lib/vortex/index.ts";

const Offsets = v.record(v.string(), v.number());

export function memoryLog(node: Node): void {
  const logs = new Map<string, [offset: number, message: unknown][]>();
  let lastOffset = 0;
  node.handle("send", v.object({ key: v.string(), msg: v.unknown() }), ({ body }) => {
    const { key, msg } = body;
    const log = logs.get(key) ?? [];
    logs.set(key, log);
    // Offsets grow over all keys, as in the program this is compared with.
    const offset = ++lastOffset * node.nodeIds.length + node.nodeIds.indexOf(node.id);
    log.push([offset, msg]);
    return { type: "send_ok", offset };
  });
  node.handle("poll", v.object({ offsets: Offsets }), ({ body }) => {
    const found = Object.entries(body.offsets).flatMap(([key, from]) => {
      const log = logs.get(key) ?? [];
      const first = log.findIndex(([offset]) => offset >= from);
      return first < 0 ? [] : [[key, log.slice(first)] as const];
    });
    return { type: "poll_ok", msgs: Object.fromEntries(found) };
  });
  node.handle("commit_offsets", v.object({ offsets: Offsets }), () => ({
    type: "commit_offsets_ok",
  }));
  node.handle("list_committed_offsets", v.object({}), () => ({
    type: "list_committed_offsets_ok",
    offsets: {},
  }));
}

if (import.meta.main) await serve(memoryLog);
