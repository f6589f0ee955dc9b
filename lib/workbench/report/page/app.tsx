/**
 * The page of a report.
 *
 *   run/       the run's data and what is computed from it, without the DOM
 *   sections/  one file per section; a new section is a file there and a line in run-view.tsx
 *   charts/    uPlot charts of latency and throughput
 *   diagram/   canvases of lanes over time: operations and messages
 *   graphs/    SVG drawings of a cycle, partial linearizations, a value's propagation, a log's offsets
 *   parts/     small components and helpers that several of these share
 *   style/     one style sheet per kind of section
 */
import { useMemo, useState } from "preact/hooks";
import { Viewport } from "./diagram/viewport.ts";
import { useTheme } from "./parts/theme.ts";
import type { Run } from "./run/run.ts";
import { firstSelection } from "./run/selection.ts";
import { RunConclusion, RunCourse } from "./run-view.tsx";
import { Header } from "./sections/header.tsx";

export function App({ run }: { readonly run: Run }) {
  const viewport = useMemo(() => new Viewport(run.begin, run.end), [run]);
  const [selection, setSelection] = useState(() => firstSelection(run));
  const [colors, switchTheme] = useTheme();
  return (
    <main>
      <Header run={run} onSwitchTheme={switchTheme} />
      <RunConclusion run={run} selection={selection} onSelect={setSelection} />
      <RunCourse
        run={run}
        viewport={viewport}
        colors={colors}
        selection={selection}
        onSelect={setSelection}
      />
    </main>
  );
}
