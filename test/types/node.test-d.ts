/** Types that programs rely on; `npm run types` checks them. */
import { expectTypeOf } from "bun:test";
import * as v from "valibot";
import type { KVNode, NodeId, RpcResult } from "../../lib/vortex/index.ts";

declare const node: KVNode;

const Add = v.object({ delta: v.number(), tag: v.exactOptional(v.string()) });
const AddOk = v.object({ type: v.literal("add_ok"), total: v.number() });

// A handler's body is the output of its schema.
node.handle("add", Add, ({ body, src, msg_id }) => {
  expectTypeOf(body).toEqualTypeOf<{ delta: number; tag?: string }>();
  expectTypeOf(src).toEqualTypeOf<string>();
  expectTypeOf(msg_id).toExtend<unknown>();
  return { type: "add_ok" };
});
node.handlePeer("add", Add, ({ body }) => void expectTypeOf(body.delta).toEqualTypeOf<number>());
node.handle("parse", v.object({ at: v.pipe(v.string(), v.transform(Number)) }), ({ body }) => {
  expectTypeOf(body.at).toEqualTypeOf<number>();
});

// Assertions take a boolean first; details are an object, or a function that returns one.
node.always(true, "a name");
node.always(true, "a name", { any: 1n, field: [undefined] });
node.always(true, "a name", () => ({ costly: 1 }));
node.unreachable("a name", { term: 1 });
node.sometimes(false, "a name");
// @ts-expect-error The arguments are swapped.
node.always("a name", true);
// @ts-expect-error A truthy value is not a condition.
node.sometimes(1, "a name");

// A handler may reply at once, later, sometimes, or never.
node.handle("now", Add, () => ({ type: "add_ok", total: 1 }));
node.handle("later", Add, async () => ({ type: "add_ok", total: 1 }));
node.handle("then", Add, () => Promise.resolve().then(() => ({ type: "add_ok" })));
node.handle("sometimes", Add, async ({ body }) => {
  if (body.delta > 0) return { type: "add_ok" };
  return undefined;
});
node.handle("never", Add, () => {});
node.handle("never, but slowly", Add, async () => {});
node.handle("by hand", Add, (request) => node.reply(request, { type: "add_ok" }));

// A reply is a body: an object with a type.
// @ts-expect-error
node.handle("no type", Add, () => ({ total: 1 }));
// @ts-expect-error
node.handle("no type, later", Add, async () => ({ total: 1 }));
// @ts-expect-error
node.handle("no body", Add, () => 1);
// @ts-expect-error
node.handle("wrong type", Add, () => ({ type: 7 }));
// @ts-expect-error
node.handle("unknown field", Add, ({ body }) => ({ type: "add_ok", total: body.total }));

// RPCs resolve with the output of the reply's schema.
expectTypeOf(node.syncRpc("n1", { type: "add" }, AddOk)).toEqualTypeOf<
  Promise<v.InferOutput<typeof AddOk>>
>();
expectTypeOf(node.rpcAll(["n1"], { type: "add" }, AddOk)).toEqualTypeOf<
  Promise<Map<NodeId, RpcResult<v.InferOutput<typeof AddOk>>>>
>();
node.rpc("n1", { type: "add" }, AddOk, (result) => {
  if (result.ok) expectTypeOf(result.body.total).toEqualTypeOf<number>();
  else expectTypeOf(result.error.definite).toEqualTypeOf<boolean>();
});
// @ts-expect-error
node.send("n1", { value: 1 });
