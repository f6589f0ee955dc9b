/** Options of uPlot for each kind of chart. */
import uPlot from "uplot";
import type { Viewport } from "../diagram/viewport.ts";
import type { Colors } from "../parts/colors.ts";
import type { Run } from "../run/run.ts";
import type { ChartData } from "./series.ts";

export interface ChartProps {
  readonly run: Run;
  readonly viewport: Viewport;
  readonly colors: Colors;
  readonly data: ChartData;
  readonly title: string;
  readonly unit: string;
  readonly kind: "points" | "quantiles" | "rate";
}

/** Height of a chart, in pixels. */
export const HEIGHT = 210;

/** Series with the colour that they have in the diagrams. */
const NAMED_COLORS: ReadonlyMap<string, Exclude<keyof Colors, "series">> = new Map([
  ["ok", "ok"],
  ["fail", "fail"],
  ["info", "info"],
  ["between servers", "message"],
  ["to or from clients", "client-message"],
  ["never arrived", "lost"],
]);

function strokeOf(name: string, index: number, colors: Colors): string {
  const color = NAMED_COLORS.get(name);
  if (color !== undefined) return colors[color];
  return colors.series[index % colors.series.length] ?? colors.accent;
}

/** Builds the options of a chart; dragging across it sets the diagrams' visible time. */
export function plotOptions(props: ChartProps, width: number): uPlot.Options {
  const { data, unit, kind, colors, run, viewport } = props;
  const isTime = kind !== "quantiles";
  const axis: uPlot.Axis = {
    stroke: colors.muted,
    grid: { stroke: colors.line, width: 1 },
    ticks: { stroke: colors.line, width: 1 },
    font: "11px system-ui, sans-serif",
  };
  const secondsPerTick = run.tickMs / 1000;
  const format = (value: number | null) => (value == null ? "" : `${short(value)} ${unit}`);
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
        ...(isTime ? {} : { splits: (_plot, _axis, _min, max) => quantileMarks(max) }),
      },
      {
        ...axis,
        size: 70,
        values: (_plot, values) => values.map(format),
      },
    ],
    series: [
      {
        label: isTime ? "time" : "quantile",
        value: (_plot, value) =>
          value == null ? "" : isTime ? `${value.toFixed(2)} s` : quantileLabel(value),
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

/** Formats a value with two or three digits: `"12k"`, `"250"`, `"0.31"`. */
function short(value: number): string {
  if (value >= 10_000) return `${+(value / 1000).toPrecision(3)}k`;
  if (value >= 100) return value.toFixed(0);
  return String(+value.toPrecision(2));
}

/** Marks of the distribution's axis: 0 %, 90 %, 99 %, ... */
function quantileMarks(max: number): number[] {
  return Array.from({ length: Math.floor(max) + 1 }, (_, index) => index);
}

/** Formats a quantile, given as -log10(1 - quantile): `"99.9 %"` for 3. */
function quantileLabel(x: number): string {
  const percent = 100 * (1 - 10 ** -x);
  return `${+percent.toFixed(Math.max(0, Math.ceil(x) - 1))} %`;
}
