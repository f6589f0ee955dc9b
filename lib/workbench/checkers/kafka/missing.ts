/** Whether every message that was acknowledged was polled in the end. */
import type { Operation } from "../../history/history.ts";
import { describeOperation } from "../wording.ts";
import type { Analysis } from "./analysis.ts";
import { capitalize, describeMessage, describeSend, type Findings } from "./findings.ts";
import type { Log } from "./log.ts";

/**
 * Lost writes: a poll got past these messages, so some poll should have returned them.
 *
 * How far polls got is the furthest of the messages that `ok` polls returned. A message at several
 * offsets counts with its first one there, and with its last one for being short of it.
 *
 * @throws {Error} when `ok` polls returned a key, but no message of it at a known offset: Jepsen
 *   looks for the message at index -1 then. A node that answers `[]` for a key may cause it.
 */
export function checkLost(log: Log, findings: Findings): void {
  if (log.firstPoll === undefined) return;
  const { offsets } = log.order;
  let bound = -1;
  let boundReader: Operation | undefined;
  for (const { reader, firstIndex } of log.messages()) {
    if (reader === undefined || firstIndex === undefined || firstIndex <= bound) continue;
    bound = firstIndex;
    boundReader = reader;
  }
  if (boundReader === undefined) {
    throw new Error(`Key ${log.key} was polled only as an empty list, never with a message`);
  }
  for (const message of log.messages()) {
    const { lastIndex, reader, send } = message;
    if (lastIndex === undefined || lastIndex > bound || reader !== undefined) continue;
    // A send that ended as `info` and whose message nobody polled may never have happened.
    if (send?.completion.type !== "ok") continue;
    findings.add("lost-write", () => ({
      sentence:
        `Key ${log.key} has ${describeMessage(message)} at offset ${offsets[lastIndex]} (${describeSend(message)}), ` +
        `and polls got as far as offset ${offsets[bound]} (${describeOperation(boundReader)}), ` +
        `but none ever returned ${describeMessage(message)}`,
      operations: [send.completion, boundReader],
    }));
  }
}

/** Key -> how many acknowledged messages no `ok` poll returned; keys without any are left out. */
export function checkUnseen(analysis: Analysis, findings: Findings): ReadonlyMap<string, number> {
  const unseen = new Map<string, number>();
  const last = analysis.steps.findLast(
    (step) => step.f !== "assign" && step.operation.type === "ok",
  );
  for (const log of analysis.logs.values()) {
    let count = 0;
    for (const message of log.messages()) {
      if (!message.isAcknowledged || message.reader !== undefined) continue;
      count += 1;
      findings.add("unseen", () => ({
        sentence:
          `${capitalize(describeSend(message))} added ${describeMessage(message)} to key ${log.key}, ` +
          "but no poll returned it until the end",
        operations: [message.send?.completion],
      }));
    }
    // A quirk of Jepsen's, which folds over the operations: a key that the very last of them polls,
    // and that nothing before it sent to or polled, passes for unseen.
    if (log.firstPoll !== undefined && log.firstPoll === last?.operation && !isSentTo(log)) {
      for (const message of log.messages()) {
        if (message.reader === undefined) continue;
        count += 1;
        findings.add("unseen", () => ({
          sentence:
            `${capitalize(describeOperation(last.operation))} was the first to return anything of key ${log.key} ` +
            `(${describeMessage(message)}), and nothing came after it to confirm that`,
          operations: [last.operation],
        }));
      }
    }
    if (count > 0) unseen.set(log.key, count);
  }
  return unseen;
}

function isSentTo(log: Log): boolean {
  return log.messages().some((message) => message.isAcknowledged);
}
