/** Types of the key-value clients; `npm run types` checks them. */
import { expectTypeOf } from "bun:test";
import * as v from "valibot";
import type { KVNode, KvClient } from "../../lib/vortex/index.ts";

declare const node: KVNode;

// Without a schema, values are unknown; what an update stores is known.
expectTypeOf(node.linKv).toEqualTypeOf<KvClient<unknown, unknown>>();
expectTypeOf(node.linKv.read("key")).toEqualTypeOf<Promise<unknown>>();
expectTypeOf(node.linKv.update("key", () => 1)).toEqualTypeOf<Promise<number>>();

// With a schema, all methods have its type.
const totals = node.seqKv.of(v.number());
expectTypeOf(totals.read("key")).toEqualTypeOf<Promise<number>>();
expectTypeOf(totals.readOr("key", undefined)).toEqualTypeOf<Promise<number | undefined>>();
expectTypeOf(totals.readOr("key", 0)).toEqualTypeOf<Promise<number>>();
void totals.update("key", (total = 0) => {
  expectTypeOf(total).toEqualTypeOf<number>();
  return total + 1;
});
// @ts-expect-error
void totals.write("key", "text");
// @ts-expect-error
void totals.cas("key", 1, "text");
// @ts-expect-error
void totals.update("key", () => "text");

// A schema that transforms stores its input, and reads its output.
const Entries = v.pipe(
  v.array(v.tuple([v.string(), v.number()])),
  v.transform((entries): ReadonlyMap<string, number> => new Map(entries)),
);
const maps = node.lwwKv.of(Entries);
expectTypeOf(maps.read("key")).toEqualTypeOf<Promise<ReadonlyMap<string, number>>>();
expectTypeOf(maps.write).parameter(1).toEqualTypeOf<[string, number][]>();
void maps.update("key", (map) => [...(map ?? [])]);
// @ts-expect-error
void maps.write("key", new Map());
