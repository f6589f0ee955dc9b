/**
 * Rhythms of faults: some starts in a row have the same few kinds and targets, as long and as often; and
 * the faults of a run may hit the same few nodes, as those of bad machines.
 *
 * One fault often mends what another one has left behind: a value that a node has lost comes back when the
 * node that sent it restarts. If every start draws from all nodes and kinds, a bug that needs several starts
 * in harmony needs as many lucky draws. If they draw from few, it needs about one: swarm testing within a
 * run. In some runs there are few starts at all: most operations then have a definite outcome, and a checker
 * rules out more.
 */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import { pickOne, randomInteger, shuffle } from "../../vortex/random.ts";
import type { FaultPart, Injector, NemesisOptions } from "../nemesis/definition.ts";

/** Number of starts of an epoch. */
const EPOCH_STARTS = 8;
/** The probability that the starts of an epoch draw from few values, and the maximum number of these. */
const FEW_VALUES_PROBABILITY = 1 / 2;
const MAX_VALUES = 3;
/** The probability that only some of the nodes are hit. */
const VICTIMS_PROBABILITY = 1 / 3;
/** Factors on the interval, for the length of a fault: rather short, as nodes must work to go wrong. */
const LENGTHS = [0.125, 0.25, 0.5, 1, 2];
/** Factors on the interval, for the time until the next start. */
const GAPS = [0.25, 0.5, 1, 2];

/** The probability that a fault starts only a few times in a run, and how often it may then. */
const FEW_PROBABILITY = 1 / 4;
const MAX_FEW = 3;
/** Maximum factor on the interval, for the mean time until the first of few starts. */
const FEW_DELAY = 3;

/** Draws the nodes that faults of nodes hit in a run: all, or up to half of them. */
export function drawVictims(random: Random, nodes: readonly NodeId[]): readonly NodeId[] {
  if (random.next() >= VICTIMS_PROBABILITY) return nodes;
  const count = 1 + randomInteger(random, Math.ceil(nodes.length / 2));
  const chosen = shuffle(random, nodes).slice(0, count);
  return nodes.filter((node) => chosen.includes(node));
}

/**
 * Returns a fault in rhythms: each epoch of starts draws its values and times.
 *
 * @param nodes The nodes that it may hit.
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
      let step = 0;
      const pause = (factor: number) =>
        // From the end of the operation, which may have waited for its moment.
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
