/** Runs the generators and clients of a workload without a test around them. */
import type { AnyBody, Json } from "../../../lib/vortex/index.ts";
import { Client } from "../../../lib/workbench/clients/client.ts";
import type { Generator, Invocation } from "../../../lib/workbench/clients/generator.ts";
import type { Completion } from "../../../lib/workbench/clients/interpreter.ts";
import { Scheduler } from "../../../lib/workbench/clusters/scheduler.ts";
import type { Operation } from "../../../lib/workbench/history/history.ts";
import { Journal } from "../../../lib/workbench/network/journal.ts";
import { Network } from "../../../lib/workbench/network/network.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { DEFAULTS, nodeNames, type TestOptions } from "../../../lib/workbench/run/test-options.ts";
import { WORKLOADS, type WorkloadName } from "../../../lib/workbench/workloads/index.ts";
import { instantiate, type Workload } from "../../../lib/workbench/workloads/workload.ts";
import { invocations, type Run, runGenerator } from "./generators.ts";

/** Makes a workload. Defaults: 1 node, 1 client. */
export function makeWorkload(name: WorkloadName, options: Partial<TestOptions> = {}): Workload {
  return instantiate(WORKLOADS[name], {
    ...DEFAULTS,
    workload: name,
    nodeIds: nodeNames(1),
    concurrency: 1,
    timeLimitS: 10,
    seed: 1,
    random: randomStream(1, "workload"),
    ...options,
  });
}

/** Computes a node's reply to a request; `undefined` to send none. */
export type Respond = (request: AnyBody) => { readonly [field: string]: Json } | undefined;

export interface Conversation {
  /** One completion per operation. */
  readonly completions: readonly Completion[];
  /** Requests that the node received. */
  readonly requests: readonly AnyBody[];
  /** Duration, in virtual ms. */
  readonly tookMs: number;
}

/** Runs operations one after another with one client of a workload. */
export function converse(
  workload: Workload,
  operations: readonly Invocation[],
  respond: Respond,
): Conversation {
  const scheduler = new Scheduler();
  const network = new Network({
    clock: scheduler,
    random: randomStream(1, "network"),
    latency: DEFAULTS.latency,
    nodeIds: ["n0"],
    journal: new Journal(),
    zeroMs: () => 0,
    onOverload: (reason) => {
      throw new Error(reason);
    },
  });
  const requests: AnyBody[] = [];
  network.connect("n0", ({ src, body }) => {
    const { msg_id, ...request } = body;
    requests.push(request);
    const reply = respond(request);
    if (reply !== undefined) network.send("n0", src, { ...reply, in_reply_to: msg_id });
  });

  const client = new Client({ id: "c0", network, clock: scheduler });
  const worker = workload.openClient(client, {
    onFailure: (error) => {
      throw error;
    },
    onMalformed: () => {},
  });
  const carryOut = async () => {
    const completions: Completion[] = [];
    for (const operation of operations) {
      const completion = worker
        .invoke(operation, "n0")
        .catch((error) => worker.completionOf(error, operation));
      completions.push(await completion);
    }
    return completions;
  };
  const completions = scheduler.run(carryOut());
  return { completions, requests, tookMs: scheduler.nowMs() };
}

/** An invocation. */
export function asked(f: string, value: Json = null): Invocation {
  return { f, value };
}

/** The first `count` invocations of a generator. */
export function firstInvocations(generator: Generator, count: number, run?: Run): Operation[] {
  return invocations(runGenerator(limited(generator, count), run));
}

/** Ends a generator after `count` operations. */
export function limited(generator: Generator, count: number): Generator {
  let remaining = count;
  return {
    next(context) {
      if (remaining === 0) return { type: "done" };
      const step = generator.next(context);
      if (step.type === "operation") remaining--;
      return step;
    },
    update: (operation) => generator.update?.(operation),
  };
}

/** Fraction of the items that meet a condition. */
export function partOf<T>(all: readonly T[], is: (one: T) => boolean): number {
  return all.filter(is).length / all.length;
}
