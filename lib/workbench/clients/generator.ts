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
  /** Name of the operation. */
  readonly f: string;
  /** Argument of the operation. */
  readonly value: Json;
  /** Whether it is a final read, after the faults have healed. */
  readonly final?: boolean;
  /** kafka: whether an assign starts its keys at offset 0. */
  readonly seekToBeginning?: boolean;
}

/** An invocation as generators emit it: without a value, it is `null`. */
export type InvocationLike = Pick<Invocation, "f"> & Partial<Invocation>;

/** The next step of a generator. */
export type Step<I extends InvocationLike = InvocationLike> =
  | { readonly type: "operation"; readonly invocation: I; readonly thread: Thread }
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

/** Decides which operation comes next, and when. */
export interface Generator<I extends InvocationLike = InvocationLike> {
  /** Returns the next step. Changes the generator's state only if that is an operation. */
  next(context: Context): Step<I>;
  /** Called with each operation of the history, in order, before the next call of `next`. */
  update?(operation: Operation): void;
}

/** Makes the next operation, or returns `undefined` at the end. */
export type Make<I extends InvocationLike = InvocationLike> = () => I | undefined;

/** A generator, or a function that makes the operations of one for any free client. */
export type GeneratorLike<I extends InvocationLike = InvocationLike> = Generator<I> | Make<I>;

const PENDING = { type: "pending" } as const;
const DONE = { type: "done" } as const;
const NS_PER_S = 1e9;

/** Operations for any free client, until `make` returns `undefined`. */
export function clients<I extends InvocationLike>(make: Make<I>): Generator<I> {
  return operations(make, (context) => context.freeClient());
}

/** Operations for the nemesis, until `make` returns `undefined`. */
export function nemesis<I extends InvocationLike>(make: Make<I>): Generator<I> {
  return operations(make, (context) => (context.isFree("nemesis") ? "nemesis" : undefined));
}

/** Turns a function into a generator. */
export function toGenerator(like: GeneratorLike): Generator {
  return typeof like === "function" ? clients(like) : like;
}

function operations<I extends InvocationLike>(
  make: Make<I>,
  freeThread: (context: Context) => Thread | undefined,
): Generator<I> {
  let ahead: I | undefined;
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
export function once(invocation: InvocationLike, threads: typeof clients = clients): Generator {
  return threads(inOrder([invocation]));
}

/** One generator per client thread, all at once. */
export function eachClient(make: (thread: number) => GeneratorLike): Generator {
  let generator: Generator | undefined;
  return {
    next(context) {
      generator ??= any(
        Array.from({ length: context.concurrency }, (_, thread) =>
          onThread(thread, toGenerator(make(thread))),
        ),
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

/**
 * Runs a generator of clients' operations as one of the nemesis, which is its only client: its phases
 * wait for the nemesis alone.
 *
 * @param toInvocation Makes the nemesis's operation of a client's.
 */
export function onNemesis(
  generator: Generator,
  toInvocation: (invocation: InvocationLike) => InvocationLike,
): Generator {
  return {
    next(context) {
      const isFree = context.isFree("nemesis");
      const step = generator.next({
        ...context,
        concurrency: 1,
        isIdle: isFree,
        isFree: () => isFree,
        freeClient: () => (isFree ? 0 : undefined),
      });
      if (step.type !== "operation") return step;
      return { ...step, invocation: toInvocation(step.invocation), thread: "nemesis" };
    },
    ...forwardingUpdates([generator]),
  };
}

/** The given operations, one after the other. */
export function inOrder(invocations: readonly InvocationLike[]): Make {
  const remaining = [...invocations];
  return () => remaining.shift();
}

/**
 * Spaces operations by a delay that is uniform in [0, 2 × mean). The first comes at once.
 *
 * If no thread is free, an operation is late, and the next delay counts from it. The lateness of
 * timers, however long, does not count, because it would lower the rate.
 */
export function stagger(meanS: number, random: Random, like: GeneratorLike): Generator {
  const generator = toGenerator(like);
  let dueNs: number | undefined;
  /** Whether the operation that is due had to wait for a thread. */
  let isHeldUp = false;
  return {
    next(context) {
      if (dueNs !== undefined && context.nowNs < dueNs) return { type: "wait", untilNs: dueNs };
      const step = generator.next(context);
      if (step.type !== "operation") {
        isHeldUp = true;
        return step;
      }
      const { nowNs, timerSlackNs } = context;
      const fromNs =
        dueNs === undefined || (isHeldUp && nowNs - dueNs > timerSlackNs) ? nowNs : dueNs;
      dueNs = fromNs + Math.round(random.next() * 2 * meanS * NS_PER_S);
      isHeldUp = false;
      return step;
    },
    ...forwardingUpdates([generator]),
  };
}

/** Ends a generator at a time limit, which counts from its first operation. */
export function timeLimit(limitS: number, like: GeneratorLike): Generator {
  const generator = toGenerator(like);
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

/** A generator, with how often it is chosen: 1 is the weight of one without a number. */
export type Weighted<I extends InvocationLike = InvocationLike> =
  | GeneratorLike<I>
  | readonly [weight: number, generator: GeneratorLike<I>];

/**
 * Takes each operation from a random generator of those that are not done, in proportion to their
 * weights; all are equally likely by default.
 *
 * @throws {RangeError} when a weight is not a positive number.
 */
export function mix(random: Random, generators: readonly Weighted[]): Generator {
  let remaining = generators.map((one) => weighted(one));
  let chosen: WeightedGenerator | undefined;
  return {
    next(context) {
      while (remaining.length > 0) {
        chosen ??= pickWeighted(random, remaining);
        const step = chosen.generator.next(context);
        if (step.type === "done") remaining = remaining.filter((one) => one !== chosen);
        else if (step.type !== "operation") return step;
        chosen = undefined;
        if (step.type === "operation") return step;
      }
      return DONE;
    },
    ...forwardingUpdates(remaining.map(({ generator }) => generator)),
  };
}

interface WeightedGenerator {
  readonly weight: number;
  readonly generator: Generator;
}

function weighted(given: Weighted): WeightedGenerator {
  if (!isPair(given)) return { weight: 1, generator: toGenerator(given) };
  const [weight, like] = given;
  if (weight > 0 && weight < Number.POSITIVE_INFINITY) {
    return { weight, generator: toGenerator(like) };
  }
  throw new RangeError(`A weight of mix is ${weight}, but must be a positive number`);
}

// Array.isArray does not narrow readonly arrays.
function isPair(given: Weighted): given is readonly [number, GeneratorLike] {
  return Array.isArray(given);
}

function pickWeighted<T extends { readonly weight: number }>(
  random: Random,
  items: readonly T[],
): T {
  // Equal weights draw as pickOne does, so that the operations of a seed stay as they are.
  if (items.every(({ weight }) => weight === items[0]?.weight)) return pickOne(random, items);
  let left = random.next() * items.reduce((sum, { weight }) => sum + weight, 0);
  const picked = items.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  // Rounding may leave a little.
  return picked ?? pickOne(random, items.slice(-1));
}

/** Runs all generators at once, and takes whichever operation is due first. */
export function any(likes: readonly GeneratorLike[]): Generator {
  const generators = likes.map((like) => toGenerator(like));
  let remaining = [...generators];
  return {
    next(context) {
      let untilNs = Number.POSITIVE_INFINITY;
      for (const generator of remaining) {
        const step = generator.next(context);
        if (step.type === "operation") {
          // Next time the others are asked first, so that none starves.
          if (generator !== remaining.at(-1)) {
            remaining = [...remaining.filter((one) => one !== generator), generator];
          }
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
export function phases(likes: readonly GeneratorLike[]): Generator {
  const generators = likes.map((like) => toGenerator(like));
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

/** How often {@link cycle} makes a generator that emits nothing, before it gives up. */
const MAX_EMPTY_CYCLES = 1000;

/**
 * Runs a generator, and another that is made the same way whenever it is done.
 *
 * @throws {Error} when those it makes emit nothing, and do not wait either.
 */
export function cycle(make: () => GeneratorLike): Generator {
  let current = toGenerator(make());
  let emptyCount = 0;
  return {
    next(context) {
      for (;;) {
        const step = current.next(context);
        if (step.type !== "done") {
          emptyCount = 0;
          return step;
        }
        if (++emptyCount > MAX_EMPTY_CYCLES) throw new Error("A cycle of nothing would never end");
        current = toGenerator(make());
      }
    },
    update: (operation) => current.update?.(operation),
  };
}

/** Ends a generator after `count` operations. */
export function limit(count: number, like: GeneratorLike): Generator {
  const generator = toGenerator(like);
  let remaining = count;
  return {
    next(context) {
      if (remaining <= 0) return DONE;
      const step = generator.next(context);
      if (step.type === "operation") remaining--;
      return step;
    },
    ...forwardingUpdates([generator]),
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
