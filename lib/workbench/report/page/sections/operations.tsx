/** The operations of each client over time. */
import { useMemo } from "preact/hooks";
import { threadLanes } from "../diagram/lane-layouts.ts";
import { type DiagramProps, LanesCanvas } from "../diagram/lanes-canvas.tsx";
import { Toolbar } from "../diagram/toolbar.tsx";
import { Legend } from "../parts/legend.tsx";

export function Operations(props: DiagramProps) {
  const { run, viewport } = props;
  const lanes = useMemo(() => threadLanes(run), [run]);
  return (
    <section aria-labelledby="operations">
      <h2 id="operations">Operations</h2>
      <Toolbar run={run} viewport={viewport} />
      <Legend
        items={[
          ["ok", "ok: took effect"],
          ["fail", "fail: had no effect"],
          ["info", "info: effect unknown"],
          ["open", "open: never completed"],
          ["fault", "fault active"],
        ]}
      />
      <LanesCanvas
        {...props}
        lanes={lanes}
        laneHeight={lanes.length > 30 ? 12 : 22}
        hasMessages={false}
        label="Operations of each client over time"
      />
    </section>
  );
}
