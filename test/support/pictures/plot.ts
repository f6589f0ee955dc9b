/**
 * Renders plots of the docs as SVG.
 *
 * uPlot, which draws the charts of reports, cannot: it draws on a browser's canvas only, and has no
 * titles, point labels or horizontal bars. ECharts renders SVG without a browser. It would make a
 * report's script four times as large; see `lib/workbench/report/page/charts/chart.tsx`.
 */
import * as echarts from "echarts";

export type PlotOptions = echarts.EChartsOption;

/** Renders a plot. @param width,height In pixels. */
export function svgPlot(options: PlotOptions, width = 860, height = 480): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    // An explicit background, because the page may be dark.
    chart.setOption({ animation: false, backgroundColor: "#fff", ...options });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
