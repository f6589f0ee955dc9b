import type { Random } from "../../vortex/index.ts";
import type { Generator, GeneratorLike, InvocationLike, Weighted } from "./generator.ts";
import * as generators from "./generator.ts";

/**
 * Parts of generators. A function is a generator too: it makes an operation each time it is
 * called, and returns `undefined` at the end.
 */
export interface GeneratorParts<I extends InvocationLike> {
  /** A single operation. */
  once(invocation: I): Generator<I>;
  /** The given operations, one after the other. */
  inOrder(invocations: readonly I[]): Generator<I>;
  /**
   * Takes each operation from a random generator of those that are not done. A pair of a weight and a
   * generator is chosen in proportion to its weight; the weight of others is 1.
   *
   * @throws {RangeError} when a weight is not a positive number.
   */
  mix(generators: readonly Weighted<I>[]): Generator<I>;
  /** Runs all generators at once, and takes whichever operation is due first. */
  any(generators: readonly GeneratorLike<I>[]): Generator<I>;
  /** Runs one generator after the other. Each starts when no operation is in flight. */
  phases(generators: readonly GeneratorLike<I>[]): Generator<I>;
  /** Runs a generator, and another that is made the same way whenever it is done. */
  cycle(make: () => GeneratorLike<I>): Generator<I>;
  /** One generator per client thread, all at once. Threads are numbered from 0. */
  eachClient(make: (thread: number) => GeneratorLike<I>): Generator<I>;
  /** Ends a generator after a number of operations. */
  limit(count: number, generator: GeneratorLike<I>): Generator<I>;
  /** Ends a generator after a time in seconds, which counts from its first operation. */
  timeLimit(seconds: number, generator: GeneratorLike<I>): Generator<I>;
  /** Spaces operations by a random delay, of the given mean in seconds. The first comes at once. */
  stagger(meanSeconds: number, generator: GeneratorLike<I>): Generator<I>;
  /** Emits nothing for some seconds. */
  sleep(seconds: number): Generator<I>;
}

/** Binds the parts to the randomness of a test. */
export function generatorParts(random: Random): GeneratorParts<InvocationLike> {
  const { once, inOrder, clients, any, phases, cycle, eachClient, limit, timeLimit, sleep } =
    generators;
  return {
    once: (invocation) => once(invocation),
    inOrder: (invocations) => clients(inOrder(invocations)),
    mix: (weighted) => generators.mix(random, weighted),
    any,
    phases,
    cycle,
    eachClient,
    limit,
    timeLimit,
    stagger: (meanSeconds, generator) => generators.stagger(meanSeconds, random, generator),
    sleep,
  };
}
