/**
 * Checks that polls read each log in order, without skips, repeats or steps back: within a poll, and
 * from a process's poll to its next. Also checks that no poll returns a message of a failed send, or
 * one whose send started later.
 */
import type { Operation } from "../../history/history.ts";
import { describeOperation, seconds } from "../wording.ts";
import type { Analysis } from "./analysis.ts";
import { describeMessageAt, describeSend, type Findings, listFew, MAX_LISTED } from "./findings.ts";
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
      // An index loop, as this is the innermost loop of the checker and polls can be long.
      for (let position = 0; position < pairs.length; position++) {
        const message = log.message(pairs[position]?.[1] ?? null);
        if (last !== undefined && !isNext(message, last)) {
          const from = position === 0 ? (left?.operation ?? operation) : operation;
          addStep(log, { operation: from, message: last }, { operation, message }, findings);
        }
        if (isOk) checkVisible(log, message, operation, findings);
        last = message;
      }
      // A poll that was not ok leaves the process's position unchanged. A poll that returned the key
      // without messages lets the next one start anywhere.
      if (!isOk) continue;
      if (pairs.length === 0 || last === undefined) positions.forget(operation.process, log.key);
      else positions.set(log.key, { operation, message: last });
    }
  }
}

/** Whether a message directly follows another; true if that is unknown. */
function isNext({ index }: Message, last: Message): boolean {
  return index === undefined || last.index === undefined || index === last.index + 1;
}

/** Reports a step from a polled message to one that is not the next: a skip, repeat or step back. */
function addStep(log: Log, last: Position, next: Position, findings: Findings): void {
  if (last.message.index === undefined || next.message.index === undefined) return;
  const step = next.message.index - last.message.index;
  const isWithin = last.operation === next.operation;
  const describeStep = () =>
    isWithin
      ? `${describeOperation(next.operation)} returned ${describeMessageAt(log, next.message)} of ` +
        `key ${log.key} right after ${describeMessageAt(log, last.message)}`
      : `${describeOperation(last.operation)} ended with ${describeMessageAt(log, last.message)} of ` +
        `key ${log.key}; the process's next poll of the key, at ${seconds(next.operation.time)}, ` +
        `started with ${describeMessageAt(log, next.message)}`;
  if (step < 1) {
    findings.add(isWithin ? "int-nonmonotonic-poll" : "nonmonotonic-poll", () => ({
      sentence: `${describeStep()}: ${step === 0 ? "a repeat" : "a step back"}`,
      operations: [last.operation, next.operation],
    }));
  } else {
    const first = last.message.index + 1;
    findings.add(isWithin ? "int-poll-skip" : "poll-skip", () => {
      const skipped = log.order.messages.slice(first, first + Math.min(step - 1, MAX_LISTED));
      const names = skipped.map(
        (message) => `${describeMessageAt(log, message)} (${describeSend(message)})`,
      );
      return {
        sentence: `${describeStep()}, skipping ${listFew(names, step - 1)}`,
        operations: [
          last.operation,
          ...skipped.map(({ send }) => send?.completion),
          next.operation,
        ],
      };
    });
  }
}

/** Checks that the send of a polled message did not fail, and did not start after the poll. */
function checkVisible(log: Log, message: Message, poll: Operation, findings: Findings): void {
  const { failure, send } = message;
  const returned = () =>
    `${describeOperation(poll)} returned ${describeMessageAt(log, message)} of key ${log.key}`;
  if (failure !== undefined) {
    findings.add("G1a", () => ({
      sentence: `${returned()}, whose send failed: ${describeOperation(failure)}`,
      operations: [failure, poll],
    }));
  }
  // This finds every cycle. A dependency leads from a send to each poll that returned its message
  // (wr), or from an `ok` operation to each operation invoked after it (realtime). In a cycle, take
  // the send that was invoked last: the poll of its message completed before the cycle's next send
  // was invoked, so also before this one was. Jepsen reports such a cycle under both names.
  if (send !== undefined && poll.index < send.invocation.index) {
    findings.add("strong-PL-2-cycle-exists");
    findings.add("G1c-realtime", () => ({
      sentence:
        `${returned()}, before process ${send.invocation.process} started to send it ` +
        `at ${seconds(send.invocation.time)}`,
      operations: [poll, send.invocation, send.completion],
    }));
  }
}
