/** Marks the time range that the diagrams show on a chart. */
import type uPlot from "uplot";
import type { ChartProps } from "./plot-options.ts";

/**
 * A frame around the diagrams' visible time.
 *
 * It is an element over the chart: the time may change with every frame, and redrawing a chart with
 * many points takes longer than a frame.
 */
export class TimeWindow {
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
