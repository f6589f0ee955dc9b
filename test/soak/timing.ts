/** Timing of a soak's operations and faults. */
import type { Generator } from "../../lib/workbench/clients/generator.ts";
import type { Fault } from "../../lib/workbench/nemesis/faults.ts";
import type { FaultTiming } from "../../lib/workbench/nemesis/nemesis.ts";

const NS_PER_S = 1e9;
/** Factor on the rate after a fault, until the missed operations are caught up. */
const CATCH_UP = 1.5;

/** Issues operations at a constant average rate: those that a fault delays are caught up later. */
export function atRate(perS: number, generator: Generator): Generator {
  const intervalNs = NS_PER_S / perS;
  let dueNs: number | undefined;
  let soonestNs = 0;
  return {
    next(context) {
      const { nowNs } = context;
      const nextNs = Math.max(dueNs ?? nowNs, soonestNs);
      if (nowNs < nextNs) return { type: "wait", untilNs: nextNs };
      const step = generator.next(context);
      if (step.type === "operation") {
        dueNs = (dueNs ?? nowNs) + intervalNs;
        // A timer that fires late by less than the slack does not delay the next operation.
        const baseNs = nowNs - soonestNs <= context.timerSlackNs ? soonestNs : nowNs;
        soonestNs = baseNs + intervalNs / CATCH_UP;
      }
      return step;
    },
    update: (operation) => generator.update?.(operation),
  };
}

/** Start and stop of each fault, as fractions of a cycle, with time to recover in between. */
const CYCLE = [
  { at: 20 / 60, fault: "partition" },
  { at: 30 / 60, fault: "partition" },
  { at: 35 / 60, fault: "kill" },
  { at: 40 / 60, fault: "kill" },
  { at: 47 / 60, fault: "pause" },
  { at: 51 / 60, fault: "pause" },
] as const satisfies readonly { at: number; fault: Fault }[];

/** Number of moments in a cycle. Latencies are grouped by moment. */
const MOMENTS = 60;
/** Moments far from all faults, in which latencies are measured. */
const CALM = { from: 8, to: 20 };

/** The moment at a time, counted since the start; `undefined` if it is not calm. */
export function calmMoment(seconds: number, cycleS: number): number | undefined {
  const moment = Math.floor((seconds / cycleS) * MOMENTS);
  const ofCycle = moment % MOMENTS;
  return ofCycle >= CALM.from && ofCycle < CALM.to ? moment : undefined;
}

export const SOAK_FAULTS = ["partition", "kill", "pause"] as const satisfies readonly Fault[];

/** Starts and stops every fault once a cycle. */
export function inCycles(cycleS: number): FaultTiming {
  return (operations) => {
    let index = 0;
    return {
      next(context) {
        const { at, fault } = CYCLE[index % CYCLE.length] ?? CYCLE[0];
        const untilNs = (Math.floor(index / CYCLE.length) + at) * cycleS * NS_PER_S;
        if (context.nowNs < untilNs) return { type: "wait", untilNs };
        const step = operations.get(fault)?.next(context) ?? { type: "done" };
        if (step.type === "operation") index++;
        return step;
      },
    };
  };
}
