/** Describes lost, stale and unexpected elements. */
import type { History, Operation } from "../../history/history.ts";
import type { Finding } from "../checker.ts";
import { describeOperation, duration, enumerate, plural, quote, seconds } from "../wording.ts";
import type { FinalReads } from "./final-reads.ts";
import type { ElementOutcome } from "./outcome.ts";
import type { Oddity, Timeline } from "./timelines.ts";

export function describeLoss(lost: ElementOutcome, finalReads: FinalReads): Finding {
  const { element, lastPresent, lastAbsent } = lost;
  const present =
    lastPresent === undefined
      ? "no read ever returned it"
      : `last returned by ${describeOperation(lastPresent)}`;
  const absent = lastAbsent === undefined ? "a read" : describeOperation(lastAbsent);
  const where =
    missingFrom(lost, finalReads) ?? `missing from ${absent} and not returned after that`;
  return {
    anomaly: "lost",
    sentence: `value ${quote(element)}, ${howKnown(lost)}, was ${where}; ${present}`,
    operations: operationsOf(lost),
  };
}

export function describeStaleness(stale: ElementOutcome, finalReads: FinalReads): Finding {
  const { element, lastPresent, lastAbsent, latency } = stale;
  const where = missingFrom(stale, finalReads);
  const last = lastAbsent === undefined ? "" : `; last from ${describeOperation(lastAbsent)}`;
  const later = lastPresent === undefined ? "a later read" : describeOperation(lastPresent);
  return {
    anomaly: "stale",
    sentence:
      where === undefined
        ? `value ${quote(element)} was missing from reads until ${duration(latency)} after it was ` +
          `${howKnown(stale)}${last}`
        : `value ${quote(element)}, ${howKnown(stale)}, was ${where}; ` +
          `it is not lost, because ${later} returned it`,
    operations: operationsOf(stale),
  };
}

/** `"missing from every final read of n4"`; `undefined` if each node returned it in the end. */
function missingFrom({ element, known }: ElementOutcome, finalReads: FinalReads) {
  const nodes = known === undefined ? [] : finalReads.nodesWithout(element, known);
  if (nodes.length === 0) return undefined;
  if (nodes.length === finalReads.nodeCount) return "missing from every final read";
  return `missing from every final read of ${enumerate(nodes, (node) => node)}`;
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
