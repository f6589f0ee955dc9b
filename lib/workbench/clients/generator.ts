/**
 * Which operation comes next, and when: generators, and how they combine.
 *
 * A generator is asked for its next step whenever something may have changed: at the beginning,
 * when an operation has completed, and when a time it asked for has come. It changes its state only
 * when it emits an operation, so it can be asked as often as one likes.
 *
 * @see Jepsen, `generator.clj`
 */
import type { Json, Random } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import type { Operation } from "../history/history.ts";

/** One of the workers that carry out operations: a client's, numbered from 0, or the nemesis. */
export type Thread = number | "nemesis";

/** What is to be done; the interpreter adds when and by which process. */
export interface Invocation {
  readonly f: string;
  readonly value: Json;
  readonly final?: boolean;
  readonly seekToBeginning?: boolean;
}

export type Step =
  | { readonly type: "operation"; readonly invocation: Invocation; readonly thread: Thread }
  /** Nothing before this time, in ns. */
  | { readonly type: "wait"; readonly untilNs: number }
  /** Nothing before some operation has completed. */
  | { readonly type: "pending" }
  /** Nothing any more. */
  | { readonly type: "done" };

/** What a generator may know when it is asked. */
export interface Context {
  /** Nanoseconds since clock zero. */
  readonly nowNs: number;
  /** How much later than asked for a timer may fire, in ns: 0 in virtual time. */
  readonly timerSlackNs: number;
  /** Number of client threads. */
  readonly concurrency: number;
  /** Whether no operation is under way, on any thread. */
  readonly isIdle: boolean;
  /** Whether this thread has nothing to do. */
  isFree(thread: Thread): boolean;
  /** A client thread that has nothing to do, each in turn. */
  freeClient(): number | undefined;
  /** The process that a thread runs now. */
  processOf(thread: number): number;
}

export interface Generator {
  next(context: Context): Step;
  /** Hears of every operation of the history, in order, before it is asked again. */
  update?(operation: Operation): void;
}

const PENDING: Step = { type: "pending" };
const DONE: Step = { type: "done" };
const NS_PER_S = 1e9;

/** Operations without end for whichever client is free; a maker that returns `undefined` ends it. */
export function clients(make: () => Invocation | undefined): Generator {
  let ahead: Invocation | undefined;
  return {
    next(context) {
      ahead ??= make();
      if (ahead === undefined) return DONE;
      const thread = context.freeClient();
      if (thread === undefined) return PENDING;
      const invocation = ahead;
      ahead = undefined;
      return { type: "operation", invocation, thread };
    },
  };
}

/** A single operation, for whichever client is free; or for the nemesis. */
export function single(invocation: Invocation, threads: typeof clients = clients): Generator {
  return threads(inOrder([invocation]));
}

/** A generator for each client thread, all at once. */
export function eachClient(make: (thread: number) => Generator): Generator {
  let generator: Generator | undefined;
  return {
    next(context) {
      generator ??= any(
        Array.from({ length: context.concurrency }, (_, thread) => onThread(thread, make(thread))),
      );
      return generator.next(context);
    },
    update: (operation) => generator?.update?.(operation),
  };
}

/** Lets a generator see a single thread: its operations go there, its phases wait for that one. */
function onThread(thread: number, generator: Generator): Generator {
  return {
    next: (context) =>
      generator.next({
        ...context,
        isIdle: context.isFree(thread),
        freeClient: () => (context.isFree(thread) ? thread : undefined),
      }),
    ...forwardingUpdates([generator]),
  };
}

/** Operations of the nemesis, one after the other. */
export function nemesis(make: () => Invocation | undefined): Generator {
  let ahead: Invocation | undefined;
  return {
    next(context) {
      ahead ??= make();
      if (ahead === undefined) return DONE;
      if (!context.isFree("nemesis")) return PENDING;
      const invocation = ahead;
      ahead = undefined;
      return { type: "operation", invocation, thread: "nemesis" };
    },
  };
}

/** The given operations, one after the other. */
export function inOrder(invocations: readonly Invocation[]): () => Invocation | undefined {
  const remaining = [...invocations];
  return () => remaining.shift();
}

/**
 * Spaces operations by a delay that is uniform in [0, 2 × mean): the first comes at once.
 *
 * When no thread is free, the operation comes late and the next delay counts from there. A timer
 * that fires late does not count as such: it would lower the rate by its slack.
 */
export function stagger(meanS: number, random: Random, generator: Generator): Generator {
  let dueNs: number | undefined;
  return {
    next(context) {
      if (dueNs !== undefined && context.nowNs < dueNs) return { type: "wait", untilNs: dueNs };
      const step = generator.next(context);
      if (step.type === "operation") {
        const isOnTime = dueNs !== undefined && context.nowNs - dueNs <= context.timerSlackNs;
        const baseNs = isOnTime && dueNs !== undefined ? dueNs : context.nowNs;
        dueNs = baseNs + Math.round(random.next() * 2 * meanS * NS_PER_S);
      }
      return step;
    },
    ...forwardingUpdates([generator]),
  };
}

/** Ends at a time limit, which counts from the first operation. */
export function timeLimit(limitS: number, generator: Generator): Generator {
  let cutoffNs = Number.POSITIVE_INFINITY;
  return {
    next(context) {
      if (context.nowNs >= cutoffNs) return DONE;
      const step = generator.next(context);
      if (step.type === "operation" && cutoffNs === Number.POSITIVE_INFINITY) {
        cutoffNs = context.nowNs + limitS * NS_PER_S;
      }
      if (step.type !== "wait" || step.untilNs < cutoffNs) return step;
      // While an operation is under way, another may become possible before the limit. (Jepsen ends
      // here all the same: when every client is busy and the next fault lies beyond the limit.)
      return context.isIdle ? DONE : { type: "wait", untilNs: cutoffNs };
    },
    ...forwardingUpdates([generator]),
  };
}

/** Each operation from one of the generators, drawn with equal chance among those not yet done. */
export function mix(random: Random, generators: readonly Generator[]): Generator {
  let remaining = [...generators];
  let chosen: Generator | undefined;
  return {
    next(context) {
      while (remaining.length > 0) {
        chosen ??= pickOne(random, remaining);
        const step = chosen.next(context);
        if (step.type === "done") remaining = remaining.filter((one) => one !== chosen);
        else if (step.type !== "operation") return step;
        chosen = undefined;
        if (step.type === "operation") return step;
      }
      return DONE;
    },
    ...forwardingUpdates(generators),
  };
}

/** All of the generators at once: whichever has an operation first. */
export function any(generators: readonly Generator[]): Generator {
  let remaining = [...generators];
  return {
    next(context) {
      let untilNs = Number.POSITIVE_INFINITY;
      for (const generator of remaining) {
        const step = generator.next(context);
        if (step.type === "operation") {
          // The others are asked first next time.
          remaining = [...remaining.filter((one) => one !== generator), generator];
          return step;
        }
        if (step.type === "wait") untilNs = Math.min(untilNs, step.untilNs);
        if (step.type === "done") remaining = remaining.filter((one) => one !== generator);
      }
      if (remaining.length === 0) return DONE;
      return untilNs < Number.POSITIVE_INFINITY ? { type: "wait", untilNs } : PENDING;
    },
    ...forwardingUpdates(generators),
  };
}

/** One generator after the other; each begins when no operation is under way any more. */
export function phases(generators: readonly Generator[]): Generator {
  const remaining = [...generators];
  let hasBegun = false;
  return {
    next(context) {
      for (let current = remaining[0]; current !== undefined; current = remaining[0]) {
        if (!hasBegun && !context.isIdle) return PENDING;
        hasBegun = true;
        const step = current.next(context);
        if (step.type !== "done") return step;
        remaining.shift();
        hasBegun = false;
      }
      return DONE;
    },
    ...forwardingUpdates(generators),
  };
}

/** No operation for some time, which counts from when it is first asked. */
export function sleep(durationS: number): Generator {
  let untilNs: number | undefined;
  return {
    next(context) {
      untilNs ??= context.nowNs + Math.round(durationS * NS_PER_S);
      return context.nowNs < untilNs ? { type: "wait", untilNs } : DONE;
    },
  };
}

function forwardingUpdates(generators: readonly Generator[]): Pick<Generator, "update"> {
  const listeners = generators.filter((generator) => generator.update !== undefined);
  if (listeners.length === 0) return {};
  return {
    update(operation) {
      for (const listener of listeners) listener.update?.(operation);
    },
  };
}
