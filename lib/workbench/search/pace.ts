/**
 * The times of clients' operations: in bursts, or spread evenly.
 *
 * Operations conflict when they are close together: two at once, or one right after the reply to another,
 * whose effect it must see. The quiet time after a burst matters too: no later operation repairs what the
 * burst left unfinished.
 */
import type { Random } from "../../vortex/index.ts";
import { pickOne, randomInteger } from "../../vortex/random.ts";
import { type Generator, stagger } from "../clients/generator.ts";
import type { Pace } from "../run/exploration.ts";

/** Mean numbers of operations of a burst. */
const BURSTS = [1, 1, 2, 4, 8];

/**
 * Draws how operations are spaced: evenly, or in bursts. The time between bursts grows with their size, so
 * that the mean rate stays.
 */
export function drawPace(random: Random): Pace {
  const size = pickOne(random, BURSTS);
  if (size === 1) return stagger;
  return (meanS, spread, operations) =>
    bursts({ size, meanS, random }, operations, stagger(meanS * size, spread, operations));
}

interface BurstOptions {
  /** Mean number of operations. */
  readonly size: number;
  /** Mean time between two operations, bursts or not, in s. */
  readonly meanS: number;
  readonly random: Random;
}

/**
 * Emits bursts. Half of a burst's operations follow the one before at once. The other half wait until any
 * operation ends, but no longer than the mean time.
 *
 * @param first The same operations, spaced as bursts are.
 */
function bursts(
  { size, meanS, random }: BurstOptions,
  operations: Generator,
  first: Generator,
): Generator {
  /** Number of operations that the present burst still lacks. */
  let left = 0;
  /** The time of its next operation. */
  let dueNs = 0;
  return {
    next(context) {
      if (left > 0 && context.nowNs < dueNs) return { type: "wait", untilNs: dueNs };
      const step = (left > 0 ? operations : first).next(context);
      if (step.type !== "operation") return step;
      left = left > 0 ? left - 1 : randomInteger(random, 2 * size - 1);
      const isAtOnce = random.next() < 0.5;
      dueNs = isAtOnce ? context.nowNs : context.nowNs + Math.round(meanS * 1e9);
      return step;
    },
    update(operation) {
      operations.update?.(operation);
      if (operation.process !== "nemesis" && operation.type !== "invoke") dueNs = 0;
    },
  };
}
