/**
 * Whether polls go through each log in order, without holes, repeats and steps back, within one
 * poll and from one poll of a process to its next; and whether they return what they must not.
 */
import type { Operation } from "../../history/history.ts";
import { describeOperation, seconds } from "../wording.ts";
import type { Analysis } from "./analysis.ts";
import {
  capitalize,
  describeMessageAt,
  describeSend,
  type Findings,
  LISTED,
  listFew,
} from "./findings.ts";
import type { Log, Message } from "./log.ts";
import { type Position, Positions } from "./positions.ts";

export function checkPolls({ steps }: Analysis, findings: Findings): void {
  const positions = new Positions();
  for (const step of steps) {
    if (step.f === "assign") positions.assign(step);
    if (step.f !== "poll") continue;
    const { operation, reads } = step;
    const isOk = operation.type === "ok";
    for (const { log, pairs } of reads) {
      const left = positions.get(operation.process, log.key);
      let last = left?.message;
      // By index rather than of: polls can be long, and this is the innermost loop of all.
      for (let position = 0; position < pairs.length; position++) {
        const message = log.message(pairs[position]?.[1] ?? null);
        if (last !== undefined && !isNext(message, last)) {
          const from = position === 0 ? (left?.operation ?? operation) : operation;
          addStep(log, { operation: from, message: last }, { operation, message }, findings);
        }
        if (isOk) checkVisible(log, message, operation, findings);
        last = message;
      }
      // A poll that failed, or may have, leaves the process where it was. One that returned the key
      // without messages lets it begin anywhere.
      if (!isOk) continue;
      if (pairs.length === 0 || last === undefined) positions.forget(operation.process, log.key);
      else positions.set(log.key, { operation, message: last });
    }
  }
}

/** Whether a message follows another one directly; if nobody knows, it passes for that. */
function isNext({ index }: Message, last: Message): boolean {
  return index === undefined || last.index === undefined || index === last.index + 1;
}

/** Adds a step from one polled message to another that is not the next one. */
function addStep(log: Log, last: Position, next: Position, findings: Findings): void {
  if (last.message.index === undefined || next.message.index === undefined) return;
  const step = next.message.index - last.message.index;
  const isWithin = last.operation === next.operation;
  const course = () =>
    isWithin
      ? `In ${describeOperation(next.operation)}, ${describeMessageAt(log, next.message)} of key ${log.key} comes right ` +
        `after ${describeMessageAt(log, last.message)}`
      : `${capitalize(describeOperation(last.operation))} got as far as ${describeMessageAt(log, last.message)} of key ` +
        `${log.key}; the next one of that process to return the key, at ` +
        `${seconds(next.operation.time)}, began with ${describeMessageAt(log, next.message)}`;
  if (step < 1) {
    findings.add(isWithin ? "int-nonmonotonic-poll" : "nonmonotonic-poll", () => ({
      sentence: `${course()}: ${step === 0 ? "a repeat" : "a step back"}`,
      operations: [last.operation, next.operation],
    }));
  } else {
    const first = last.message.index + 1;
    findings.add(isWithin ? "int-poll-skip" : "poll-skip", () => {
      const skipped = log.order.messages.slice(first, first + Math.min(step - 1, LISTED));
      const names = skipped.map(
        (message) => `${describeMessageAt(log, message)} (${describeSend(message)})`,
      );
      return {
        sentence: `${course()}, leaving out ${listFew(names, step - 1)}`,
        operations: [
          last.operation,
          ...skipped.map(({ send }) => send?.completion),
          next.operation,
        ],
      };
    });
  }
}

/** Whether a poll may return a message at all. */
function checkVisible(log: Log, message: Message, poll: Operation, findings: Findings): void {
  const { failure, send } = message;
  const returned = () =>
    `${capitalize(describeOperation(poll))} returned ${describeMessageAt(log, message)} of key ${log.key}`;
  if (failure !== undefined) {
    findings.add("G1a", () => ({
      sentence: `${returned()}, but the send of that message failed: ${describeOperation(failure)}`,
      operations: [failure, poll],
    }));
  }
  // This is the whole search for cycles. A dependency leads from a send to each poll that returned
  // its message, or from an `ok` operation to one that began after its end; there are no others. In
  // a cycle of them, take the send that began last. The poll that returned its message ended before
  // the next send of the cycle began, hence before this one did. Jepsen always reports such a cycle
  // under both names.
  if (send !== undefined && poll.index < send.invocation.index) {
    findings.add("strong-PL-2-cycle-exists");
    findings.add("G1c-realtime", () => ({
      sentence:
        `${returned()}, which process ${send.invocation.process} began to send only later, ` +
        `at ${seconds(send.invocation.time)}`,
      operations: [poll, send.invocation, send.completion],
    }));
  }
}
