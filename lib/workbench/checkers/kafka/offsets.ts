/** Whether every offset of a log has one message, and every message one offset. */
import { describeOperation } from "../wording.ts";
import { describeMessage, type Findings, LISTED, listFew } from "./findings.ts";
import type { Log } from "./log.ts";

export function checkOffsets(log: Log, findings: Findings): void {
  for (const { offset, places } of log.order.conflicts) {
    findings.add("inconsistent-offsets", () => ({
      sentence:
        `Offset ${offset} of key ${log.key} holds several messages: ` +
        listFew(
          places.map(
            ({ message, witness }) => `${describeMessage(message)} (${describeOperation(witness)})`,
          ),
        ),
      operations: places.slice(0, LISTED).map(({ witness }) => witness),
    }));
  }
  for (const message of log.messages()) {
    const places = message.places();
    if (places.length < 2) continue;
    findings.add("duplicate", () => {
      const inOrder = places.toSorted((one, other) => one.offset - other.offset);
      return {
        sentence:
          `Key ${log.key} has ${describeMessage(message)} at several offsets: ` +
          listFew(
            inOrder.map(({ offset, witness }) => `${offset} (${describeOperation(witness)})`),
          ),
        operations: inOrder.slice(0, LISTED).map(({ witness }) => witness),
      };
    });
  }
}
