import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { KVNode } from "../../../../lib/vortex/index.ts";
import type { JournalEvent } from "../../../../lib/workbench/network/journal.ts";
import { runSimulated } from "../../../support/simulations/simulate.ts";

const Offsets = v.object({ offsets: v.record(v.string(), v.number()) });

/** Logs that hold nothing, but say that offset 5 of every key is committed. */
function committed(node: KVNode): void {
  let next = 0;
  node.handle("send", v.object({}), () => ({ type: "send_ok", offset: next++ }));
  node.handle("poll", Offsets, (request) => node.reply(request, { type: "poll_ok", msgs: {} }));
  node.handle("list_committed_offsets", v.object({ keys: v.array(v.string()) }), ({ body }) => {
    const offsets = Object.fromEntries(body.keys.map((key) => [key, 5]));
    return { type: "list_committed_offsets_ok", offsets };
  });
}

/** The offsets that clients poll after their first assign. */
function polledOffsets(messages: readonly JournalEvent[]): Set<unknown> {
  const polls = messages.filter(
    ({ type, message }) => type === "send" && message.body["type"] === "poll",
  );
  return new Set(polls.flatMap(({ message }) => Object.values(message.body["offsets"] ?? {})));
}

describe("A kafka client", () => {
  const run = (resumesFromCommitted: boolean) =>
    runSimulated("kafka", committed, { rate: 200, timeLimitS: 20, resumesFromCommitted }).messages;

  test("starts new keys at 0 in spite of committed offsets, as in Maelstrom", () => {
    expect([...polledOffsets(run(false))]).toEqual([0]);
  });

  test("starts new keys at the committed offset with resumesFromCommitted", () => {
    // The final polls seek to the beginning.
    expect([...polledOffsets(run(true))].sort()).toEqual([0, 5]);
  });
});
