/** Whether the messages that one process sends to a key stand in the log in the order of sending. */
import { describeOperation, seconds } from "../wording.ts";
import type { Analysis } from "./analysis.ts";
import { capitalize, describeMessageAt, type Findings } from "./findings.ts";
import { Positions } from "./positions.ts";

export function checkSends({ steps }: Analysis, findings: Findings): void {
  const positions = new Positions();
  for (const step of steps) {
    if (step.f === "assign") positions.assign(step);
    if (step.f !== "send" || step.operation.type === "fail") continue;
    const { operation, log, message } = step;
    const last = positions.get(operation.process, log.key);
    positions.set(log.key, { operation, message });
    // A message without a known place says nothing.
    if (last?.message.index === undefined || message.index === undefined) continue;
    if (message.index > last.message.index) continue;
    findings.add("nonmonotonic-send", () => ({
      sentence:
        `${capitalize(describeOperation(last.operation))} added ${describeMessageAt(log, last.message)} of key ${log.key}; ` +
        `the next one of that process to the key, at ${seconds(operation.time)}, ` +
        `added ${describeMessageAt(log, message)}, which is not after it`,
      operations: [last.operation, operation],
    }));
  }
}
