import * as v from "valibot";
import type { Json } from "../../vortex/index.ts";
import { Json as AnyJson, Integer, listOf, mapOf } from "../schemas.ts";
import { operation, rpc } from "./definition.ts";
import { polledOffsets, raise } from "./kafka-offsets.ts";
import { info } from "./outcome.ts";

const Offset = v.pipe(
  Integer,
  v.transform((offset) => (typeof offset === "number" ? offset : Number(offset.rawJSON))),
);
const POLL_REPLY = { msgs: mapOf(listOf(v.strictTuple([Offset, AnyJson]))) };
const LIST_COMMITTED_OFFSETS_REPLY = { offsets: mapOf(Offset) };
const COMMIT_OFFSETS_REPLY = {};

/** The argument of a send, and of a poll. */
type Send = readonly [readonly ["send", key: string, msg: Json]];
type Poll = readonly [readonly ["poll"]];

/** A consumer and producer: it keeps its position in each key that it is assigned to. */
export function kafkaClient({ resumesFromCommitted }: { readonly resumesFromCommitted: boolean }) {
  /** Next offset to poll, by key. */
  let positions = new Map<string, number>();
  return {
    crash: operation({ run: async () => info() }),
    assign: operation({
      idempotent: true,
      async run({ node, rpc, invocation }, keys: readonly string[]) {
        if (invocation.seekToBeginning) {
          positions = new Map(keys.map((key) => [key, 0]));
          return keys;
        }
        const body = { type: "list_committed_offsets", keys };
        const reply = await rpc(node, body, LIST_COMMITTED_OFFSETS_REPLY);
        // Maelstrom reads the committed offsets from the wrong field and never finds them, so new keys
        // start at 0 unless the test asks for the intended behaviour.
        const committed = new Map(resumesFromCommitted ? Object.entries(reply.offsets) : []);
        positions = new Map(
          keys.map((key) => [key, positions.get(key) ?? committed.get(key) ?? 0]),
        );
        return keys;
      },
    }),
    send: rpc({
      request: ([[, key, msg]]: Send) => ({ key, msg }),
      reply: { offset: Offset },
      outcome: ({ offset }, [[, key, msg]]) => [["send", key, [offset, msg]]],
    }),
    poll: operation({
      async run({ node, rpc }, _: Poll) {
        const body = { type: "poll", offsets: Object.fromEntries(positions) };
        const { msgs } = await rpc(node, body, POLL_REPLY);
        const offsetsOf = polledOffsets([["poll", msgs]]);
        for (const [key, offset] of offsetsOf) raise(positions, key, offset + 1);
        const polled = offsetsOf.filter(([key]) => msgs[key]?.length);
        if (polled.length > 0) {
          const commit = { type: "commit_offsets", offsets: Object.fromEntries(polled) };
          await rpc(node, commit, COMMIT_OFFSETS_REPLY);
        }
        return [["poll", msgs]];
      },
    }),
  };
}
