/** What the charts show, made of the run's columns. Knows nothing of the DOM. */
import type { Run } from "../run/run.ts";

/** x, then each series; `null` where a series has nothing. */
export interface ChartData {
  readonly names: readonly string[];
  readonly x: readonly number[];
  readonly ys: readonly (readonly (number | null)[])[];
}

/** Points in time and height, by series: latencies in ms against invocations in s. */
export function latencyPoints(run: Run): ChartData {
  const { functions } = run.header;
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
    // Of points that lie on top of each other one is enough.
    const share = (run.invoked[row] ?? 0) / run.end;
    const place = `${series} ${Math.round(share * 900)} ${Math.round(Math.log10(ms) * 60)}`;
    if (seen.has(place)) continue;
    seen.add(place);
    x.push(seconds);
    for (const [index, y] of ys.entries()) y.push(index === series ? ms : null);
  }
  return withoutEmpty({ names, x, ys });
}

/** Latencies of ok operations at quantiles; x is -log10(1 - quantile): 1 is 90 %, 2 is 99 %. */
export function latencyDistribution(run: Run): ChartData {
  const { functions } = run.header;
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

/** Numbers a second: of operations by how they ended, at the time they did. */
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

/** Numbers a second: of messages by who is at their ends, and of those that never arrived. */
export function messageRate(run: Run): ChartData {
  const names = ["between servers", "with clients", "never arrived"];
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

/** Counts in equal spans of time. */
class Buckets {
  /** The beginning of each span, in s. */
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

/** Series in which nothing ever happens are no news. */
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
