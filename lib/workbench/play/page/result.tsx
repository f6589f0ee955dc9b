/** Shows a run: the report's sections, and the run as it happens. */
import { useEffect, useErrorBoundary, useMemo, useRef, useState } from "preact/hooks";
import { Viewport } from "../../report/page/diagram/viewport.ts";
import type { Colors } from "../../report/page/parts/colors.ts";
import { visible, visibleLines } from "../../report/page/parts/visible-text.ts";
import type { Run } from "../../report/page/run/run.ts";
import { firstSelection, type Selection } from "../../report/page/run/selection.ts";
import { RunConclusion, RunCourse } from "../../report/page/run-view.tsx";
import { Header } from "../../report/page/sections/header.tsx";
import { describeDiagnostic } from "../../report/terminal/diagnostic.ts";
import type { ShownRun } from "./shown-run.ts";
import { Watch, type WatchProps } from "./watch/watch.tsx";

interface ResultProps extends Pick<WatchProps, "onDecisions" | "isRunning"> {
  readonly shown: ShownRun;
  readonly colors: Colors;
}

/** A hostile program can send a result that breaks what shows it; the rest of the page goes on. */
export function Result(props: ResultProps) {
  const [error, reset] = useErrorBoundary();
  useEffect(() => reset(), [props.shown]);
  if (error === undefined) return <Sections {...props} />;
  return (
    <pre class="command failure" role="alert">
      {visibleLines(`The result cannot be shown: ${error}`)}
    </pre>
  );
}

function Sections({ shown, colors, isRunning, onDecisions }: ResultProps) {
  const { run } = shown;
  const viewport = useViewport(run);
  const [selected, setSelected] = useState<{
    readonly run: Run;
    readonly selection: Selection | undefined;
    /** Whether it was made outside of the arena, which shows its moment. */
    readonly isFollowed: boolean;
  }>();
  // Rows of another run are other operations and messages.
  const first = useMemo(() => firstSelection(run), [run]);
  const selection = selected?.run === run ? selected.selection : first;
  const isFollowed = selected?.run === run ? selected.isFollowed : true;
  const onSelect = (next: Selection | undefined) =>
    setSelected({ run, selection: next, isFollowed: true });
  return (
    <div class={isRunning ? "result outdated" : "result"}>
      <Header run={run} />
      {shown.record.remarks.map((remark) => (
        <p key={remark} class="notice remark" role="note">
          {visible(remark)}
        </p>
      ))}
      {(shown.result.diagnostics ?? []).map((diagnostic) => (
        <pre key={`${diagnostic.node} ${diagnostic.kind}`} class="notice diagnostic">
          {visibleLines(describeDiagnostic(diagnostic))}
        </pre>
      ))}
      <RunConclusion run={run} selection={selection} onSelect={onSelect} />
      <Watch
        // A moment of another cluster or of a longer run says nothing about this one.
        key={`${shown.options.nodeIds} ${shown.options.timeLimitS}`}
        shown={shown}
        viewport={viewport}
        colors={colors}
        selection={selection}
        isFollowed={isFollowed}
        onSelect={(next) => setSelected({ run, selection: next, isFollowed: false })}
        onDecisions={onDecisions}
        isRunning={isRunning}
        inspect={shown.inspect}
      />
      <RunCourse
        key={run}
        run={run}
        viewport={viewport}
        colors={colors}
        selection={selection}
        onSelect={onSelect}
        hasMessagesFirst
      />
    </div>
  );
}

/** Shows the same part of the next run that was shown of the former. */
function useViewport(run: Run): Viewport {
  const former = useRef<Viewport | undefined>(undefined);
  return useMemo(() => {
    const viewport = new Viewport(run.begin, run.end);
    const { current } = former;
    if (current !== undefined && (current.from > current.begin || current.to < current.end)) {
      viewport.show(current.from, current.to);
    }
    former.current = viewport;
    return viewport;
  }, [run]);
}
