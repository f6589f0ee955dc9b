/** Types of programs and their options; `npm run types` checks them. */
import { expectTypeOf } from "bun:test";
import * as v from "valibot";
import { simulate } from "../../lib/simulation/index.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import {
  type AnyProgram,
  type KVNode,
  type Node,
  serve,
  withOptions,
} from "../../lib/vortex/index.ts";

const Options = v.object({
  flushMs: v.optional(v.number(), 400),
  durable: v.optional(v.boolean()),
});

// withOptions infers the options from the schema, and the node.
const program = withOptions(Options, (node, options) => {
  expectTypeOf(node).toEqualTypeOf<KVNode>();
  expectTypeOf(options).toEqualTypeOf<{ flushMs: number; durable?: boolean | undefined }>();
});
expectTypeOf(program.options).toEqualTypeOf<typeof Options>();
expectTypeOf(program).toExtend<AnyProgram>();

const plain = (_node: Node): void => {};
const asynchronous = async (_node: KVNode): Promise<void> => {};
const withoutSchema = (_node: KVNode, _options: { readonly flushMs: number }): void => {};

void serve(program);
void serve(plain);
void serve(asynchronous);
void serve((node) => void expectTypeOf(node).toEqualTypeOf<KVNode>());
// @ts-expect-error -- A program that takes options needs their schema.
void serve(withoutSchema);

// A test cluster takes the options that its program has.
new TestCluster({ program, options: { flushMs: 100 } });
new TestCluster({ program, options: {} });
new TestCluster({ program });
new TestCluster({ program: plain });
new TestCluster({ program: (node) => void node.every(100, () => {}) });
// @ts-expect-error
new TestCluster({ program, options: { flushMs: "100" } });
// @ts-expect-error
new TestCluster({ program, options: { flushMS: 100 } });
// @ts-expect-error
new TestCluster({ program: withoutSchema });

// So does a simulation.
simulate(program, { workload: "echo", options: { flushMs: 100 } });
simulate(plain, { workload: "echo" });
// @ts-expect-error
simulate(program, { workload: "echo", options: { flushMs: "100" } });
// @ts-expect-error
simulate(withoutSchema, { workload: "echo" });
