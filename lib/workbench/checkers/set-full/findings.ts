/** Describes lost, stale and unexpected elements. */
import type { History, Operation } from "../../history/history.ts";
import type { Finding } from "../checker.ts";
import { describeOperation, duration, plural, quote, seconds } from "../wording.ts";
import type { ElementOutcome } from "./outcome.ts";
import type { Oddity, Timeline } from "./timelines.ts";

export function describeLoss(lost: ElementOutcome): Finding {
  const { element, lastPresent, lastAbsent } = lost;
  const present =
    lastPresent === undefined
      ? "never returned by a read"
      : `last returned by ${describeOperation(lastPresent)}`;
  const absent = lastAbsent === undefined ? "a read" : describeOperation(lastAbsent);
  return {
    anomaly: "lost",
    sentence:
      `value ${quote(element)} is lost: ${howKnown(lost)}, ${present}, ` +
      `missing from ${absent} and not returned after that`,
    operations: operationsOf(lost),
  };
}

export function describeStaleness(stale: ElementOutcome): Finding {
  const { element, lastAbsent, latency } = stale;
  const last = lastAbsent === undefined ? "" : `; last from ${describeOperation(lastAbsent)}`;
  return {
    anomaly: "stale",
    sentence:
      `value ${quote(element)} was missing from reads until ${duration(latency)} after it was ` +
      `${howKnown(stale)}${last}`,
    operations: operationsOf(stale),
  };
}

/** `"acknowledged to process 1 at 3.020 s"`. */
function howKnown({ known }: Timeline): string {
  if (known === undefined) return "never known";
  const how = known.f === "read" ? "first returned to" : "acknowledged to";
  return `${how} process ${known.process} at ${seconds(known.time)}`;
}

function operationsOf({ addition, known, lastPresent, lastAbsent }: Timeline): Operation[] {
  return [...new Set([addition, known, lastPresent, lastAbsent])]
    .filter((operation) => operation !== undefined)
    .sort((one, other) => one.index - other.index);
}

export function describeOddity({ anomaly, element, invocation, completion }: Oddity): Finding {
  const how = anomaly === "unexpected" ? ", which no client added" : " more than once";
  return {
    anomaly,
    sentence:
      `${describeOperation(invocation)} returned ${quote(element)}${how} ` +
      "(this does not make the test invalid)",
    operations: [invocation, completion],
  };
}

export function nothingRead(history: History, elementCount: number): Finding {
  const reads = history.filter(({ type, f }) => type === "ok" && f === "read");
  return {
    anomaly: "never-read",
    sentence:
      `no read returned any element: ${plural(elementCount, "addition")} attempted, ` +
      `${plural(reads.length, "ok read")}`,
    operations: [],
  };
}
