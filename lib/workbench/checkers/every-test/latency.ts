/** Measures how long operations took. */
import { type History, pairs } from "../../history/history.ts";

/** Quantiles of durations in ms, such as the latencies of all `ok` reads. */
export interface LatencyQuantiles {
  readonly count: number;
  readonly "0.5": number;
  readonly "0.95": number;
  readonly "0.99": number;
  readonly "1": number;
}

export interface LatencyVerdict {
  readonly valid: true;
  /** Time from invocation to `ok` completion: over `all` operations, and for each `f`. */
  readonly latencies: { readonly [f: string]: LatencyQuantiles };
}

/** Computes quantiles of the time from invocation to `ok` completion. */
export function checkLatency(history: History): LatencyVerdict {
  const byF = new Map<string, number[]>();
  for (const { invocation, completion } of pairs(history)) {
    if (completion?.type !== "ok") continue;
    const latencyMs = (completion.time - invocation.time) / 1e6;
    for (const f of ["all", invocation.f]) {
      const latencies = byF.get(f);
      if (latencies === undefined) byF.set(f, [latencyMs]);
      else latencies.push(latencyMs);
    }
  }
  const entries = [...byF].map(([f, latencies]) => [f, quantiles(latencies)] as const);
  return { valid: true, latencies: Object.fromEntries(entries) };
}

/** Computes quantiles without interpolation; all are `NaN` without values. */
export function quantiles(values: readonly number[]): LatencyQuantiles {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
  return { count: sorted.length, "0.5": at(0.5), "0.95": at(0.95), "0.99": at(0.99), "1": at(1) };
}
