/** Checks that a process's messages to a key have rising offsets, in the order of its sends. */
import { describeOperation, seconds } from "../wording.ts";
import type { Analysis } from "./analysis.ts";
import { describeMessageAt, type Findings } from "./findings.ts";
import { Positions } from "./positions.ts";

export function checkSends({ steps }: Analysis, findings: Findings): void {
  const positions = new Positions();
  for (const step of steps) {
    if (step.f === "assign") positions.assign(step);
    if (step.f !== "send" || step.operation.type === "fail") continue;
    const { operation, log, message } = step;
    const last = positions.get(operation.process, log.key);
    positions.set(log.key, { operation, message });
    // A message at an unknown offset proves nothing.
    if (last?.message.index === undefined || message.index === undefined) continue;
    if (message.index > last.message.index) continue;
    findings.add("nonmonotonic-send", () => ({
      sentence:
        `${describeOperation(last.operation)} put ${describeMessageAt(log, last.message)} of key ` +
        `${log.key}; its next send to the key, at ${seconds(operation.time)}, ` +
        `put ${describeMessageAt(log, message)}, which is not after it`,
      operations: [last.operation, operation],
    }));
  }
}
