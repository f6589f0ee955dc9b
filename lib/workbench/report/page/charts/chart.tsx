/**
 * A chart, drawn by uPlot.
 *
 * ECharts, which draws the SVG figures of the docs, could draw these charts too, but would make up most
 * of a report: the page's script grows from 172 to 659 kB, a report of 1,000 messages from 0.19 to
 * 0.68 MB, and it opens in 410 instead of 267 ms (`bun test/bench/report.ts 1000`). uPlot cannot
 * draw the docs' figures: it needs a browser's canvas; see `test/support/pictures/plot.ts`.
 */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type ChartProps, HEIGHT, plotOptions } from "./plot-options.ts";
import { TimeWindow } from "./time-window.ts";

export function Chart(props: ChartProps) {
  const { data, title, run, viewport, colors } = props;
  const place = useRef<HTMLDivElement>(null);
  const isEmpty = data.names.length === 0;
  useEffect(() => {
    const element = place.current;
    if (element === null || isEmpty) return;
    const plot = new uPlot(
      plotOptions(props, element.clientWidth),
      // uPlot does not change the arrays, though its type asks for mutable ones.
      [data.x, ...data.ys] as uPlot.AlignedData,
      element,
    );
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
      timeWindow.place();
    });
    observer.observe(element);
    const timeWindow = new TimeWindow(plot, props);
    const unsubscribe = viewport.subscribe(() => timeWindow.place());
    return () => {
      unsubscribe();
      observer.disconnect();
      plot.destroy();
    };
  }, [data, run, viewport, colors]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      {isEmpty ? <p class="hint">No data.</p> : <div ref={place} />}
    </figure>
  );
}
