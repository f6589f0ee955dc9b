/** When a soak's operations and faults come. */

import type { Generator } from "../../lib/workbench/clients/generator.ts";
import type { Fault } from "../../lib/workbench/nemesis/faults.ts";
import type { FaultTiming } from "../../lib/workbench/nemesis/nemesis.ts";

const NS_PER_S = 1e9;
/** How much faster than usual it goes after a fault, until what could not be done then is made up for. */
const CATCH_UP = 1.5;

/** Operations at a constant rate over the whole time: what a fault held up is made up for later. */
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
        // A timer that fires late does not count as such.
        const baseNs = nowNs - soonestNs <= context.timerSlackNs ? soonestNs : nowNs;
        soonestNs = baseNs + intervalNs / CATCH_UP;
      }
      return step;
    },
    update: (operation) => generator.update?.(operation),
  };
}

/** A cycle of faults, in parts of its length: each fault and its end, and time to recover between. */
const CYCLE = [
  { at: 20 / 60, fault: "partition" },
  { at: 30 / 60, fault: "partition" },
  { at: 35 / 60, fault: "kill" },
  { at: 40 / 60, fault: "kill" },
  { at: 47 / 60, fault: "pause" },
  { at: 51 / 60, fault: "pause" },
] as const satisfies readonly { at: number; fault: Fault }[];

/** Moments of a cycle: latencies are told for each of them. */
const MOMENTS = 60;
/** Which of them are far from all faults: there latencies are measured. */
const CALM = { from: 8, to: 20 };

/** The moment in which something began, counted since the beginning, if it is a calm one. */
export function calmMoment(seconds: number, cycleS: number): number | undefined {
  const moment = Math.floor((seconds / cycleS) * MOMENTS);
  const ofCycle = moment % MOMENTS;
  return ofCycle >= CALM.from && ofCycle < CALM.to ? moment : undefined;
}

export const SOAK_FAULTS = ["partition", "kill", "pause"] as const satisfies readonly Fault[];

/** Every fault once a cycle. */
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
