/** Checks that each offset of a log holds a single message, and each message has a single offset. */
import { describeOperation } from "../wording.ts";
import { describeMessage, type Findings, listFew, MAX_LISTED } from "./findings.ts";
import type { Log } from "./log.ts";

export function checkOffsets(log: Log, findings: Findings): void {
  for (const { offset, observations } of log.order.conflicts) {
    findings.add("inconsistent-offsets", () => ({
      sentence:
        `offset ${offset} of key ${log.key} holds several messages: ` +
        listFew(
          observations.map(
            ({ message, witness }) => `${describeMessage(message)} (${describeOperation(witness)})`,
          ),
        ),
      operations: observations.slice(0, MAX_LISTED).map(({ witness }) => witness),
    }));
  }
  for (const message of log.messages()) {
    const observations = message.observations();
    if (observations.length < 2) continue;
    findings.add("duplicate", () => {
      const inOrder = observations.toSorted((one, other) => one.offset - other.offset);
      return {
        sentence:
          `${describeMessage(message)} of key ${log.key} has several offsets: ` +
          listFew(
            inOrder.map(({ offset, witness }) => `${offset} (${describeOperation(witness)})`),
          ),
        operations: inOrder.slice(0, MAX_LISTED).map(({ witness }) => witness),
      };
    });
  }
}
