/** The sections of a run, below its verdict. */
import { useHighlight } from "./diagram/use-highlight.ts";
import type { Viewport } from "./diagram/viewport.ts";
import type { Colors } from "./parts/colors.ts";
import type { Run } from "./run/run.ts";
import type { Selection } from "./run/selection.ts";
import { Assertions } from "./sections/assertions.tsx";
import { Charts } from "./sections/charts.tsx";
import { Faults } from "./sections/faults.tsx";
import { Figures } from "./sections/figures.tsx";
import { Findings } from "./sections/findings.tsx";
import { LogSection } from "./sections/log.tsx";
import { Messages } from "./sections/messages.tsx";
import { NodeLogs } from "./sections/node-logs.tsx";
import { Operations } from "./sections/operations.tsx";
import { PropagationSection } from "./sections/propagation.tsx";

interface ConclusionProps {
  readonly run: Run;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
}

/** The figures and the findings of the checkers. */
export function RunConclusion({ run, selection, onSelect }: ConclusionProps) {
  return (
    <>
      <Figures gauges={run.header.gauges} />
      <Findings run={run} selection={selection} onSelect={onSelect} />
    </>
  );
}

interface CourseProps extends ConclusionProps {
  /** The visible time of the diagrams. */
  readonly viewport: Viewport;
  readonly colors: Colors;
  /** Whether the diagram of messages comes before the charts. */
  readonly hasMessagesFirst?: boolean;
}

/** The course of the run, in diagrams and lists. Another run needs another key. */
export function RunCourse(props: CourseProps) {
  const { run, viewport, colors, selection, onSelect, hasMessagesFirst = false } = props;
  const { messages, highlight } = useHighlight(run, viewport, selection);
  const selectAndShow = (next: Selection) => {
    onSelect(next);
    document.getElementById("messages")?.scrollIntoView();
  };
  const diagram = { run, viewport, colors, highlight, onSelect };
  const inSpaceAndTime = <Messages {...diagram} selection={selection} messages={messages} />;
  return (
    <>
      {hasMessagesFirst ? inSpaceAndTime : null}
      <Charts run={run} viewport={viewport} colors={colors} />
      <Operations {...diagram} />
      {hasMessagesFirst ? null : inSpaceAndTime}
      <NodeLogs run={run} viewport={viewport} />
      <PropagationSection run={run} selection={selection} onSelect={selectAndShow} />
      <LogSection run={run} colors={colors} onSelect={selectAndShow} />
      <Faults run={run} />
      <Assertions run={run} />
    </>
  );
}
