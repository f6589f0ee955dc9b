/**
 * Rhythms of faults: groups of starts share a few kinds and targets, a length and a gap, and the faults of a
 * run may hit the same few nodes.
 *
 * A second fault often repairs the damage of the first: a value that one node has lost comes back when the
 * node that sent it restarts. If each start draws from all nodes and kinds, a bug that needs several
 * particular starts in a row is unlikely; if they draw from few, it is not. This is swarm testing within a
 * run. Some runs have few starts at all: most operations then have a definite outcome, and a checker can
 * rule out more.
 */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import { pickOne, randomInteger, shuffle } from "../../vortex/random.ts";
import type { FaultPart, Injector, NemesisOptions } from "../nemesis/definition.ts";

/** Number of starts in a row that share their values and times. */
const EPOCH_STARTS = 8;
/** The probability that an epoch uses few values only, and their maximum number. */
const FEW_VALUES_PROBABILITY = 1 / 2;
const MAX_VALUES = 3;
/** The probability that the faults of a run hit only some of the nodes. */
const VICTIMS_PROBABILITY = 1 / 3;
/** Factors on the interval, for the length of a fault: mostly short, since a node that is down makes no mistakes. */
const LENGTHS = [0.125, 0.25, 0.5, 1, 2];
/** Factors on the interval, for the time until the next start. */
const GAPS = [0.25, 0.5, 1, 2];

/** The probability that a fault starts only a few times in a run, and the maximum of these. */
const FEW_PROBABILITY = 1 / 4;
const MAX_FEW = 3;
/** Maximum factor on the interval, for the mean time until the first of few starts. */
const FEW_DELAY = 3;

/** Draws the nodes that faults of nodes hit in a run: all, or at most half of them, rounded up. */
export function drawVictims(random: Random, nodes: readonly NodeId[]): readonly NodeId[] {
  if (random.next() >= VICTIMS_PROBABILITY) return nodes;
  const count = 1 + randomInteger(random, Math.ceil(nodes.length / 2));
  const chosen = shuffle(random, nodes).slice(0, count);
  return nodes.filter((node) => chosen.includes(node));
}

/**
 * Adds rhythms to a fault: each epoch of starts draws its values and times.
 *
 * @param nodes The nodes that it may hit.
 * @param random A stream that no other fault draws from.
 */
export function rhythmic(
  fault: FaultPart,
  nodes: readonly NodeId[],
  random: Random,
): Required<Pick<NemesisOptions, "fault" | "schedule">> {
  let drawCount = 0;
  let [lengthFactor, gapFactor] = [1, 1];
  return {
    fault: (test): Injector => {
      const injector = fault({ ...test, nodes });
      let values: readonly Json[] = [];
      return {
        draw() {
          const draw = () => injector.draw?.() ?? null;
          if (drawCount++ % EPOCH_STARTS === 0) {
            const isFew = random.next() < FEW_VALUES_PROBABILITY;
            values = Array.from(
              { length: isFew ? 1 + randomInteger(random, MAX_VALUES) : 0 },
              draw,
            );
            [lengthFactor, gapFactor] = [pickOne(random, LENGTHS), pickOne(random, GAPS)];
          }
          return values.length === 0 ? draw() : pickOne(random, values);
        },
        start: (drawn) => injector.start(drawn),
        stop: () => injector.stop(),
        get effectCount() {
          return injector.effectCount ?? 0;
        },
      };
    },
    schedule({ alternating, cycle, phases, limit, sleep, intervalS }) {
      // In turn: a start, its length, a stop, the gap.
      let step = 0;
      const pause = (factor: number) =>
        // It counts from the end of the operation, which may have waited for its moment.
        phases([sleep(2 * intervalS * factor * random.next())]);
      const all = cycle(() => {
        if (step++ % 2 === 0) return limit(1, alternating);
        return pause(step % 4 === 2 ? lengthFactor : gapFactor);
      });
      if (random.next() >= FEW_PROBABILITY) return all;
      const startCount = 1 + randomInteger(random, MAX_FEW);
      const before = pause(FEW_DELAY * random.next());
      return phases([before, limit(2 * startCount, all)]);
    },
  };
}
