/** Counts the anomalies of a kafka history and describes the first few of each. */
import type { Operation } from "../../history/history.ts";
import type { Finding } from "../checker.ts";
import { describeOperation, EXAMPLES_PER_KIND, quote, withMore } from "../wording.ts";
import type { Log, Message } from "./log.ts";

/** Jepsen's names of the anomalies that histories of single sends and polls can have. */
export type KafkaAnomaly =
  | "duplicate"
  | "empty-transaction-graph"
  | "G1a"
  | "G1c-realtime"
  | "inconsistent-offsets"
  | "int-nonmonotonic-poll"
  | "int-poll-skip"
  | "lost-write"
  | "nonmonotonic-poll"
  | "nonmonotonic-send"
  | "poll-skip"
  | "strong-PL-2-cycle-exists"
  | "unseen";

export class Findings {
  readonly #counts = new Map<KafkaAnomaly, number>();
  readonly #examples: Finding[] = [];

  /** Counts an anomaly; calls `describe` only for the first few of its kind. */
  add(
    anomaly: KafkaAnomaly,
    describe?: () => { sentence: string; operations: readonly (Operation | undefined)[] },
  ): void {
    const count = this.#counts.get(anomaly) ?? 0;
    this.#counts.set(anomaly, count + 1);
    if (describe === undefined || count >= EXAMPLES_PER_KIND) return;
    const { sentence, operations } = describe();
    const known = new Set(operations.filter((operation) => operation !== undefined));
    const inOrder = [...known].sort((one, other) => one.index - other.index);
    this.#examples.push({ anomaly, sentence, operations: inOrder });
  }

  /** Anomaly -> count, sorted by name. */
  counts(): ReadonlyMap<KafkaAnomaly, number> {
    return new Map([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** The examples in the order in which they were found. */
  examples(): readonly Finding[] {
    const ofKind = Map.groupBy(this.#examples, ({ anomaly }) => anomaly);
    const marked = new Map(
      [...this.#counts].flatMap(([anomaly, count]) => {
        const examples = ofKind.get(anomaly) ?? [];
        const last = withMore(examples, count).at(-1);
        return last === undefined ? [] : [[examples.at(-1), last] as const];
      }),
    );
    return this.#examples.map((example) => marked.get(example) ?? example);
  }
}

/** `"message 3"`. */
export function describeMessage(message: Message): string {
  return `message ${quote(message.value)}`;
}

/** `"message 3 at offset 8"`, by its index in the version order. */
export function describeMessageAt(log: Log, message: Message): string {
  const offset = log.order.offsets[message.index ?? message.firstIndex ?? -1];
  return `${describeMessage(message)} at ${offset === undefined ? "an unknown offset" : `offset ${offset}`}`;
}

/** Names the send of a message, with the time of its completion: `"process 1's send at 4.210 s"`. */
export function describeSend({ send }: Message): string {
  return send === undefined ? "an unknown send" : describeOperation(send.completion);
}

/** Lists the first items, and states how many more there are. */
export function listFew(items: readonly string[], total = items.length): string {
  const shown = items.slice(0, MAX_LISTED).join("; ");
  return total > MAX_LISTED ? `${shown}; and ${total - MAX_LISTED} more` : shown;
}

/** Maximum number of similar things that a sentence lists. */
export const MAX_LISTED = 3;
