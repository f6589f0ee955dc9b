/**
 * What would go wrong if a line of the counters, the set or the logs were missing: each sibling here
 * differs from the program in one way, and is caught; the program itself, under the same test, is not.
 */
import { describe, expect, test } from "bun:test";
import { gCounter } from "../../challenges/g-counter.ts";
import { gSet } from "../../challenges/g-set.ts";
import { kafka } from "../../challenges/kafka.ts";
import { pnCounter } from "../../challenges/pn-counter.ts";
import {
  type AnyBody,
  type AnyProgram,
  type CasOptions,
  type KVNode,
  KvClient,
  type KvServiceId,
  type OptionsSchema,
  type OutgoingBody,
  type Program,
  type ProgramWithOptions,
  withOptions,
} from "../../lib/vortex/index.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import { acknowledgedEarly, every, withReplies } from "../broken/intercept.ts";
import { runSimulated, type SimulatedOptions } from "../support/simulations/simulate.ts";
import { symptomsOf } from "../support/simulations/symptoms.ts";

interface Sibling {
  /** What it does, as the end of a sentence that begins with the program's name. */
  readonly wrong: string;
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  readonly sibling: AnyProgram;
  readonly options: SimulatedOptions;
  /** Arguments that make the program its own sibling. */
  readonly args?: readonly string[];
  /** One of these must show, within so many seeds. */
  readonly shows: readonly string[];
  readonly withinSeeds: number;
}

/** A program with something done to its node before it begins. */
function spoiled<S extends OptionsSchema>(
  program: ProgramWithOptions<S>,
  spoil: (node: KVNode) => void,
): Program<S> {
  return withOptions(program.options, (node, options) => {
    spoil(node);
    return program(node, options);
  });
}

/** A program with a function applied to it as a whole, such as those in `intercept.ts`. */
function through<S extends OptionsSchema>(
  program: ProgramWithOptions<S>,
  intercept: typeof skipping,
): Program<S> {
  return withOptions(program.options, (node, options) =>
    intercept((inner) => program(inner, options))(node),
  );
}

/** Gives a node another client of a service. */
function withService(
  service: KvServiceId,
  property: "seqKv" | "linKv",
  Client: new (node: KVNode, service: KvServiceId) => KvClient,
) {
  return (node: KVNode) =>
    void Object.defineProperty(node, property, { value: new Client(node, service) });
}

/** Stores without comparing. */
class Blind extends KvClient {
  override cas(key: unknown, _from: unknown, to: unknown, options?: CasOptions): Promise<void> {
    return this.write(key, to, options);
  }
}

/** Adds what a bucket has grown by to whatever is stored, as often as it is told to. */
class AddingAgain extends KvClient {
  override async cas(
    key: unknown,
    from: unknown,
    to: unknown,
    options?: CasOptions,
  ): Promise<void> {
    const total = (bucket: unknown) => Number((bucket as AnyBody | null)?.["total"] ?? 0);
    const found = await this.readOr(key, null, options);
    const bucket = { ...(to as AnyBody), total: total(found) + total(to) - total(from) };
    await this.write(key, bucket, options);
  }
}

/** Does not write what is written only to read no past. */
class ReadingThePast extends KvClient {
  override write(): Promise<void> {
    return Promise.resolve();
  }
}

/** Promises the other nodes a time far away. */
function promisingTooMuch(node: KVNode): void {
  const send = node.send.bind(node);
  node.send = (dest, body) =>
    send(dest, body.type === "push" ? { ...body, promise: 1_000_000_000 } : body);
}

/** Takes itself for the first of all nodes. */
function numberedFirst(node: KVNode): void {
  Object.defineProperty(node, "nodeIds", { get: () => [node.id, ...node.peers] });
}

/** Polls leave a message out now and then. */
function skipping(program: (node: KVNode) => void | Promise<void>) {
  return withReplies(program, "poll_ok", () => {
    const isSkipped = every(20);
    return (body): OutgoingBody => {
      const msgs = Object.entries(body["msgs"] as { readonly [key: string]: readonly unknown[] });
      const kept = msgs.map(([key, pairs]) => [key, pairs.filter(() => !isSkipped())] as const);
      return {
        ...body,
        msgs: Object.fromEntries(kept.filter(([, pairs]) => pairs.length > 0)),
      };
    };
  });
}

const COUNTING: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 100,
  timeLimitS: 15,
  nemesisIntervalS: 1,
  recoveryS: 3,
};
const LOGGING: SimulatedOptions = { ...COUNTING, rate: 200 };
const WRONG = ["wrong results"];
const LOST = ["lost-write", "unseen"];

const SIBLINGS: readonly Sibling[] = [
  {
    wrong: "acknowledges an add before it is stored",
    workload: "g-counter",
    program: gCounter,
    sibling: gCounter,
    args: ["--no-durable"],
    options: { ...COUNTING, nemesis: ["kill"] },
    shows: WRONG,
    withinSeeds: 3,
  },
  {
    wrong: "adds again what it has not heard to be stored",
    workload: "g-counter",
    program: gCounter,
    sibling: spoiled(gCounter, withService("seq-kv", "seqKv", AddingAgain)),
    options: {
      ...COUNTING,
      timeLimitS: 40,
      latency: { meanMs: 400, distribution: "exponential" },
    },
    shows: WRONG,
    withinSeeds: 20,
  },
  {
    wrong: "reads other nodes' buckets without having written, and finds old ones",
    workload: "g-counter",
    program: gCounter,
    sibling: spoiled(gCounter, withService("seq-kv", "seqKv", ReadingThePast)),
    options: { ...COUNTING, nemesis: ["kill"], recoveryS: 0 },
    shows: WRONG,
    withinSeeds: 10,
  },
  {
    wrong: "takes the greater total for the newer, though totals fall",
    workload: "pn-counter",
    program: pnCounter,
    sibling: through(pnCounter, (program) =>
      withReplies(program, "local_ok", () => (body) => ({ ...body, version: body["total"] })),
    ),
    options: COUNTING,
    shows: WRONG,
    withinSeeds: 3,
  },
  {
    wrong: "acknowledges an element before it is stored",
    workload: "g-set",
    program: gSet,
    sibling: through(gSet, (program) => acknowledgedEarly(program, { type: "add", byMs: 200 })),
    options: { ...COUNTING, nemesis: ["kill"] },
    shows: ["lost"],
    withinSeeds: 3,
  },
  {
    wrong: "puts a record where another one is: that of before a kill comes after the restart",
    workload: "g-set",
    program: gSet,
    sibling: spoiled(gSet, withService("lin-kv", "linKv", Blind)),
    options: {
      ...COUNTING,
      timeLimitS: 20,
      nemesisIntervalS: 3,
      latency: { meanMs: 300, distribution: "exponential" },
      nemesis: ["kill"],
    },
    shows: ["lost"],
    withinSeeds: 20,
  },
  {
    wrong: "acknowledges a send before it is stored",
    workload: "kafka",
    program: kafka,
    sibling: kafka,
    args: ["--no-durable"],
    options: { ...LOGGING, nemesis: ["kill"] },
    shows: LOST,
    withinSeeds: 3,
  },
  {
    wrong: "leaves out an offset now and then",
    workload: "kafka",
    program: kafka,
    sibling: through(kafka, skipping),
    options: LOGGING,
    shows: ["int-poll-skip", "poll-skip"],
    withinSeeds: 1,
  },
  {
    wrong: "promises times that it does not keep to: messages appear behind those already polled",
    workload: "kafka",
    program: kafka,
    sibling: spoiled(kafka, promisingTooMuch),
    options: LOGGING,
    shows: ["poll-skip", "nonmonotonic-poll", ...LOST],
    withinSeeds: 1,
  },
  {
    wrong: "numbers the nodes from itself on, and gives offsets that others give",
    workload: "kafka",
    program: kafka,
    sibling: spoiled(kafka, numberedFirst),
    options: LOGGING,
    shows: ["inconsistent-offsets"],
    withinSeeds: 1,
  },
  {
    wrong: "puts a record where another one is: fences and records undo each other",
    workload: "kafka",
    program: kafka,
    sibling: spoiled(kafka, withService("lin-kv", "linKv", Blind)),
    options: { ...LOGGING, nemesis: ["pause"], nemesisIntervalS: 2 },
    shows: ["int-poll-skip"],
    withinSeeds: 2,
  },
];

describe("A sibling is caught", () => {
  test.each(SIBLINGS)("of $workload that $wrong", (one) => {
    const { workload, program, sibling, args = [], shows, withinSeeds } = one;
    const seen: string[] = [];
    for (let seed = 1; seed <= withinSeeds; seed++) {
      const options = { ...one.options, seed };
      const { result } = runSimulated(workload, sibling, options, { args });
      const symptoms = symptomsOf(result);
      seen.push(`seed ${seed}: ${[...symptoms].join(", ") || "no symptom"}`);
      if (!shows.some((symptom) => symptoms.has(symptom))) continue;
      for (const fault of one.options.nemesis ?? []) {
        expect(result.faults[fault], `${fault} never took effect`).toBeGreaterThan(0);
      }
      expect(runSimulated(workload, program, options).result.valid).toBe(true);
      return;
    }
    throw new Error(seen.join("\n"));
  });
});
