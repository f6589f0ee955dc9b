/**
 * Broken siblings of the counters, the set and the log. Each differs from its program in one way and is
 * caught; the program itself passes the same test.
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
  /** The difference, as the end of a sentence that starts with the program's name. */
  readonly wrong: string;
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  readonly sibling: AnyProgram;
  readonly options: SimulatedOptions;
  /** Arguments that make the program its own sibling. */
  readonly args?: readonly string[];
  /** At least one of these must be found, within that many seeds. */
  readonly shows: readonly string[];
  readonly withinSeeds: number;
}

/** Changes the node before the program runs. */
function spoiled<S extends OptionsSchema>(
  program: ProgramWithOptions<S>,
  spoil: (node: KVNode) => void,
): Program<S> {
  return withOptions(program.options, (node, options) => {
    spoil(node);
    return program(node, options);
  });
}

/** Applies a function to the whole program, such as those in `intercept.ts`. */
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

/** Adds the growth of a bucket to whatever is stored, again at every attempt. */
class RepeatingAdds extends KvClient {
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

/** Skips the writes that only serve to make reads fresh. */
class StaleReads extends KvClient {
  override write(): Promise<void> {
    return Promise.resolve();
  }
}

/** Announces a watermark in the far future. */
function withFarWatermark(node: KVNode): void {
  const send = node.send.bind(node);
  node.send = (dest, body) =>
    send(dest, body.type === "push" ? { ...body, watermark: 1_000_000_000 } : body);
}

/** Assumes that it is the first of all nodes. */
function numberedFirst(node: KVNode): void {
  Object.defineProperty(node, "nodeIds", { get: () => [node.id, ...node.peers] });
}

/** Leaves a message out of some polls. */
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
    wrong: "repeats an add whose acknowledgement was lost",
    workload: "g-counter",
    program: gCounter,
    sibling: spoiled(gCounter, withService("seq-kv", "seqKv", RepeatingAdds)),
    options: {
      ...COUNTING,
      timeLimitS: 40,
      latency: { meanMs: 400, distribution: "exponential" },
    },
    shows: WRONG,
    withinSeeds: 20,
  },
  {
    wrong: "reads the buckets of its peers without a write before, so from the past",
    workload: "g-counter",
    program: gCounter,
    sibling: spoiled(gCounter, withService("seq-kv", "seqKv", StaleReads)),
    options: { ...COUNTING, nemesis: ["kill"], recoveryS: 0 },
    shows: WRONG,
    withinSeeds: 10,
  },
  {
    wrong: "takes the greater total for the newer one, although totals may fall",
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
    wrong: "overwrites a record: one from before a kill arrives after the restart",
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
    wrong: "leaves out some offsets",
    workload: "kafka",
    program: kafka,
    sibling: through(kafka, skipping),
    options: LOGGING,
    shows: ["int-poll-skip", "poll-skip"],
    withinSeeds: 1,
  },
  {
    wrong: "numbers the nodes from itself on, so offsets are not unique",
    workload: "kafka",
    program: kafka,
    sibling: spoiled(kafka, numberedFirst),
    options: LOGGING,
    shows: ["inconsistent-offsets"],
    withinSeeds: 1,
  },
  {
    wrong: "overwrites records: fences and records undo each other",
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

  test("of kafka that breaks its watermark, by an invariant", () => {
    const { result } = runSimulated("kafka", spoiled(kafka, withFarWatermark), LOGGING);
    expect(symptomsOf(result)).toContain(
      "a record holds no message from before its node's watermark",
    );
  });
});
