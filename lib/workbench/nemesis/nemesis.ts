/**
 * The nemesis starts and stops faults.
 *
 * Each fault alternates between start and stop. The first start comes at once; the time between two
 * operations of a fault is uniform in [0, 2 × interval).
 *
 * @see Maelstrom, `nemesis.clj`; Jepsen, `nemesis/combined.clj`
 */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import {
  any,
  type Generator,
  type Invocation,
  nemesis,
  phases,
  single,
  stagger,
} from "../clients/generator.ts";
import { type Fault, INJECTORS } from "./faults.ts";
import type { FaultEnvironment, Injector } from "./injector.ts";

export interface Nemesis {
  /** The main phase: starts each fault at once, then stops and starts it in turn. */
  readonly generator: Generator;
  /** Stops all faults. */
  readonly healing: Generator;
  /** Carries out an operation of its generators. Resolves with what it did. */
  invoke(invocation: Invocation): Promise<Json>;
  /** How often each fault has taken effect. */
  effects(): Readonly<Partial<Record<Fault, number>>>;
}

export interface NemesisOptions extends Omit<FaultEnvironment, "random"> {
  readonly faults: readonly Fault[];
  /** A stream of randomness for each fault. */
  readonly randomOf: (fault: Fault) => Random;
  /** Mean time between two operations of one fault, in seconds. */
  readonly intervalS: number;
  /** The nodes that a fault may affect. Defaults to all. */
  readonly targets?: Readonly<Partial<Record<Fault, readonly NodeId[]>>>;
  /** The times of starts and stops. Defaults to random ones, by the interval. */
  readonly timing?: FaultTiming;
}

/**
 * Schedules the operations of faults. Each fault's generator emits its starts and stops in turn, as
 * soon as it is asked.
 */
export type FaultTiming = (operations: ReadonlyMap<Fault, Generator>) => Generator;

export function makeNemesis(options: NemesisOptions): Nemesis {
  const { faults, intervalS, randomOf, targets = {}, timing, ...rest } = options;
  const parts = faults.map((fault) => {
    const random = randomOf(fault);
    const nodeIds = targets[fault] ?? rest.nodeIds;
    const injector = INJECTORS[fault]({ ...rest, nodeIds, random });
    return { fault, random, injector, operations: alternating(fault, injector) };
  });
  const actions = new Map<string, (value: Json) => Promise<Json>>(
    parts.flatMap(({ fault, injector }) => [
      [`start-${fault}`, async (drawn) => injector.start(String(drawn))],
      [`stop-${fault}`, () => injector.stop()],
    ]),
  );
  const byInterval = () =>
    any(parts.map(({ random, operations }) => stagger(intervalS, random, operations)));

  return {
    generator:
      timing?.(new Map(parts.map(({ fault, operations }) => [fault, operations]))) ?? byInterval(),
    healing: phases(faults.map((fault) => single(stopping(fault), nemesis))),
    async invoke({ f, value }) {
      const act = actions.get(f);
      if (act === undefined) throw new Error(`Unknown operation of the nemesis: "${f}"`);
      return await act(value);
    },
    effects: () =>
      Object.fromEntries(parts.map(({ fault, injector }) => [fault, injector.effectCount])),
  };
}

function alternating(fault: Fault, injector: Injector): Generator {
  let isStarted = false;
  return nemesis(() => {
    isStarted = !isStarted;
    return isStarted ? { f: `start-${fault}`, value: injector.draw() } : stopping(fault);
  });
}

function stopping(fault: Fault): Invocation {
  return { f: `stop-${fault}`, value: null };
}
