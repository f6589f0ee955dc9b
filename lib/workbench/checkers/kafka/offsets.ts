/** Whether every offset of a log has one message, and every message one offset. */
import { whose } from "../wording.ts";
import { FEW, type Findings, few, named } from "./findings.ts";
import type { Log } from "./log.ts";

export function checkOffsets(log: Log, findings: Findings): void {
  for (const { offset, places } of log.order.conflicts) {
    findings.add("inconsistent-offsets", () => ({
      sentence:
        `Offset ${offset} of key ${log.key} holds several messages: ` +
        few(places.map(({ message, witness }) => `${named(message)} (${whose(witness)})`)),
      operations: places.slice(0, FEW).map(({ witness }) => witness),
    }));
  }
  for (const message of log.messages()) {
    const places = message.places();
    if (places.length < 2) continue;
    findings.add("duplicate", () => {
      const inOrder = places.toSorted((one, other) => one.offset - other.offset);
      return {
        sentence:
          `Key ${log.key} has ${named(message)} at several offsets: ` +
          few(inOrder.map(({ offset, witness }) => `${offset} (${whose(witness)})`)),
        operations: inOrder.slice(0, FEW).map(({ witness }) => witness),
      };
    });
  }
}
