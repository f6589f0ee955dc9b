/** Plots as SVG files, for the docs. */
import * as echarts from "echarts";

export type PlotOptions = echarts.EChartsOption;

/** Draws a plot, of so many pixels. */
export function svgPlot(options: PlotOptions, width = 860, height = 480): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    // A background of its own: a page may be dark.
    chart.setOption({ animation: false, backgroundColor: "#fff", ...options });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
