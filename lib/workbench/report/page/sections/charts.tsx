/** Charts of latency and throughput. A new chart is a function in `charts/series.ts` and a line here. */
import { useMemo } from "preact/hooks";
import { Chart } from "../charts/chart.tsx";
import {
  latencyDistribution,
  latencyPoints,
  messageRate,
  operationRate,
} from "../charts/series.ts";
import type { Viewport } from "../diagram/viewport.ts";
import type { Colors } from "../parts/colors.ts";
import type { Run } from "../run/run.ts";

/** Whether the figures have stable latencies beside those of requests. */
function hasStableLatency({ header }: Run): boolean {
  return header.gauges.some(({ name }) => name.includes("stable"));
}

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
  const bands =
    run.header.faults.length === 0
      ? "No faults were injected."
      : "Shaded bands: a fault was active.";
  return (
    <section aria-labelledby="charts">
      <h2 id="charts">Latency and throughput</h2>
      {hasStableLatency(run) ? (
        <p class="hint">
          A request's latency ends with its reply. The stable latencies above end when every read
          returns the value.
        </p>
      ) : null}
      <p class="hint">{bands} Drag across a chart to zoom the diagrams to that time.</p>
      <div class="charts">
        <Chart
          {...shared}
          data={data.latency}
          title="Request latency, from invocation to completion"
          unit="ms"
          kind="points"
        />
        <Chart
          {...shared}
          data={data.distribution}
          title="Distribution of request latency, ok operations"
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
