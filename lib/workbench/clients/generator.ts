/**
 * Generators decide which operation comes next, and when.
 *
 * The interpreter asks a generator for its next step at the start, whenever an operation completes,
 * and at the times the generator asked for. A generator changes its state only when it emits an
 * operation, so asking it more often changes nothing.
 *
 * @see Jepsen, `generator.clj`
 */
import type { Json, Random } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import type { Operation } from "../history/history.ts";

/** A worker that carries out operations: a client thread, numbered from 0, or the nemesis. */
export type Thread = number | "nemesis";

/** An operation to carry out. The interpreter adds its time and process. */
export interface Invocation {
  readonly f: string;
  readonly value: Json;
  readonly final?: boolean;
  readonly seekToBeginning?: boolean;
}

export type Step =
  | { readonly type: "operation"; readonly invocation: Invocation; readonly thread: Thread }
  /** No operation before this time, in ns. */
  | { readonly type: "wait"; readonly untilNs: number }
  /** No operation before another one completes. */
  | { readonly type: "pending" }
  /** No more operations. */
  | { readonly type: "done" };

/** The state of the test when a generator is asked. */
export interface Context {
  /** Nanoseconds since clock zero. */
  readonly nowNs: number;
  /** Maximum lateness of a timer, in ns. */
  readonly timerSlackNs: number;
  /** Number of client threads. */
  readonly concurrency: number;
  /** Whether no operation is in flight, on any thread. */
  readonly isIdle: boolean;
  /** Whether a thread has no operation in flight. */
  isFree(thread: Thread): boolean;
  /** A free client thread, in turn. */
  freeClient(): number | undefined;
  /** The current process of a thread. */
  processOf(thread: number): number;
}

export interface Generator {
  next(context: Context): Step;
  /** Called with each operation of the history, in order, before the next call of `next`. */
  update?(operation: Operation): void;
}

const PENDING: Step = { type: "pending" };
const DONE: Step = { type: "done" };
const NS_PER_S = 1e9;

/** Operations for any free client, until `make` returns `undefined`. */
export function clients(make: () => Invocation | undefined): Generator {
  return operations(make, (context) => context.freeClient());
}

/** Operations for the nemesis, until `make` returns `undefined`. */
export function nemesis(make: () => Invocation | undefined): Generator {
  return operations(make, (context) => (context.isFree("nemesis") ? "nemesis" : undefined));
}

function operations(
  make: () => Invocation | undefined,
  freeThread: (context: Context) => Thread | undefined,
): Generator {
  let ahead: Invocation | undefined;
  return {
    next(context) {
      ahead ??= make();
      if (ahead === undefined) return DONE;
      const thread = freeThread(context);
      if (thread === undefined) return PENDING;
      const invocation = ahead;
      ahead = undefined;
      return { type: "operation", invocation, thread };
    },
  };
}

/** A single operation, for any free client or for the nemesis. */
export function single(invocation: Invocation, threads: typeof clients = clients): Generator {
  return threads(inOrder([invocation]));
}

/** One generator per client thread, all at once. */
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

/** Restricts a generator to one thread: its operations go there, and its phases wait for it alone. */
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

/** The given operations, one after the other. */
export function inOrder(invocations: readonly Invocation[]): () => Invocation | undefined {
  const remaining = [...invocations];
  return () => remaining.shift();
}

/**
 * Spaces operations by a delay that is uniform in [0, 2 × mean). The first comes at once.
 *
 * If no thread is free, an operation is late, and the next delay counts from it. The lateness of
 * timers does not count, because it would lower the rate.
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

/** Ends a generator at a time limit, which counts from its first operation. */
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
      // An operation in flight may complete before the limit, and make another one possible. (Jepsen
      // ends here, when every client is busy and the next fault is due after the limit.)
      return context.isIdle ? DONE : { type: "wait", untilNs: cutoffNs };
    },
    ...forwardingUpdates([generator]),
  };
}

/** Takes each operation from a random generator; all that are not done are equally likely. */
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

/** Runs all generators at once, and takes whichever operation is due first. */
export function any(generators: readonly Generator[]): Generator {
  let remaining = [...generators];
  return {
    next(context) {
      let untilNs = Number.POSITIVE_INFINITY;
      for (const generator of remaining) {
        const step = generator.next(context);
        if (step.type === "operation") {
          // Next time the others are asked first, so that none starves.
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

/** Runs one generator after the other. Each starts when no operation is in flight. */
export function phases(generators: readonly Generator[]): Generator {
  const remaining = [...generators];
  let hasStarted = false;
  return {
    next(context) {
      for (let current = remaining[0]; current !== undefined; current = remaining[0]) {
        if (!hasStarted && !context.isIdle) return PENDING;
        hasStarted = true;
        const step = current.next(context);
        if (step.type !== "done") return step;
        remaining.shift();
        hasStarted = false;
      }
      return DONE;
    },
    ...forwardingUpdates(generators),
  };
}

/** Emits nothing for some time, which counts from when it is first asked. */
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
