/** Decides linearizability of a register by trying every order: slow, but obviously correct. */
import { type History, type Pair, pairs } from "../../../lib/workbench/history/history.ts";

/** Whether operations on one key, whose values are `[key, value]`, are linearizable. */
export function isLinearizable(history: History): boolean {
  const happened = pairs(history).filter(({ completion }) => completion?.type !== "fail");
  return hasOrder(null, happened);
}

function hasOrder(value: unknown, remaining: readonly Pair[]): boolean {
  if (remaining.every((pair) => !isDefinite(pair))) return true;
  return remaining.some((next) => {
    const others = remaining.filter((other) => other !== next);
    const isTooLate = others.some((other) => completedAt(other) < next.invocation.index);
    if (isTooLate) return false;
    const after = apply(value, next);
    return after !== undefined && hasOrder(after.value, others);
  });
}

function isDefinite({ completion }: Pair): boolean {
  return completion?.type === "ok";
}

function completedAt(pair: Pair): number {
  return isDefinite(pair) ? (pair.completion?.index ?? 0) : Number.POSITIVE_INFINITY;
}

/** Returns the value after the operation; `undefined` if the operation cannot take effect. */
function apply(value: unknown, pair: Pair): { readonly value: unknown } | undefined {
  const operation = isDefinite(pair) ? (pair.completion ?? pair.invocation) : pair.invocation;
  // Cast: tests write values as pairs of a key and an argument.
  const [, argument] = operation.value as [unknown, unknown];
  switch (operation.f) {
    case "read":
      return argument === null || argument === value ? { value } : undefined;
    case "write":
      return { value: argument };
    default: {
      const [from, to] = argument as [unknown, unknown];
      return from === value ? { value: to } : undefined;
    }
  }
}
