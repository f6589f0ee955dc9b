/** Latency and rate, drawn by uPlot; what is marked in one becomes the time that the diagrams show. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import {
  type ChartData,
  latencyDistribution,
  latencyPoints,
  messageRate,
  operationRate,
} from "../charts/series.ts";
import type { Viewport } from "../diagram/viewport.ts";
import type { Colors } from "../parts/colors.ts";
import type { Run } from "../run/run.ts";

interface ChartsProps {
  readonly run: Run;
  readonly viewport: Viewport;
  readonly colors: Colors;
}

export function Charts({ run, viewport, colors }: ChartsProps) {
  const data = useMemo(
    () => ({
      latency: latencyPoints(run),
      distribution: latencyDistribution(run),
      operations: operationRate(run),
      messages: messageRate(run),
    }),
    [run],
  );
  const shared = { run, viewport, colors };
  return (
    <section aria-labelledby="charts">
      <h2 id="charts">Latency and rate</h2>
      <p class="hint">
        Shaded bands are times during which a fault was active
        {run.header.faults.length === 0 ? " (there was none)" : ""}. Drag across a chart to show
        that time in the diagrams below.
      </p>
      <div class="charts">
        <Chart {...shared} data={data.latency} title="Latency over time" unit="ms" kind="points" />
        <Chart
          {...shared}
          data={data.distribution}
          title="Latency distribution"
          unit="ms"
          kind="quantiles"
        />
        <Chart
          {...shared}
          data={data.operations}
          title="Operations per second"
          unit="/s"
          kind="rate"
        />
        <Chart {...shared} data={data.messages} title="Messages per second" unit="/s" kind="rate" />
      </div>
    </section>
  );
}

interface ChartProps extends ChartsProps {
  readonly data: ChartData;
  readonly title: string;
  readonly unit: string;
  readonly kind: "points" | "quantiles" | "rate";
}

const HEIGHT = 210;

function Chart(props: ChartProps) {
  const { data, title, run, viewport, colors } = props;
  const place = useRef<HTMLDivElement>(null);
  const isEmpty = data.names.length === 0;
  useEffect(() => {
    const element = place.current;
    if (element === null || isEmpty) return;
    const plot = new uPlot(
      optionsOf(props, element.clientWidth),
      [data.x, ...data.ys] as uPlot.AlignedData,
      element,
    );
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
      mark.place();
    });
    observer.observe(element);
    const mark = new TimeMark(plot, props);
    const unsubscribe = viewport.subscribe(() => mark.place());
    return () => {
      unsubscribe();
      observer.disconnect();
      plot.destroy();
    };
  }, [data, run, viewport, colors]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      {isEmpty ? <p class="hint">Nothing to show.</p> : <div ref={place} />}
    </figure>
  );
}

/**
 * The frame around the time that the diagrams show. It is an element of its own, as a chart takes
 * long to draw where it has many points, and the time may change with every frame.
 */
class TimeMark {
  readonly #plot: uPlot;
  readonly #props: ChartProps;
  readonly #element: HTMLElement;

  constructor(plot: uPlot, props: ChartProps) {
    this.#plot = plot;
    this.#props = props;
    this.#element = document.createElement("div");
    this.#element.className = "time-mark";
    plot.over.append(this.#element);
    this.place();
  }

  place(): void {
    const { run, viewport, kind } = this.#props;
    const { style } = this.#element;
    const isAll = viewport.to - viewport.from >= (viewport.end - viewport.begin) * 0.999;
    style.display = isAll || kind === "quantiles" ? "none" : "";
    const [begin, end] = [viewport.from, viewport.to].map((ticks) => {
      const x = this.#plot.valToPos((ticks * run.tickMs) / 1000, "x");
      return Math.min(Math.max(x, 0), this.#plot.over.clientWidth);
    });
    style.left = `${begin}px`;
    style.width = `${Math.max(2, (end ?? 0) - (begin ?? 0))}px`;
  }
}

/** What has a colour of its own, the same as in the diagrams. */
const NAMED_COLORS: Readonly<Record<string, Exclude<keyof Colors, "series">>> = {
  ok: "ok",
  fail: "fail",
  info: "info",
  "between servers": "message",
  "with clients": "client-message",
  "never arrived": "lost",
};

function strokeOf(name: string, index: number, colors: Colors): string {
  const color = NAMED_COLORS[name];
  if (color !== undefined) return colors[color];
  return colors.series[index % colors.series.length] ?? colors.accent;
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const { data, unit, kind, colors, run, viewport } = props;
  const isTime = kind !== "quantiles";
  const axis: uPlot.Axis = {
    stroke: colors.muted,
    grid: { stroke: colors.line, width: 1 },
    ticks: { stroke: colors.line, width: 1 },
    font: "11px system-ui, sans-serif",
  };
  const secondsPerTick = run.tickMs / 1000;
  const format = (value: number | null) => (value == null ? "–" : `${short(value)} ${unit}`);
  return {
    width,
    height: HEIGHT,
    legend: { live: true },
    cursor: { drag: { x: isTime, y: false, setScale: false }, points: { show: kind !== "points" } },
    scales: {
      x: { time: false },
      y:
        kind === "rate"
          ? { range: (_plot, _min, max) => [0, Math.max(1, max * 1.08)] }
          : { distr: 3 },
    },
    axes: [
      {
        ...axis,
        values: (_plot, values) =>
          values.map((value) => (isTime ? `${value} s` : quantileLabel(value))),
        ...(isTime ? {} : { splits: (_plot, _axis, _min, max) => wholes(max) }),
      },
      {
        ...axis,
        size: 56,
        values: (_plot, values) => values.map((value) => (value == null ? "" : short(value))),
      },
    ],
    series: [
      {
        label: isTime ? "time" : "quantile",
        value: (_plot, value) =>
          value == null ? "–" : isTime ? `${value.toFixed(2)} s` : quantileLabel(value),
      },
      ...data.names.map((label, index): uPlot.Series => {
        const stroke = strokeOf(label, index, colors);
        const value = (_plot: uPlot, y: number | null) => format(y);
        if (kind === "points") {
          const paths = () => null;
          return {
            label,
            stroke,
            value,
            paths,
            points: { show: true, size: 4, fill: stroke, width: 0 },
          };
        }
        const stepped = uPlot.paths.stepped;
        return {
          label,
          stroke,
          value,
          width: 1.5,
          points: { show: false },
          ...(kind === "rate" && stepped !== undefined ? { paths: stepped({ align: 1 }) } : {}),
        };
      }),
    ],
    hooks: {
      drawClear: [
        (plot) => {
          if (!isTime) return;
          const { ctx, bbox } = plot;
          ctx.save();
          ctx.beginPath();
          ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
          ctx.clip();
          ctx.fillStyle = colors.fault;
          for (const { from, to } of run.header.faults) {
            const [x1, x2] = [from, to].map((t) => plot.valToPos(t * secondsPerTick, "x", true));
            ctx.fillRect(x1 ?? 0, bbox.top, Math.max(1, (x2 ?? 0) - (x1 ?? 0)), bbox.height);
          }
          ctx.restore();
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 3) return;
          const from = plot.posToVal(left, "x") / secondsPerTick;
          const to = plot.posToVal(left + wide, "x") / secondsPerTick;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          viewport.show(from, to);
        },
      ],
    },
  };
}

function short(value: number): string {
  if (value >= 10_000) return `${+(value / 1000).toPrecision(3)}k`;
  if (value >= 100) return value.toFixed(0);
  return String(+value.toPrecision(2));
}

function wholes(max: number): number[] {
  return Array.from({ length: Math.floor(max) + 1 }, (_, index) => index);
}

/** `"99.9 %"`, of 3. */
function quantileLabel(place: number): string {
  const part = 100 * (1 - 10 ** -place);
  return `${+part.toFixed(Math.max(0, Math.ceil(place) - 2 + 1))} %`;
}
