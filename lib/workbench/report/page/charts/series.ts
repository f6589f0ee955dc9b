/** Computes the charts' data from the run's columns. Does not depend on the DOM. */
import { OUTCOMES } from "../../recorder/run-data.ts";
import { truncate, visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";

/** The values of x, and those of each series at them; `null` for none. */
export interface ChartData {
  readonly names: readonly string[];
  readonly x: readonly number[];
  readonly ys: readonly (readonly (number | null)[])[];
}

/** Latencies in ms against times of invocation in s; by function if ok, else by outcome. */
export function latencyPoints(run: Run): ChartData {
  const functions = seriesNames(run);
  const names = [...functions, "fail", "info"];
  const seen = new Set<string>();
  const x: number[] = [];
  const ys: (number | null)[][] = names.map(() => []);
  const secondsPerTick = run.tickMs / 1000;
  for (let row = 0; row < run.operationCount; row++) {
    const duration = run.columns.operationDuration[row] ?? -1;
    if (duration < 0) continue;
    const outcome = run.outcomeOf(row);
    const series =
      outcome === "ok"
        ? (run.columns.operationFunction[row] ?? 0)
        : functions.length + (outcome === "fail" ? 0 : 1);
    const seconds = (run.invoked[row] ?? 0) * secondsPerTick;
    const ms = Math.max(duration * run.tickMs, run.tickMs);
    // Of points that would coincide on the screen, keeps one.
    const share = (run.invoked[row] ?? 0) / run.end;
    const place = `${series} ${Math.round(share * 900)} ${Math.round(Math.log10(ms) * 60)}`;
    if (seen.has(place)) continue;
    seen.add(place);
    x.push(seconds);
    for (const [index, y] of ys.entries()) y.push(index === series ? ms : null);
  }
  return withoutEmpty({ names, x, ys });
}

/** Latencies of ok operations in ms by quantile; x is -log10(1 - quantile): 1 is 90 %, 2 is 99 %. */
export function latencyDistribution(run: Run): ChartData {
  const functions = seriesNames(run);
  const byFunction: number[][] = functions.map(() => []);
  for (let row = 0; row < run.operationCount; row++) {
    if (run.outcomeOf(row) !== "ok") continue;
    const duration = run.columns.operationDuration[row] ?? 0;
    byFunction[run.columns.operationFunction[row] ?? 0]?.push(duration);
  }
  const sorted = byFunction.map((durations) => Float64Array.from(durations).sort());
  const most = Math.max(1, ...sorted.map(({ length }) => length));
  const last = Math.max(1, Math.log10(most));
  const steps = 120;
  const x = Array.from({ length: steps + 1 }, (_, step) => (step / steps) * last);
  const ys = sorted.map((durations) =>
    x.map((place) => {
      const index = Math.floor(durations.length * (1 - 10 ** -place));
      const duration = durations[Math.min(durations.length - 1, index)];
      return duration === undefined ? null : Math.max(duration, 1) * run.tickMs;
    }),
  );
  return withoutEmpty({ names: functions, x, ys });
}

/** Number of characters of a function's name in a legend. */
const MAX_NAME_LENGTH = 32;

/** Names the functions of a run. A user's workload may name one like an outcome, which has a colour. */
function seriesNames({ header }: Run): string[] {
  return header.functions.map((name) => {
    const isOutcome = name === "" || OUTCOMES.some((outcome) => outcome === name);
    return truncate(visible(isOutcome ? JSON.stringify(name) : name), MAX_NAME_LENGTH);
  });
}

/** Operations per second by outcome, at the time of completion. */
export function operationRate(run: Run): ChartData {
  const names = ["ok", "fail", "info"];
  const buckets = new Buckets(run, names.length);
  for (let row = 0; row < run.operationCount; row++) {
    const end = run.endOf(row);
    const series = names.indexOf(run.outcomeOf(row));
    if (end !== undefined && series >= 0) buckets.count(series, end);
  }
  return withoutEmpty({ names, x: buckets.x, ys: buckets.perSecond() });
}

/** Messages per second by kind, at the time of sending; those that never arrived also apart. */
export function messageRate(run: Run): ChartData {
  const names = ["between servers", "to or from clients", "never arrived"];
  const buckets = new Buckets(run, names.length);
  const { messageSource, messageDest, messageFlight } = run.columns;
  const isClient = run.header.lanes.map(({ role }) => role === "client");
  for (let row = 0; row < run.messageCount; row++) {
    const withClient = isClient[messageSource[row] ?? 0] || isClient[messageDest[row] ?? 0];
    const sent = run.sent[row] ?? 0;
    if (sent < 0) continue;
    buckets.count(withClient ? 1 : 0, sent);
    if ((messageFlight[row] ?? 0) < 0) buckets.count(2, sent);
  }
  return withoutEmpty({ names, x: buckets.x, ys: buckets.perSecond() });
}

const BUCKET_COUNT = 160;

/** Counts events in buckets of equal duration. */
class Buckets {
  /** Start of each bucket, in s. */
  readonly x: readonly number[];
  readonly #seconds: number;
  readonly #ticks: number;
  readonly #counts: Float64Array[];

  constructor(run: Run, seriesCount: number) {
    const secondsPerTick = run.tickMs / 1000;
    const all = run.end * secondsPerTick;
    this.#seconds = Math.max(0.1, all / BUCKET_COUNT);
    this.#ticks = this.#seconds / secondsPerTick;
    const count = Math.max(1, Math.ceil(all / this.#seconds));
    this.x = Array.from({ length: count }, (_, index) => index * this.#seconds);
    this.#counts = Array.from({ length: seriesCount }, () => new Float64Array(count));
  }

  count(series: number, ticks: number): void {
    const counts = this.#counts[series];
    if (counts === undefined) return;
    const index = Math.min(counts.length - 1, Math.max(0, Math.floor(ticks / this.#ticks)));
    counts[index] = (counts[index] ?? 0) + 1;
  }

  perSecond(): number[][] {
    return this.#counts.map((counts) => [...counts].map((count) => count / this.#seconds));
  }
}

/** Removes series without any value above zero. */
function withoutEmpty({ names, x, ys }: ChartData): ChartData {
  const kept = ys.flatMap((y, index) =>
    y.some((value) => value !== null && value > 0) ? [index] : [],
  );
  return {
    names: kept.map((index) => names[index] ?? ""),
    x,
    ys: kept.map((index) => ys[index] ?? []),
  };
}
