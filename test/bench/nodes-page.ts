/**
 * Prints the results of `nodes.ts` as the tables and the plot of docs/benchmarks.md.
 *
 *   bun test/bench/nodes-page.ts [--json dist/bench/nodes.json] [--plot FILE.svg]
 */
import { parseArgs } from "node:util";
import * as v from "valibot";
import { type PlotOptions, svgPlot } from "../support/pictures/plot.ts";

const Results = v.object({
  rounds: v.number(),
  cpu: v.optional(v.string()),
  cores: v.number(),
  binaryBytes: v.number(),
  results: v.array(
    v.object({
      figure: v.string(),
      program: v.string(),
      median: v.number(),
      min: v.number(),
      max: v.number(),
    }),
  ),
});

const OURS = "Vortex";
/** Figures in the plot, and which direction is better. */
const PLOTTED = [
  { figure: "start-up to init_ok, ms", better: "lower is better" },
  { figure: "memory of 25 (PSS), MB", better: "lower is better" },
  { figure: "echo, 200000 from a cold start: messages/s", better: "higher is better" },
  { figure: "echo, 200000 from a cold start: CPU s per 100,000", better: "lower is better" },
];
const [PANEL_WIDTH, PANEL_HEIGHT] = [520, 300];

const { values: flags } = parseArgs({
  options: {
    json: { type: "string", default: "dist/bench/nodes.json" },
    plot: { type: "string" },
  },
});
const { rounds, cpu, cores, binaryBytes, results } = v.parse(
  Results,
  await Bun.file(flags.json).json(),
);
const programs = [...new Set(results.map(({ program }) => program))];
const figures = [...new Set(results.map(({ figure }) => figure))];
const resultOf = (figure: string, program: string) =>
  results.find((one) => one.figure === figure && one.program === program);

/** Rounds to three significant digits. */
function rounded(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3).replace(/\.0+$/, "");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, at) => (at === 0 ? "---" : "---:"))),
    ...rows.map(line),
  ].join("\n");
}

console.log(`Medians of ${rounds} rounds; ${cpu ?? "unknown processor"}, ${cores} cores.
A binary has ${(binaryBytes / 1e6).toFixed(0)} MB.\n`);
console.log(
  table(
    ["", ...programs],
    figures.map((figure) => [
      figure,
      ...programs.map((program) => {
        const result = resultOf(figure, program);
        return result === undefined ? "" : rounded(result.median);
      }),
    ]),
  ),
);
console.log(`\nSpread of ${OURS}'s figures over the ${rounds} rounds:\n`);
console.log(
  table(
    ["", "minimum", "median", "maximum"],
    figures.flatMap((figure) => {
      const result = resultOf(figure, OURS);
      return result === undefined
        ? []
        : [[figure, rounded(result.min), rounded(result.median), rounded(result.max)]];
    }),
  ),
);

function panel(at: number) {
  const { figure, better } = PLOTTED[at] ?? { figure: "", better: "" };
  const shown = programs.flatMap((program) => resultOf(figure, program) ?? []).reverse();
  const [left, top] = [(at % 2) * PANEL_WIDTH, 50 + Math.floor(at / 2) * PANEL_HEIGHT];
  return {
    title: { text: figure, subtext: better, left: left + 20, top, textStyle: { fontSize: 14 } },
    grid: { left: left + 210, width: PANEL_WIDTH - 280, top: top + 50, height: PANEL_HEIGHT - 80 },
    xAxis: {
      type: "value" as const,
      gridIndex: at,
      axisLabel: { show: false },
      splitLine: { show: false },
    },
    yAxis: {
      type: "category" as const,
      gridIndex: at,
      data: shown.map(({ program }) => program),
      axisTick: { show: false },
    },
    series: {
      type: "bar" as const,
      xAxisIndex: at,
      yAxisIndex: at,
      label: { show: true, position: "right" as const },
      data: shown.map(({ program, median }) => ({
        value: median,
        label: { formatter: rounded(median) },
        itemStyle: { color: program === OURS ? "#c2410c" : "#94a3b8" },
      })),
    },
  };
}

if (flags.plot !== undefined) {
  const panels = PLOTTED.map((_, at) => panel(at));
  const options: PlotOptions = {
    title: [
      { text: "Echo nodes side by side", left: "center", top: 8 },
      ...panels.map(({ title }) => title),
    ],
    grid: panels.map(({ grid }) => grid),
    xAxis: panels.map(({ xAxis }) => xAxis),
    yAxis: panels.map(({ yAxis }) => yAxis),
    series: panels.map(({ series }) => series),
  };
  await Bun.write(flags.plot, svgPlot(options, 2 * PANEL_WIDTH, 50 + 2 * PANEL_HEIGHT));
}
