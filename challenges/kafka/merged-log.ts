/**
 * The logs of all nodes, merged into one log per key. No network, no clock.
 *
 * Each node has a watermark: none of its later records holds a message from before that time. Below
 * the lowest watermark every message is known, so messages from before it become visible, in the order
 * of their offsets; nothing can appear between them later.
 */
import * as v from "valibot";
import { KeyLog } from "./key-log.ts";
import { MAX_POLLED, MAX_POLLED_LENGTH } from "./limits.ts";

/** A number of records, a time or an offset. */
export const Count = v.pipe(v.number(), v.safeInteger());

/** One record of a node's log. The j-th message has the time `time + j`. */
export const LogRecord = v.object({
  time: Count,
  messages: v.pipe(v.array(v.tuple([v.string(), v.unknown()])), v.readonly()),
  commits: v.pipe(v.array(v.tuple([v.string(), Count])), v.readonly()),
});
export type LogRecord = Readonly<v.InferOutput<typeof LogRecord>>;

/** Nodes are numbered as in `node_ids`. The records of a node must be added in the order of its log. */
export class MergedLog {
  readonly #sources: readonly Source[];
  readonly #keys = new Map<string, KeyLog>();
  readonly #committed = new Map<string, number>();
  #end = 0;
  #lowWatermark = 0;
  #isWatermarkBroken = false;
  #isOrderBroken = false;

  constructor(nodeCount: number) {
    this.#sources = Array.from({ length: nodeCount }, newSource);
  }

  /** The earliest time after all records. */
  get end(): number {
    return this.#end;
  }

  /** Invariant: a record holds no message from before its node's watermark. Stays false once violated. */
  get keepsWatermarks(): boolean {
    return !this.#isWatermarkBroken;
  }

  /** Invariant: no message becomes visible before one that is visible. Stays false once violated. */
  get isOrdered(): boolean {
    return !this.#isOrderBroken;
  }

  /** The offset of a message. Unique, and increasing with time. */
  offsetOf(node: number, time: number): number {
    return time * this.#sources.length + node;
  }

  watermarkOf(node: number): number {
    return this.#sources[node]?.watermark ?? 0;
  }

  /** Takes in the next record of a node. */
  add(node: number, { time, messages, commits }: LogRecord): void {
    const hidden = this.#sources[node]?.hidden;
    this.#isWatermarkBroken ||= messages.length > 0 && time < this.watermarkOf(node);
    for (const [index, [key, message]] of messages.entries()) {
      hidden?.push({ time: time + index, key, message });
    }
    for (const [key, offset] of commits) this.commit(key, offset);
    const end = time + messages.length;
    this.#end = Math.max(this.#end, end);
    this.raiseWatermark(node, end);
  }

  /** Raises a node's watermark. A lower one changes nothing. */
  raiseWatermark(node: number, time: number): void {
    const source = this.#sources[node];
    if (source === undefined || time <= source.watermark) return;
    source.watermark = time;
    this.#reveal();
  }

  /** Returns the visible messages from these offsets on; keys without messages are left out. */
  poll(
    offsets: ReadonlyMap<string, number>,
    maxCount = MAX_POLLED,
  ): Map<string, [offset: number, message: unknown][]> {
    const polled = new Map<string, [number, unknown][]>();
    let [count, length, keysLeft] = [maxCount, MAX_POLLED_LENGTH, offsets.size];
    for (const [key, offset] of offsets) {
      const log = this.#keys.get(key);
      // An equal share of what earlier keys have left: short logs leave more to long ones.
      const share = (room: number) => Math.max(1, Math.floor(room / keysLeft));
      const isFirstOfAll = polled.size === 0;
      const minimum = length > 0 || isFirstOfAll ? (log?.lengthAt(offset) ?? 0) : 0;
      const room = { count: share(count), length: Math.max(minimum, share(length)) };
      const read = log?.read(offset, room);
      if (read !== undefined && read.messages.length > 0) polled.set(key, read.messages);
      count -= read?.messages.length ?? 0;
      length -= read?.length ?? 0;
      keysLeft--;
    }
    return polled;
  }

  /** Raises a key's committed offset; returns whether it was lower. */
  commit(key: string, offset: number): boolean {
    if (offset <= (this.#committed.get(key) ?? Number.NEGATIVE_INFINITY)) return false;
    this.#committed.set(key, offset);
    return true;
  }

  committed(key: string): number | undefined {
    return this.#committed.get(key);
  }

  /** Makes everything from before the lowest watermark visible. */
  #reveal(): void {
    const lowWatermark = Math.min(...this.#sources.map(({ watermark }) => watermark));
    if (lowWatermark === this.#lowWatermark) return;
    this.#lowWatermark = lowWatermark;
    const revealed = this.#sources.flatMap((source, node) =>
      takeBefore(lowWatermark, source).map(({ time, key, message }) => {
        return { offset: this.offsetOf(node, time), key, message };
      }),
    );
    revealed.sort((one, other) => one.offset - other.offset);
    for (const { offset, key, message } of revealed) {
      const log = this.#keys.get(key) ?? new KeyLog();
      this.#keys.set(key, log);
      this.#isOrderBroken ||= offset <= log.lastOffset;
      log.append(offset, message);
    }
  }
}

/** One node's log, as far as it is known. */
interface Source {
  watermark: number;
  /** Messages in the order of their times. Those that are visible by now are at the front. */
  hidden: Hidden[];
  /** How many of `hidden` are visible, and wait to be dropped together. */
  revealedCount: number;
}

interface Hidden {
  readonly time: number;
  readonly key: string;
  readonly message: unknown;
}

function newSource(): Source {
  return { watermark: 0, hidden: [], revealedCount: 0 };
}

/** Takes the hidden messages from before a time, in constant time per message (amortised). */
function takeBefore(time: number, source: Source): Hidden[] {
  const { hidden, revealedCount } = source;
  let end = revealedCount;
  while ((hidden[end]?.time ?? time) < time) end++;
  const taken = hidden.slice(revealedCount, end);
  source.revealedCount = end;
  if (end > hidden.length / 2) {
    source.hidden = hidden.slice(end);
    source.revealedCount = 0;
  }
  return taken;
}
