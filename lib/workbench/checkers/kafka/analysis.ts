/**
 * Reads a history of the kafka workload into the logs of all keys and the list of completions.
 *
 * Every operation has a single micro-operation, as Maelstrom's client requires.
 */
import {
  type History,
  isClientOperation,
  type Operation,
  type Process,
} from "../../history/history.ts";
import { quote } from "../wording.ts";
import { Log, type Message } from "./log.ts";
import {
  assignedKeys,
  malformed,
  type OffsetMessage,
  parsePoll,
  parseSend,
} from "./parse-operation.ts";

/** The result of a poll for one key. */
export interface Read {
  readonly log: Log;
  readonly pairs: readonly OffsetMessage[];
}

export interface Poll {
  readonly f: "poll";
  readonly operation: Operation;
  readonly invocation: Operation;
  readonly reads: readonly Read[];
}

export interface Send {
  readonly f: "send";
  readonly operation: Operation;
  readonly log: Log;
  readonly message: Message;
  readonly offset: number | undefined;
}

export interface Assign {
  readonly f: "assign";
  readonly operation: Operation;
  readonly keys: readonly string[];
}

/** A completed operation. */
export type Step = Poll | Send | Assign;

export interface Analysis {
  readonly logs: ReadonlyMap<string, Log>;
  readonly steps: readonly Step[];
  /** Whether any send or poll depends on another: in real time, or by returning its message. */
  readonly hasDependencies: boolean;
}

/**
 * Reads a history.
 *
 * Logs are built from all polls, whatever their outcome, and from the sends that certainly took
 * effect: `ok` sends, and sends whose message an `ok` poll returned.
 *
 * @throws {Error} if an operation is malformed, and where Jepsen's checker throws: if a message was
 *   polled whose send did not complete, or if the history has no operations.
 */
export function analyse(history: History): Analysis {
  const logs = new Map<string, Log>();
  const steps: Step[] = [];
  const invocations = new Map<Process, Operation>();
  const uncertain: { message: Message; offset: number; operation: Operation }[] = [];
  let firstOk = Number.POSITIVE_INFINITY;
  let hasDependencies = false;

  const logOf = (key: string): Log => logs.getOrInsertComputed(key, () => new Log(key));

  for (const operation of history) {
    if (!isClientOperation(operation)) continue;
    if (operation.type === "invoke") {
      invocations.set(operation.process, operation);
      continue;
    }
    if (operation.f === "assign") {
      steps.push({ f: "assign", operation, keys: assignedKeys(operation) });
      continue;
    }
    if (operation.f !== "send" && operation.f !== "poll") continue;

    const invocation = invocations.get(operation.process);
    if (invocation === undefined) throw malformed(operation, "was never invoked");
    if (invocation.index > firstOk) hasDependencies = true;
    if (operation.type === "ok") firstOk = Math.min(firstOk, operation.index);

    if (operation.f === "send") {
      const { key, value, offset } = parseSend(operation);
      const log = logOf(key);
      const message = log.message(value);
      message.send = { invocation, completion: operation };
      if (operation.type === "ok") message.isAcknowledged = true;
      if (operation.type === "fail") message.failure = operation;
      if (operation.type === "ok" && offset !== undefined) message.observeAt(offset, operation);
      if (operation.type === "info" && offset !== undefined) {
        uncertain.push({ message, offset, operation });
      }
      steps.push({ f: "send", operation, log, message, offset });
    } else {
      const reads = parsePoll(operation).map(([key, pairs]) => ({ log: logOf(key), pairs }));
      for (const { log, pairs } of reads) {
        if (operation.type === "ok") log.firstPoll ??= operation;
        for (const pair of pairs) {
          const message = log.message(pair[1]);
          if (pair[0] !== null) message.observeAt(pair[0], operation);
          if (operation.type === "ok") message.reader ??= operation;
          hasDependencies = true;
        }
      }
      steps.push({ f: "poll", operation, invocation, reads });
    }
  }
  if (invocations.size === 0) throw new Error("The history has no operations");
  for (const { message, offset, operation } of uncertain) {
    if (message.reader !== undefined) message.observeAt(offset, operation);
  }
  for (const log of logs.values()) {
    const phantom = log.messages().find(({ send }) => send === undefined);
    if (phantom !== undefined) {
      throw new Error(
        `Message ${quote(phantom.value)} of key ${log.key} was polled, but no send of it completed. A poll must return messages as they were sent, each as [offset, message]`,
      );
    }
    log.orderVersions();
  }
  return { logs, steps, hasDependencies };
}
