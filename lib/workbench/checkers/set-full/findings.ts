/** Describes lost, stale and unexpected elements. */
import type { NodeId } from "../../../vortex/index.ts";
import type { History, Operation } from "../../history/history.ts";
import type { Finding } from "../checker.ts";
import { describeOperation, duration, enumerate, plural, quote, seconds } from "../wording.ts";
import type { FinalReads } from "./final-reads.ts";
import type { ElementOutcome } from "./outcome.ts";
import type { Oddity, Timeline } from "./timelines.ts";

export function describeLoss(lost: ElementOutcome, finalReads: FinalReads): Finding {
  const { lastPresent, lastAbsent } = lost;
  const absent = lastAbsent === undefined ? "a read" : describeOperation(lastAbsent);
  const nodes = nodesWithout(lost, finalReads);
  const where =
    missingFrom(nodes, finalReads) ?? `missing from ${absent} and not returned after that`;
  const isOnSomeNodes = nodes.length > 0 && nodes.length < finalReads.nodeCount;
  const present =
    lastPresent === undefined
      ? "no read ever returned it"
      : isOnSomeNodes && lastAbsent !== undefined
        ? `it is lost: the read invoked last, ${absent}, lacks it; the last read with it, ` +
          `${describeOperation(lastPresent)}, was invoked ${earlier(lastPresent, lastAbsent)}`
        : `last returned by ${describeOperation(lastPresent)}`;
  return {
    anomaly: "lost",
    sentence: `${nameOf(lost)}, ${howKnown(lost)}, was ${where}; ${present}`,
    operations: operationsOf(lost),
  };
}

export function describeStaleness(stale: ElementOutcome, finalReads: FinalReads): Finding {
  const { lastPresent, lastAbsent, latency } = stale;
  const where = missingFrom(nodesWithout(stale, finalReads), finalReads);
  return {
    anomaly: "stale",
    sentence:
      where === undefined || lastPresent === undefined || lastAbsent === undefined
        ? `${nameOf(stale)} was missing from reads until ${duration(latency)} after it was ` +
          `${howKnown(stale)}${lastAbsent === undefined ? "" : `; last from ${describeOperation(lastAbsent)}`}`
        : `${nameOf(stale)}, ${howKnown(stale)}, was ${where}; it is not lost: the read invoked last, ` +
          `${describeOperation(lastPresent)}, has it; the last read without it, ` +
          `${describeOperation(lastAbsent)}, was invoked ${earlier(lastAbsent, lastPresent)}`,
    operations: operationsOf(stale),
  };
}

/** The word that the verdict of its workload has for it. */
function nameOf({ element, addition }: Timeline): string {
  return `${addition.f === "broadcast" ? "value" : "element"} ${quote(element)}`;
}

/** How long before another an operation was invoked. Final reads of nodes may be microseconds apart. */
function earlier(one: Operation, other: Operation): string {
  const nanoseconds = other.time - one.time;
  if (nanoseconds === 0) return "at the same time, just before in the history";
  return nanoseconds < 1e6
    ? `${Number((nanoseconds / 1000).toPrecision(3))} µs earlier`
    : `${duration(Math.round(nanoseconds / 1e6))} earlier`;
}

function nodesWithout({ element, known }: ElementOutcome, finalReads: FinalReads) {
  return known === undefined ? [] : finalReads.nodesWithout(element, known);
}

/** `"missing from every final read of n4"`; `undefined` if each node returned it in the end. */
function missingFrom(nodes: readonly NodeId[], finalReads: FinalReads): string | undefined {
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
