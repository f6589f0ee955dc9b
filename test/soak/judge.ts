/** What must hold after a soak besides the workload's verdict: memory flat, neither latency nor work growing. */

/** What a node had at one moment. */
export interface Sample {
  /** Seconds since the beginning. */
  readonly s: number;
  /** Memory of its own: `RssAnon`, which leaves out the program's file. */
  readonly bytes: number;
  /** Processor time that it has used so far, in ms. */
  readonly cpuMs: number;
  /** Messages that it has got so far. */
  readonly messages: number;
  /** Values that all nodes have to keep so far. */
  readonly values: number;
}

export interface MemoryGrowth {
  /** From the end of the warm-up on. */
  readonly bytes: number;
  readonly allowedBytes: number;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly messages: number;
  readonly values: number;
}

/** The part of a soak that is warm-up: code is compiled, the heap finds its size. */
const WARM_UP = 1 / 4;
/** How much the heap may be larger by chance, in bytes: garbage waits for its collection. */
const PLAY_BYTES = 10e6;
/** The heap is smallest just after a collection: of so many stretches the least counts. */
const STRETCHES = 12;

/**
 * How much a node's memory grew after the warm-up: the slope of its least values, one a stretch,
 * through the median of all pairs (Theil and Sen), times the time. It may grow by what values that
 * have to be kept take, and by a little.
 */
export function memoryGrowth(samples: readonly Sample[], bytesEach: number): MemoryGrowth {
  const warmS = (samples.at(-1)?.s ?? 0) * WARM_UP;
  const warm = samples.filter(({ s }) => s >= warmS);
  const [first, last] = [warm[0], warm.at(-1)];
  if (first === undefined || last === undefined || warm.length < STRETCHES) {
    throw new Error(`${warm.length} samples are too few: ${STRETCHES} are needed after warm-up`);
  }
  const least = Array.from({ length: STRETCHES }, (_, index) => {
    const from = Math.floor((index * warm.length) / STRETCHES);
    const to = Math.floor(((index + 1) * warm.length) / STRETCHES);
    return warm.slice(from, to).reduce((one, other) => (other.bytes < one.bytes ? other : one));
  });
  const slopes = least.flatMap((one, index) =>
    least.slice(index + 1).map((other) => (other.bytes - one.bytes) / (other.s - one.s)),
  );
  const values = last.values - first.values;
  return {
    bytes: Math.round(median(slopes) * (last.s - first.s)),
    allowedBytes: PLAY_BYTES + bytesEach * values,
    fromBytes: least[0]?.bytes ?? 0,
    toBytes: least.at(-1)?.bytes ?? 0,
    messages: last.messages - first.messages,
    values,
  };
}

export interface LatencyGrowth {
  /** Medians over the calm moments of the first and of the last third after the warm-up, in ms. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly allowedMs: number;
}

/** How many times as long operations may take in the end, and how much longer in any case, in ms. */
const LATENCY_FACTOR = 1.5;
const LATENCY_PLAY_MS = 0.5;

/** @param medians For each calm moment, in order: the median latency of what began in it, in ms. */
export function latencyGrowth(medians: readonly number[]): LatencyGrowth {
  const warm = medians.slice(Math.floor(medians.length * WARM_UP));
  const third = Math.floor(warm.length / 3);
  if (third === 0) throw new Error(`${medians.length} calm moments are too few`);
  const firstMs = median(warm.slice(0, third));
  const lastMs = median(warm.slice(-third));
  return {
    firstMs,
    lastMs,
    allowedMs: Math.max(firstMs * LATENCY_FACTOR, firstMs + LATENCY_PLAY_MS),
  };
}

export interface WorkGrowth {
  /** Processor time a message in the first and in the last third after the warm-up, in µs. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly allowedUs: number;
}

/** How many times as much work a message may be in the end. */
const WORK_FACTOR = 1.5;

/** What a message costs a node: unlike latency, that does not depend on what else the machine does. */
export function workGrowth(samples: readonly Sample[]): WorkGrowth {
  const warmS = (samples.at(-1)?.s ?? 0) * WARM_UP;
  const warm = samples.filter(({ s }) => s >= warmS);
  const third = Math.floor(warm.length / 3);
  const usOf = (part: readonly Sample[]) => {
    const [first, last] = [part[0], part.at(-1)];
    if (first === undefined || last === undefined) throw new Error("There are too few samples");
    return (1000 * (last.cpuMs - first.cpuMs)) / Math.max(1, last.messages - first.messages);
  };
  const firstUs = usOf(warm.slice(0, third));
  return { firstUs, lastUs: usOf(warm.slice(-third)), allowedUs: firstUs * WORK_FACTOR };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
