/**
 * The nemesis starts and stops faults.
 *
 * By default each fault alternates between start and stop. The first start comes at once; the time
 * between two operations of a fault is uniform in [0, 2 × interval).
 *
 * @see Maelstrom, `nemesis.clj`; Jepsen, `nemesis/combined.clj`
 */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import { any, type Generator, type Invocation, phases } from "../clients/generator.ts";
import type { FaultIntervention } from "../decisions.ts";
import type { NamedNemesis } from "./definition.ts";
import { type FaultCounts, isFault } from "./faults.ts";
import { Interventions } from "./interventions.ts";
import { type NemesisCompletion, ScheduledFault, type UnhealedFault } from "./scheduled-fault.ts";
import { TestControl, type TestControlOptions } from "./test-control.ts";

export interface Nemesis {
  /** The main phase: by default starts each fault at once, then stops and starts it in turn. */
  readonly generator: Generator;
  /** Stops all faults. */
  readonly healing: Generator;
  /**
   * Carries out an operation of its generators. Resolves with what it did.
   *
   * @throws {NemesisError} when the code of a nemesis throws, or does not end.
   */
  invoke(invocation: Invocation): Promise<NemesisCompletion>;
  /** Carries out a change by hand. Resolves with what it did. */
  intervene(intervention: FaultIntervention): Promise<Json>;
  /** Whether it has an operation of this name, such as `start-kill`. */
  has(f: string): boolean;
  /** How often each fault has taken effect. */
  effects(): FaultCounts;
  /** The faults that were active during the final operations, because they could not be stopped. */
  unhealed(): readonly UnhealedFault[];
  /** Whether any node was paused so far. */
  hasPaused(): boolean;
}

export interface NemesesOptions extends TestControlOptions {
  readonly faults: readonly NamedNemesis[];
  /** A stream of randomness for each fault. */
  readonly randomOf: (fault: string) => Random;
  /** Mean time between two operations of one fault, in seconds. */
  readonly intervalS: number;
  /** The nodes that a fault may affect. Defaults to all. */
  readonly targets?: Readonly<Record<string, readonly NodeId[]>>;
  /** The times of starts and stops. Defaults to those of each fault. */
  readonly timing?: FaultTiming;
}

/**
 * Schedules the operations of faults. Each fault's generator emits its starts and stops in turn, as
 * soon as it is asked.
 */
export type FaultTiming = (operations: ReadonlyMap<string, Generator>) => Generator;

/** Puts the faults of a test together: their operations, their healing, and changes by hand. */
export function makeNemesis(options: NemesesOptions): Nemesis {
  const { faults, intervalS, randomOf, targets = {}, timing, ...rest } = options;
  const control = new TestControl(rest);
  const scheduled = faults.map((definition) => {
    const random = randomOf(definition.name);
    const test = control.testOf(definition.name, random, targets[definition.name]);
    return new ScheduledFault(definition, random, () => definition.fault(test), rest);
  });
  const named = new Map(scheduled.map((fault) => [fault.name, fault]));
  const interventions = new Interventions(control, rest.network);
  const main =
    timing?.(new Map(scheduled.map((fault) => [fault.name, fault.alternating]))) ??
    any(scheduled.map((fault) => fault.schedule(intervalS)));
  const isOwn = (fault: ScheduledFault) => !isFault(fault.name);
  const needsHistory = scheduled.some(isOwn);

  return {
    generator: needsHistory
      ? {
          next: (context) => main.next(context),
          update(operation) {
            control.history.push(operation);
            main.update?.(operation);
          },
        }
      : main,
    // Those that send requests come last, when nodes run and receive messages again.
    healing: phases([
      interventions.healing,
      ...[...scheduled.filter((fault) => !isOwn(fault)), ...scheduled.filter(isOwn)].map(
        (fault) => fault.healing,
      ),
    ]),
    intervene: (intervention) => interventions.carryOut(intervention),
    has(f) {
      const [operation, name] = parseOperation(f);
      return named.get(name)?.has(operation) === true;
    },
    invoke({ f, value }) {
      const undoing = interventions.undoing(f);
      if (undoing !== undefined) {
        return interventions.carryOut(undoing).then((did) => ({ value: did }));
      }
      const [operation, name] = parseOperation(f);
      const fault = named.get(name);
      if (fault === undefined) throw new Error(`Unknown operation of the nemesis: "${f}"`);
      return fault.invoke(operation, value);
    },
    effects: () => Object.fromEntries(scheduled.map((fault) => [fault.name, fault.effectCount])),
    unhealed: () => scheduled.flatMap((fault) => fault.unhealed ?? []),
    hasPaused: () => control.hasPaused,
  };
}

/** Splits the name of an operation, such as `start-kill`. */
function parseOperation(f: string): readonly [operation: string, fault: string] {
  const [, operation = "", fault = ""] = /^([^-]*)-(.*)$/.exec(f) ?? [];
  return [operation, fault];
}
