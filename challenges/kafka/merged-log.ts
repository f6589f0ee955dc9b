/**
 * What a node knows of the logs of all nodes, and what of it can be polled. When that is, and why, is
 * told in `../kafka.ts`; here is neither network nor clock.
 */
import * as v from "valibot";
import { jsonLength } from "../../lib/vortex/index.ts";

/** A number of records, a time or an offset. */
export const Count = v.pipe(v.number(), v.safeInteger());

/** What a node appends to its log: messages, of which the j-th has the time `time + j`. */
export const LogRecord = v.object({
  time: Count,
  messages: v.pipe(v.array(v.tuple([v.string(), v.unknown()])), v.readonly()),
  commits: v.pipe(v.array(v.tuple([v.string(), Count])), v.readonly()),
});
export type LogRecord = Readonly<v.InferOutput<typeof LogRecord>>;

/** How many messages a poll returns, over all keys; but one of each key for which there is room. */
const MAX_POLLED = 10_000;
/** How much room there is, in characters of messages, about; but one message always fits. */
const MAX_POLLED_LENGTH = 2 ** 20;

/**
 * The logs of all nodes merged into one for each key.
 *
 * Nodes are numbered as in `node_ids`. Records of one node come in the order of its log.
 */
export class MergedLog {
  readonly #sources: readonly Source[];
  readonly #keys = new Map<string, KeyLog>();
  readonly #committed = new Map<string, number>();
  #end = 0;
  /** All messages from before this time are known, and can be polled. */
  #watermark = 0;

  constructor(nodeCount: number) {
    this.#sources = Array.from({ length: nodeCount }, newSource);
  }

  /** The earliest time that is after all records. */
  get end(): number {
    return this.#end;
  }

  /** The offset of a message. */
  offsetOf(node: number, time: number): number {
    return time * this.#sources.length + node;
  }

  /** The time that all later records of a node are known to keep to. */
  promiseOf(node: number): number {
    return this.#sources[node]?.promise ?? 0;
  }

  /** Takes in the next record of a node. */
  add(node: number, { time, messages, commits }: LogRecord): void {
    const hidden = this.#sources[node]?.hidden;
    for (const [index, [key, message]] of messages.entries()) {
      hidden?.push({ time: time + index, key, message });
    }
    for (const [key, offset] of commits) this.commit(key, offset);
    const end = time + messages.length;
    this.#end = Math.max(this.#end, end);
    this.promise(node, end);
  }

  /** Takes in that no later record of a node holds a message from before a time. */
  promise(node: number, time: number): void {
    const source = this.#sources[node];
    if (source === undefined || time <= source.promise) return;
    source.promise = time;
    this.#reveal();
  }

  /** What there is from these offsets on; keys without messages are left out. */
  poll(
    offsets: ReadonlyMap<string, number>,
    maxCount = MAX_POLLED,
  ): Map<string, [offset: number, message: unknown][]> {
    const polled = new Map<string, [number, unknown][]>();
    let [count, length, keysToCome] = [maxCount, MAX_POLLED_LENGTH, offsets.size];
    for (const [key, offset] of offsets) {
      const log = this.#keys.get(key);
      // An equal share of what those before have left: keys with few messages leave more to others.
      const share = (room: number) => Math.max(1, Math.floor(room / keysToCome));
      const isFirstOfAll = polled.size === 0;
      const least = length > 0 || isFirstOfAll ? (log?.lengthAt(offset) ?? 0) : 0;
      const room = { count: share(count), length: Math.max(least, share(length)) };
      const read = log?.read(offset, room);
      if (read !== undefined && read.messages.length > 0) polled.set(key, read.messages);
      count -= read?.messages.length ?? 0;
      length -= read?.length ?? 0;
      keysToCome--;
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

  /** Makes everything below the lowest promise ready to be polled. */
  #reveal(): void {
    const watermark = Math.min(...this.#sources.map(({ promise }) => promise));
    if (watermark === this.#watermark) return;
    this.#watermark = watermark;
    const revealed = this.#sources.flatMap((source, node) =>
      takeBefore(watermark, source).map(({ time, key, message }) => {
        return { offset: this.offsetOf(node, time), key, message };
      }),
    );
    revealed.sort((one, other) => one.offset - other.offset);
    for (const { offset, key, message } of revealed) {
      const log = this.#keys.get(key) ?? new KeyLog();
      this.#keys.set(key, log);
      log.append(offset, message);
    }
  }
}

/** How much fits: messages, and characters in them. */
interface Room {
  readonly count: number;
  readonly length: number;
}

/** What is known of one node's log. */
interface Source {
  /** No record that is not known yet holds a message from before this time. */
  promise: number;
  /** Messages that cannot be polled yet, in the order of their times. */
  hidden: Hidden[];
  /** How many of these can be polled by now, and are forgotten some time. */
  revealedCount: number;
}

interface Hidden {
  readonly time: number;
  readonly key: string;
  readonly message: unknown;
}

function newSource(): Source {
  return { promise: 0, hidden: [], revealedCount: 0 };
}

/** Takes the hidden messages from before a time; taking one costs the same however many there are. */
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

/** The messages of one key that can be polled, in the order of their offsets. */
class KeyLog {
  readonly #offsets: number[] = [];
  readonly #messages: unknown[] = [];
  readonly #lengths: number[] = [];

  append(offset: number, message: unknown): void {
    this.#offsets.push(offset);
    this.#messages.push(message);
    this.#lengths.push(jsonLength(message));
  }

  /** The first messages from an offset on, and how many characters they have, about. */
  read(
    offset: number,
    { count, length }: Room,
  ): { readonly messages: [offset: number, message: unknown][]; readonly length: number } {
    const messages: [number, unknown][] = [];
    let used = 0;
    for (let index = this.#firstAt(offset); messages.length < count; index++) {
      const [found, itsLength] = [this.#offsets[index], this.#lengths[index]];
      if (found === undefined || itsLength === undefined || used + itsLength > length) break;
      messages.push([found, this.#messages[index]]);
      used += itsLength;
    }
    return { messages, length: used };
  }

  /** How many characters the first message from an offset on has, about; 0 if there is none. */
  lengthAt(offset: number): number {
    return this.#lengths[this.#firstAt(offset)] ?? 0;
  }

  #firstAt(offset: number): number {
    let [from, to] = [0, this.#offsets.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#offsets[middle] ?? offset) < offset) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
