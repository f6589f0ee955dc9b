/** The text of a diagram's tooltip. */
import { faultText, messageText, operationText } from "../run/describe.ts";
import type { Run } from "../run/run.ts";
import type { Hit } from "./hit-test.ts";

/** Describes a hit; without one, the faults that were active at the time. */
export function tooltip(run: Run, hit: Hit | undefined, ticks: number): string | undefined {
  if (hit === undefined) return faultText(run, ticks);
  return hit.kind === "operation" ? operationText(run, hit.row) : messageText(run, hit.row);
}
