/** Checks that every acknowledged message was polled: lost writes and unseen messages. */
import type { Operation } from "../../history/history.ts";
import { describeOperation } from "../wording.ts";
import type { Analysis } from "./analysis.ts";
import { describeMessage, describeSend, type Findings } from "./findings.ts";
import type { Log } from "./log.ts";

/**
 * Finds lost writes: acknowledged messages that no `ok` poll returned, although polls reached
 * higher offsets.
 *
 * Polls reach as far as the last message that any `ok` poll returned. For a message at several
 * offsets the first one counts as reached, and the last one decides whether it was passed.
 *
 * @throws {Error} if `ok` polls returned a key, but none of its messages at a known offset. Jepsen
 *   then looks up index -1. Nodes that answer `[]` for a key can cause this.
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
    throw new Error(
      `Key ${log.key} was polled only as an empty list, never with a message. Jepsen's checker stops there too: a poll must return the messages from the requested offset on, [[offset, message], ...], counted from 0, and may omit a key that has none`,
    );
  }
  for (const message of log.messages()) {
    const { lastIndex, reader, send } = message;
    if (lastIndex === undefined || lastIndex > bound || reader !== undefined) continue;
    // An `info` send of a message that was never polled may not have happened.
    if (send?.completion.type !== "ok") continue;
    findings.add("lost-write", () => ({
      sentence:
        `no poll returned ${describeMessage(message)} at offset ${offsets[lastIndex]} of key ` +
        `${log.key} (${describeSend(message)}), although polls reached offset ${offsets[bound]} ` +
        `(${describeOperation(boundReader)})`,
      operations: [send.completion, boundReader],
    }));
  }
}

/** Key -> number of acknowledged messages that no `ok` poll returned; only keys that have any. */
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
          `no poll ever returned ${describeMessage(message)} of key ${log.key} ` +
          `(${describeSend(message)})`,
        operations: [message.send?.completion],
      }));
    }
    // A quirk of Jepsen's fold over operations: a key that only the last operation polls, and that
    // no earlier operation sent to or polled, counts as unseen.
    if (
      log.firstPoll !== undefined &&
      log.firstPoll === last?.operation &&
      !hasAcknowledgedMessage(log)
    ) {
      for (const message of log.messages()) {
        if (message.reader === undefined) continue;
        count += 1;
        findings.add("unseen", () => ({
          sentence:
            `${describeOperation(last.operation)}, the last operation, was the first to return ` +
            `${describeMessage(message)} or any other of key ${log.key}, so no later one confirms it`,
          operations: [last.operation],
        }));
      }
    }
    if (count > 0) unseen.set(log.key, count);
  }
  return unseen;
}

function hasAcknowledgedMessage(log: Log): boolean {
  return log.messages().some((message) => message.isAcknowledged);
}
