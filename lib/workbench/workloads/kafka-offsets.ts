import type { Json } from "../../vortex/index.ts";
import type { Operation } from "../history/history.ts";

/** The offsets of each key, as known from completed operations. */
export class KnownOffsets {
  /** Highest offset of ok sends and polls. */
  readonly highest = new Map<string, number>();
  readonly #highestSent = new Map<string, number>();
  readonly #highestPolled = new Map<string, number>();

  update({ type, f, value }: Operation): void {
    if (type !== "ok") return;
    if (f === "send") {
      for (const [key, offset] of sentOffsets(value)) {
        raise(this.#highestSent, key, offset);
        raise(this.highest, key, offset);
      }
    } else if (f === "poll") {
      for (const [key, offset] of polledOffsets(value)) {
        raise(this.#highestPolled, key, offset);
        raise(this.highest, key, offset);
      }
    }
  }

  /** Keys with acknowledged messages that no poll has returned. */
  keysBehind(): string[] {
    const polled = (key: string) => this.#highestPolled.get(key) ?? Number.NEGATIVE_INFINITY;
    return [...this.#highestSent].flatMap(([key, sent]) => (sent > polled(key) ? [key] : []));
  }
}

/** Raises the offset of a key, if it is lower. */
export function raise(offsets: Map<string, number>, key: string, offset: number): void {
  if (offset > (offsets.get(key) ?? Number.NEGATIVE_INFINITY)) offsets.set(key, offset);
}

// KafkaClient creates the values of ok operations.
function sentOffsets(value: Json): [string, number][] {
  const sends = value as readonly (readonly ["send", string, readonly [number, Json]])[];
  return sends.map(([, key, [offset]]) => [key, offset]);
}

/** The highest offset of each key; -1 if the poll returned the key without messages. */
export function polledOffsets(value: Json): [string, number][] {
  type Msgs = { readonly [key: string]: readonly (readonly [number, Json])[] };
  const polls = value as readonly (readonly ["poll", Msgs])[];
  return polls.flatMap(([, msgs]) =>
    Object.entries(msgs).map(([key, pairs]): [string, number] => [key, highestOffset(pairs)]),
  );
}

function highestOffset(pairs: readonly (readonly [number, Json])[]): number {
  return pairs.reduce((highest, [offset]) => Math.max(highest, offset), -1);
}
