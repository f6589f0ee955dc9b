/** Workloads of users, through the published faces: vortex/workload and vortex/simulation. */
import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { SimulationOptions } from "../../../../lib/simulation/api.ts";
import { InvalidSimulation, SimulationCrash, simulate } from "../../../../lib/simulation/index.ts";
import { type Json, type Node, RpcError } from "../../../../lib/vortex/index.ts";
import {
  type DefinedWorkload,
  defineWorkload,
  fail,
  type HistoryEntry,
  InvalidWorkload,
  info,
  isRpcError,
  type Operation,
  type Outcome,
  ok,
  operation,
  rpc,
} from "../../../../lib/workload/index.ts";
import { boom } from "../../../support/simulations/boom.ts";

const anything = () => ({ valid: true }) as const;

/** A register on each node; nodes other than n0 refuse writes. */
function register(node: Node): void {
  let value = 0;
  node.handle("read", v.object({}), () => ({ type: "read_ok", value }));
  node.handle("write", v.object({ value: v.number() }), ({ body }) => {
    if (node.id !== "n0") throw new RpcError("temporarily-unavailable", "ask n0");
    value = body.value;
    return { type: "write_ok" };
  });
}

const read = rpc({ reply: { value: v.number() }, outcome: ({ value }) => value });
const write = rpc({ request: (value: number) => ({ value }) });

function run(workload: DefinedWorkload, options: Partial<SimulationOptions> = {}) {
  return simulate(register, { nodeCount: 1, rate: 20, timeLimitS: 5, ...options, workload });
}

/** The completions of a run, without the fields that depend on time. */
function completions(workload: DefinedWorkload, options: Partial<SimulationOptions> = {}) {
  return run(workload, options)
    .history.filter(({ type }) => type !== "invoke")
    .map(({ type, f, value, error, node }) => ({
      ...{ type, f, value, node },
      ...(error === undefined ? {} : { error }),
    }));
}

/** A workload whose only operation is emitted once. */
function single(step: Operation<null>) {
  return defineWorkload({
    operations: { step },
    generators: ({ once }) => ({ main: once({ f: "step" }) }),
    check: anything,
  });
}

describe("the outcome of an operation", () => {
  test("is its argument by default, and what outcome makes of the reply", () => {
    const workload = defineWorkload({
      operations: { read, write },
      generators: ({ inOrder }) => ({ main: inOrder([{ f: "write", value: 3 }, { f: "read" }]) }),
      check: anything,
    });
    expect(completions(workload)).toEqual([
      { type: "ok", f: "write", value: 3, node: "n0" },
      { type: "ok", f: "read", value: 3, node: "n0" },
    ]);
  });

  const ENDS: readonly (readonly [Outcome, Pick<HistoryEntry, "type" | "value" | "error">])[] = [
    [fail("no"), { type: "fail", value: null, error: "no" }],
    [info(), { type: "info", value: null }],
    [ok([1]), { type: "ok", value: [1] }],
  ];

  test("has the fields of a reply that the workload lists, and not those of the protocol", () => {
    const step = rpc({
      request: readRequest,
      reply: { value: v.number() },
      outcome: (reply) => reply,
    });
    expect(completions(single(step))).toMatchObject([{ type: "ok", value: { value: 0 } }]);
    expect(Object.keys(Object(completions(single(step))[0]?.value))).toEqual(["value"]);
  });

  test.each(ENDS)("is %j if outcome returns that", (outcome, completion) => {
    const step = rpc({
      reply: { value: v.number() },
      outcome: () => outcome,
      request: readRequest,
    });
    expect(completions(single(step))).toEqual([{ f: "step", node: "n0", ...completion }]);
  });

  test("follows the protocol after an error, unless onError says otherwise", () => {
    const refused = { value: 1, node: "n1", f: "write" };
    const error = ["temporarily-unavailable", "ask n0"];
    expect(completions(asking("n1", write), { nodeCount: 2 })).toEqual([
      { ...refused, type: "fail", error },
    ]);
    const overridden = {
      ...write,
      onError: ({ code }: { code?: number | undefined }) => ok(code ?? 0),
    };
    expect(completions(asking("n1", overridden), { nodeCount: 2 })).toEqual([
      { ...refused, type: "ok", value: 11 },
    ]);
  });

  test("is a copy: what an operation does to its result later does not change the history", () => {
    const values: number[] = [];
    const workload = defineWorkload({
      operations: {
        push: operation({
          async run() {
            values.push(values.length);
            return values;
          },
        }),
      },
      generators: ({ inOrder }) => ({ main: inOrder([{ f: "push" }, { f: "push" }]) }),
      check: anything,
    });
    expect(completions(workload).map(({ value }) => value)).toEqual([[0], [0, 1]]);
  });
});

const readRequest = () => ({ type: "read" });

/** Writes 1 to a node, once. */
function asking(node: string, operation: typeof write) {
  return defineWorkload({
    operations: { write: operation },
    nodes: () => node,
    generators: ({ once }) => ({ main: once({ f: "write", value: 1 }) }),
    check: anything,
  });
}

describe("an operation of several requests", () => {
  test("asks nodes at once, and sees their errors as RpcError", async () => {
    const step = operation({
      async run({ nodeIds, rpc }) {
        const results = nodeIds.map(async (node) => {
          try {
            await rpc(node, { type: "write", value: 7 }, {});
            return "ok";
          } catch (error) {
            return isRpcError(error, "temporarily-unavailable") ? error.message : "?";
          }
        });
        return await Promise.all(results);
      },
    });
    const [completion] = completions(single(step), { nodeCount: 3 });
    expect(completion?.value).toEqual(["ok", "ask n0", "ask n0"]);
  });

  test("waits for messages that nodes send to the client", () => {
    const { history, problems } = simulate(granter, { ...LOCK, workload: lock(1000) });
    expect(problems).toEqual([]);
    const granted = history.filter(({ type, f }) => type === "ok" && f === "acquire");
    expect(granted.map(({ value }) => value)).toEqual([1, 2]);
  });

  test("ends as unknown if what it waits for does not happen in time", () => {
    const silent = (node: Node) =>
      node.handle("acquire", v.object({}), () => ({ type: "acquire_ok" }));
    const { history } = simulate(silent, { ...LOCK, workload: lock(1000) });
    expect(history.filter(({ f }) => f === "acquire").map(({ type }) => type)).toContain("info");
  });
});

const LOCK = { nodeCount: 1, timeLimitS: 5, rate: 2 } as const;

function lock(timeoutMs: number) {
  return defineWorkload({
    operations: ({ handle }) => {
      const tokens: number[] = [];
      handle("granted", { token: v.number() }, ({ token }) => {
        tokens.push(token);
        return {};
      });
      return {
        acquire: operation({
          async run({ node, rpc, until }) {
            await rpc(node, { type: "acquire" }, {});
            await until(() => tokens.length > 0, timeoutMs);
            return tokens.pop() ?? 0;
          },
        }),
      };
    },
    keepsClient: true,
    generators: ({ inOrder }) => ({ main: inOrder([{ f: "acquire" }, { f: "acquire" }]) }),
    check: anything,
  });
}

/** Grants a lock by a request to the client, and insists on its reply. */
function granter(node: Node): void {
  let token = 0;
  node.handle("acquire", v.object({}), ({ src }) => {
    node.after(50, async () => {
      await node.syncRpc(src, { type: "granted", token: ++token }, v.object({}));
    });
    return { type: "acquire_ok" };
  });
}

describe("a client", () => {
  test("answers a message that does not fit, or has no handler, with an error", () => {
    const answers: string[] = [];
    const asker = (node: Node) => {
      node.handle("acquire", v.object({}), async ({ src }) => {
        for (const body of [{ type: "granted", token: "x" }, { type: "revoked" }]) {
          const answer = node.syncRpc(src, body, v.object({}));
          answers.push(await answer.then(() => "ok").catch((error) => error.kind));
        }
        return { type: "acquire_ok" };
      });
    };
    simulate(asker, { ...LOCK, workload: lock(10) });
    expect(new Set(answers)).toEqual(new Set(["malformed-request", "not-supported"]));
  });
});

describe("the node of an operation", () => {
  const writes = (nodes: "all" | "last-ok") =>
    defineWorkload({
      operations: { write },
      nodes,
      generators: () => ({ main: () => ({ f: "write", value: 1 }) }),
      check: anything,
    });

  test("is that of its thread by default", () => {
    const asked = completions(writes("all"), { nodeCount: 2, concurrency: 2 });
    expect(asked.filter(({ type }) => type === "ok").every(({ node }) => node === "n0")).toBe(true);
    expect(asked.filter(({ node }) => node === "n1").length).toBeGreaterThan(10);
  });

  test("is the one that answered last, and the next after it does not", () => {
    const asked = completions(writes("last-ok"), { nodeCount: 3, concurrency: 3 });
    const failed = asked.filter(({ type }) => type === "fail");
    expect(failed.map(({ node }) => node).sort()).toEqual(["n1", "n2", "n2"]);
    expect(asked.slice(10).every(({ node }) => node === "n0")).toBe(true);
  });

  test("is what a function says, which knows how the thread's last operation ended", () => {
    const seen: unknown[] = [];
    const workload = defineWorkload({
      operations: { write },
      nodes: ({ nodeIds, last, thread, invocation }) => {
        seen.push({ thread, value: invocation.value, last: last?.type });
        return nodeIds[last === undefined ? 1 : 0] ?? "";
      },
      generators: ({ inOrder }) => ({
        main: inOrder([
          { f: "write", value: 1 },
          { f: "write", value: 2 },
        ]),
      }),
      check: anything,
    });
    expect(completions(workload, { nodeCount: 2, concurrency: 1 }).map(({ node }) => node)).toEqual(
      ["n1", "n0"],
    );
    expect(seen).toEqual([
      { thread: 0, value: 1, last: undefined },
      { thread: 0, value: 2, last: "fail" },
    ]);
  });
});

describe("generators", () => {
  test("run the initial operations before the main ones, and the final ones after the recovery", () => {
    const workload = defineWorkload({
      operations: { read, write },
      generators: ({ once, limit }) => ({
        initial: once({ f: "write", value: 9 }),
        main: limit(2, () => ({ f: "read" })),
        final: once({ f: "read", final: true }),
      }),
      check: anything,
    });
    const { history } = run(workload, { recoveryS: 3 });
    const invoked = history.filter(({ type }) => type === "invoke");
    expect(invoked.map(({ f }) => f)).toEqual(["write", "read", "read", "read"]);
    const [, , last, final] = invoked;
    expect(final).toMatchObject({ final: true });
    expect((final?.time ?? 0) - (last?.time ?? 0)).toBeGreaterThan(3e9);
  });

  test("mix in proportion to weights", () => {
    const workload = defineWorkload({
      operations: { read, write },
      generators: ({ mix }) => ({ main: mix([[9, () => ({ f: "read" })], writeOne]) }),
      check: anything,
    });
    const { history } = run(workload, { rate: 200 });
    const invoked = history.filter(({ type }) => type === "invoke");
    const part = invoked.filter(({ f }) => f === "read").length / invoked.length;
    expect(part).toBeGreaterThan(0.87);
    expect(part).toBeLessThan(0.93);
  });

  test("read the workload's own options, which have defaults", () => {
    const workload = defineWorkload({
      options: { count: v.optional(v.number(), 2) },
      operations: { read },
      generators: ({ limit, options }) => ({ main: limit(options.count, () => ({ f: "read" })) }),
      check: anything,
    });
    expect(completions(workload)).toHaveLength(2);
    expect(completions(workload, { workloadOptions: { count: 5 } })).toHaveLength(5);
    expect(() => run(workload, { workloadOptions: { count: "5" } })).toThrow(
      '"count" must be a number',
    );
    expect(() => run(workload, { workloadOptions: { cuont: 5 } })).toThrow(InvalidSimulation);
  });
});

const writeOne = () => ({ f: "write", value: 1 }) as const;

test("A workload may refuse options that do not fit it", () => {
  const workload = defineWorkload({
    operations: { read },
    refuse: ({ nodeIds }) => (nodeIds.length < 3 ? "needs three nodes" : undefined),
    generators: () => ({ main: () => ({ f: "read" }) }),
    check: anything,
  });
  expect(() => run(workload)).toThrow("needs three nodes");
  expect(run(workload, { nodeCount: 3 }).valid).toBe(true);
});

describe("an error in a workload's code ends the test, and names its part and line:", () => {
  const step = rpc({ request: readRequest, reply: { value: v.number() }, outcome: boom });
  const whole = single(stepRead);
  const cases: readonly (readonly [part: string, DefinedWorkload])[] = [
    ['the operation "step"', single(step)],
    ['the operation "step"', single(operation({ run: boom }))],
    ['"generators"', { ...whole, generators: boom }],
    ['"generators"', { ...whole, generators: () => ({ main: boom }) }],
    ['"operations"', { ...whole, operations: boom }],
    ['"nodes"', { ...whole, nodes: boom }],
    ['"setUp"', { ...whole, setUp: boom }],
  ];

  test.each(cases)("%s", (part, workload) => {
    const failure = new RegExp(
      `^The workload failed in ${part}: TypeError: boom, at .*boom\\.ts:\\d+:\\d+`,
    );
    expect(() => run(workload)).toThrow(failure);
    expect(() => run(workload)).toThrow(SimulationCrash);
  });

  test("the handler of a message", () => {
    const workload = defineWorkload({
      operations: ({ handle }) => {
        handle("granted", {}, boom);
        return { acquire: rpc({}) };
      },
      generators: ({ once }) => ({ main: once({ f: "acquire" }) }),
      check: anything,
    });
    expect(() => simulate(granter, { ...LOCK, workload })).toThrow(
      'The workload failed in the handler of "granted": TypeError: boom, at ',
    );
  });

  test("the checker, after which the test has no verdict", () => {
    const { valid, problems } = run({ ...whole, check: boom });
    expect(valid).toBe("unknown");
    expect(problems[0]).toMatch(
      /^no verdict: The workload failed in "check": TypeError: boom, at .*boom\.ts:/,
    );
  });

  test.each<readonly [unknown, string]>([
    [undefined, "the value is undefined, which is not JSON"],
    [{ a: [1, new Map()] }, ".a[1] is a Map, which is not JSON"],
    [Number.NaN, "the value is NaN, which JSON cannot represent"],
  ])("a result that is not JSON, such as %p", (result, reason) => {
    const workload = single(operation({ run: async () => result as Json }));
    expect(() => run(workload)).toThrow(
      `The workload failed in the operation "step": TypeError: ${reason}`,
    );
  });

  test("an operation that the workload does not have, with those that it has", () => {
    const unknown = () => ({ main: () => ({ f: "setp" }) });
    expect(() => run({ ...whole, generators: unknown })).toThrow(
      'the generator emitted "setp", but the operations are step',
    );
  });

  test("a node that the test does not have", () => {
    expect(() => run(asking("n7", write))).toThrow('"nodes" chose "n7", but the nodes are n0');
  });

  test("an operation that never ends, such as one that waits for real time", () => {
    const workload = single(operation({ run: () => new Promise(() => {}) }));
    expect(() => run(workload)).toThrow('the operation "step": it has not ended within 60 s');
  });
});

const stepRead = rpc({ request: readRequest, reply: { value: v.number() } });

describe("a definition that is wrong is refused where it stands:", () => {
  // As in a file of JavaScript, or one whose types are not checked.
  const define = (definition: object) => () => defineWorkload(definition as never);
  const whole = {
    operations: { step: read },
    generators: () => ({ main: () => {} }),
    check: anything,
  };

  test.each<readonly [object, string]>([
    [{ ...whole, generator: 1 }, 'A workload has no field "generator", only name, '],
    [{ ...whole, check: undefined }, "A workload needs a check"],
    [{ ...whole, generators: {} }, "A workload needs generators"],
    [{ ...whole, operations: {} }, "A workload needs operations"],
    [{ ...whole, operations: { step: () => 1 } }, 'The operation "step" must be what rpc or '],
    [{ ...whole, nodes: "leader" }, 'The nodes of a workload are "all", "last-ok", or a function'],
    [{ ...whole, options: { size: 3 } }, 'The option "size" must be a valibot schema'],
    [{ ...whole, name: 3 }, "The name of a workload is a text"],
  ])("%j", (definition, reason) => {
    expect(define(definition)).toThrow(InvalidWorkload);
    expect(define(definition)).toThrow(reason);
  });

  test.each<readonly [unknown, string]>([
    [undefined, '"main" must be a generator'],
    [{ main: [] }, '"main" must be a generator'],
    [{ main: () => ({ f: 3 }) }, 'a generator emitted {"f":3}, which is not an operation'],
    [{ main: () => undefined, final: 3 }, '"final" must be a generator'],
  ])("generators that return %j", (made, reason) => {
    expect(() => run({ ...single(stepRead), generators: () => made as never })).toThrow(
      `The workload failed in "generators": TypeError: ${reason}`,
    );
  });

  test("a duration that is not a number", () => {
    const step = operation({
      async run({ sleep }) {
        await sleep(Number("a while"));
        return null;
      },
    });
    expect(() => run(single(step))).toThrow("The duration of sleep must be a finite number");
  });
});
