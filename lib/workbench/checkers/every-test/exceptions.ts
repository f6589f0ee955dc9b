/**
 * Lists the exceptions, most often malformed replies, that ended operations as `info`.
 *
 * @see Jepsen, `jepsen.checker/unhandled-exceptions`
 */
import type { History, Operation } from "../../history/history.ts";
import type { CheckOptions, Finding, Verdict } from "../checker.ts";
import { describeOperation, plural } from "../wording.ts";

export interface ExceptionCount {
  readonly count: number;
  readonly class: string;
  /** The first operation that ended with it. */
  readonly example: Operation;
}

export interface ExceptionsVerdict extends Verdict {
  readonly valid: true;
  /** Most frequent first; absent if empty. */
  readonly exceptions?: readonly ExceptionCount[];
}

/** Reports exceptions; always valid. */
export function checkExceptions(history: History, _options: CheckOptions = {}): ExceptionsVerdict {
  const byClass = new Map<string, { count: number; class: string; example: Operation }>();
  for (const operation of history) {
    if (operation.type !== "info" || operation.exception === undefined) continue;
    const counted = byClass.get(operation.exception.class);
    if (counted !== undefined) counted.count++;
    else {
      const name = operation.exception.class;
      byClass.set(name, { count: 1, class: name, example: operation });
    }
  }
  if (byClass.size === 0) return { valid: true };
  const exceptions = [...byClass.values()].sort((one, other) => other.count - one.count);
  return { valid: true, exceptions, explanation: exceptions.map(ended) };
}

function ended({ class: name, count, example }: ExceptionCount): Finding {
  return {
    anomaly: name,
    sentence: `ended ${plural(count, "operation")}, first ${describeOperation(example)}: ${example.exception?.message}`,
    operations: [example],
  };
}
