/** Measures how memory, latency and CPU time per message grew during a soak. */
import { median } from "../support/statistics.ts";

/** A measurement of a node. */
export interface Sample {
  /** Seconds since the start of the soak. */
  readonly s: number;
  /** Private memory (`RssAnon`), which excludes the program's file. */
  readonly bytes: number;
  /** CPU time used so far, in ms. */
  readonly cpuMs: number;
  /** Messages received so far. */
  readonly messages: number;
  /** Values that every node must store so far. */
  readonly values: number;
}

export interface MemoryGrowth {
  /** Growth since the end of the warm-up. */
  readonly bytes: number;
  readonly allowedBytes: number;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly messages: number;
  readonly values: number;
}

/** Fraction of a soak that is warm-up: code is compiled, the heap reaches its size. */
const WARM_UP = 1 / 4;
/** Tolerated growth of the heap in bytes, for garbage not yet collected. */
const TOLERANCE_BYTES = 10e6;
/** Number of windows. Each contributes its minimum, as the heap is smallest just after a collection. */
const WINDOWS = 12;

/**
 * Estimates how much a node's memory grew after the warm-up.
 *
 * The estimate is the slope through the minima of the windows, as the median of all pairs (Theil-Sen),
 * times the duration. Allowed are the stored values and a tolerance.
 */
export function memoryGrowth(samples: readonly Sample[], bytesEach: number): MemoryGrowth {
  const warmS = (samples.at(-1)?.s ?? 0) * WARM_UP;
  const warm = samples.filter(({ s }) => s >= warmS);
  const [first, last] = [warm[0], warm.at(-1)];
  if (first === undefined || last === undefined || warm.length < WINDOWS) {
    throw new Error(`Too few samples after the warm-up: ${warm.length}, expected ${WINDOWS}`);
  }
  const minima = Array.from({ length: WINDOWS }, (_, index) => {
    const from = Math.floor((index * warm.length) / WINDOWS);
    const to = Math.floor(((index + 1) * warm.length) / WINDOWS);
    return warm.slice(from, to).reduce((one, other) => (other.bytes < one.bytes ? other : one));
  });
  const slopes = minima.flatMap((one, index) =>
    minima.slice(index + 1).map((other) => (other.bytes - one.bytes) / (other.s - one.s)),
  );
  const values = last.values - first.values;
  return {
    bytes: Math.round(median(slopes) * (last.s - first.s)),
    allowedBytes: TOLERANCE_BYTES + bytesEach * values,
    fromBytes: minima[0]?.bytes ?? 0,
    toBytes: minima.at(-1)?.bytes ?? 0,
    messages: last.messages - first.messages,
    values,
  };
}

export interface LatencyGrowth {
  /** Median over the calm moments in the first and the last third after the warm-up, in ms. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly allowedMs: number;
}

/** Allowed growth of latency: the larger of a factor and an absolute tolerance. */
const LATENCY_FACTOR = 1.5;
const LATENCY_TOLERANCE_MS = 0.5;

/**
 * Compares latencies at the start and at the end of a soak.
 *
 * @param medians Median latency of the operations invoked in each calm moment, in order, in ms.
 */
export function latencyGrowth(medians: readonly number[]): LatencyGrowth {
  const warm = medians.slice(Math.floor(medians.length * WARM_UP));
  const third = Math.floor(warm.length / 3);
  if (third === 0) throw new Error(`Too few calm moments: ${medians.length}`);
  const firstMs = median(warm.slice(0, third));
  const lastMs = median(warm.slice(-third));
  return {
    firstMs,
    lastMs,
    allowedMs: Math.max(firstMs * LATENCY_FACTOR, firstMs + LATENCY_TOLERANCE_MS),
  };
}

export interface WorkGrowth {
  /** CPU time per message in the first and the last third after the warm-up, in µs. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly allowedUs: number;
}

/** Allowed growth factor of the CPU time per message. */
const WORK_FACTOR = 1.5;

/** Compares CPU time per message. Unlike latency, it does not depend on other load of the machine. */
export function workGrowth(samples: readonly Sample[]): WorkGrowth {
  const warmS = (samples.at(-1)?.s ?? 0) * WARM_UP;
  const warm = samples.filter(({ s }) => s >= warmS);
  const third = Math.floor(warm.length / 3);
  const usOf = (part: readonly Sample[]) => {
    const [first, last] = [part[0], part.at(-1)];
    if (first === undefined || last === undefined) throw new Error("Too few samples");
    return (1000 * (last.cpuMs - first.cpuMs)) / Math.max(1, last.messages - first.messages);
  };
  const firstUs = usOf(warm.slice(0, third));
  return { firstUs, lastUs: usOf(warm.slice(-third)), allowedUs: firstUs * WORK_FACTOR };
}
