/**
 * The page: its sections from top to bottom.
 *
 *   run/       the run's data and what is computed from it, without the DOM
 *   sections/  one file per section; a new section is a file there and a line here
 *   charts/    uPlot charts of latency and throughput
 *   diagram/   canvases of lanes over time: operations and messages
 *   graphs/    SVG drawings of a cycle, partial linearizations, a value's propagation, a log's offsets
 *   parts/     small components and helpers that several of these share
 *   style/     one style sheet per kind of section
 */
import { useMemo, useState } from "preact/hooks";
import { useHighlight } from "./diagram/use-highlight.ts";
import { Viewport } from "./diagram/viewport.ts";
import { useTheme } from "./parts/theme.ts";
import type { Run } from "./run/run.ts";
import type { Selection } from "./run/selection.ts";
import { Assertions } from "./sections/assertions.tsx";
import { Charts } from "./sections/charts.tsx";
import { Faults } from "./sections/faults.tsx";
import { Figures } from "./sections/figures.tsx";
import { Findings } from "./sections/findings.tsx";
import { Header } from "./sections/header.tsx";
import { LogSection } from "./sections/log.tsx";
import { Messages } from "./sections/messages.tsx";
import { NodeLogs } from "./sections/node-logs.tsx";
import { Operations } from "./sections/operations.tsx";
import { PropagationSection } from "./sections/propagation.tsx";

/** The first finding of a reduced test, which exists to show it. */
function firstSelection({ header }: Run): Selection | undefined {
  const isFocused = header.shrunkFrom !== undefined && header.findings.length > 0;
  return isFocused ? { kind: "finding", list: "findings", index: 0 } : undefined;
}

export function App({ run }: { readonly run: Run }) {
  const viewport = useMemo(() => new Viewport(run.begin, run.end), [run]);
  const [selection, setSelection] = useState(() => firstSelection(run));
  const [colors, switchTheme] = useTheme();
  const { messages, highlight } = useHighlight(run, viewport, selection);
  const selectAndShow = (next: Selection) => {
    setSelection(next);
    document.getElementById("messages")?.scrollIntoView();
  };
  const diagram = { run, viewport, colors, highlight, onSelect: setSelection };
  return (
    <main>
      <Header run={run} onSwitchTheme={switchTheme} />
      <Figures gauges={run.header.gauges} />
      <Findings run={run} selection={selection} onSelect={setSelection} />
      <Charts run={run} viewport={viewport} colors={colors} />
      <Operations {...diagram} />
      <Messages {...diagram} selection={selection} messages={messages} />
      <NodeLogs run={run} viewport={viewport} />
      <PropagationSection run={run} selection={selection} onSelect={selectAndShow} />
      <LogSection run={run} colors={colors} onSelect={selectAndShow} />
      <Faults run={run} />
      <Assertions run={run} />
    </main>
  );
}
