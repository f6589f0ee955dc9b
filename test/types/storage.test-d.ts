/** Types of a node's storage; `npm run types` checks them. */
import { expectTypeOf } from "bun:test";
import * as v from "valibot";
import type { Node, Storage } from "../../lib/vortex/index.ts";

declare const node: Node;

// Without a schema, records are unknown.
expectTypeOf(node.storage).toEqualTypeOf<Storage<unknown, unknown>>();
expectTypeOf(node.storage.readAll()).toEqualTypeOf<unknown[]>();

// With a schema, all methods have its type.
const terms = node.storage.of(v.object({ term: v.number() }));
expectTypeOf(terms.readAll()).toEqualTypeOf<{ term: number }[]>();
expectTypeOf(terms.sync()).toEqualTypeOf<Promise<void>>();
// @ts-expect-error
terms.append({ term: "one" });
// @ts-expect-error
terms.replace([{}]);

// A schema that transforms stores its input, and reads its output.
const names = node.storage.of(
  v.pipe(
    v.array(v.string()),
    v.transform((list) => new Set(list)),
  ),
);
expectTypeOf(names.readAll()).toEqualTypeOf<Set<string>[]>();
expectTypeOf(names.append).parameter(0).toEqualTypeOf<string[]>();
