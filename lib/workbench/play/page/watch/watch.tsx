/**
 * Shows a run as it happened: nodes, messages, faults and clients at a moment that moves.
 *
 * The moment is that of the space-time diagram too, and so is the selection.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Decisions } from "../../../decisions.ts";
import type { Viewport } from "../../../report/page/diagram/viewport.ts";
import type { Colors } from "../../../report/page/parts/colors.ts";
import type { Run } from "../../../report/page/run/run.ts";
import { highlightOf, messagesOf, type Selection } from "../../../report/page/run/selection.ts";
import type { TestOptions } from "../../../run/test-options.ts";
import type { RunRecord } from "../../engine/protocol.ts";
import { Arena } from "./arena.tsx";
import { type Condition, conditionsOf } from "./conditions.ts";
import { describeEvent, EventIndex } from "./event-index.ts";
import { Playhead, type Scope } from "./playhead.ts";
import { Transport } from "./transport.tsx";
import { useFrames, useMoment, useStillness } from "./use-playhead.ts";
import "./watch.css";

/** A finished run. */
export interface WatchedRun {
  readonly options: TestOptions;
  /** What it was to replay. */
  readonly decisions: Decisions | undefined;
  readonly record: RunRecord;
  /** The columns of the report. */
  readonly run: Run;
}

export interface WatchProps {
  /** Another object is another run. */
  readonly shown: WatchedRun;
  /** The visible time of the diagrams beside it. */
  readonly viewport: Viewport;
  readonly colors: Colors;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
  /** Called to run again with other decisions. */
  readonly onDecisions: (decisions: Decisions | undefined) => void;
  /** Whether a run is under way. */
  readonly isRunning: boolean;
}

export function Watch(props: WatchProps) {
  const { shown, colors, selection, onSelect } = props;
  const { run, record } = shown;
  const conditions = useMemo(() => conditionsOf(record.history, run.header.tickNs), [shown]);
  const playhead = usePlayhead(props, conditions);
  const isStill = useStillness();
  useFrames(playhead, isStill);
  const [node, setNode] = useState<string>();
  const highlight = useMemo(
    () => selection && highlightOf(run, selection, messagesOf(run, selection)),
    [run, selection],
  );
  return (
    <section class="watch" aria-labelledby="watch">
      <h2 id="watch">Watch</h2>
      <Transport run={run} playhead={playhead} onSelect={onSelect} />
      <Arena
        run={run}
        conditions={conditions}
        playhead={playhead}
        colors={colors}
        highlight={highlight}
        isStill={isStill}
        node={node}
        onNode={setNode}
        onMessage={(row) => onSelect(row === undefined ? undefined : { kind: "message", row })}
        onCut={undefined}
      />
      <CurrentEvent shown={shown} conditions={conditions} playhead={playhead} />
    </section>
  );
}

/** The playhead of the page: it stays when another run is shown. */
function usePlayhead({ shown, viewport }: WatchProps, conditions: readonly Condition[]): Playhead {
  const { run } = shown;
  const scope = useMemo((): Scope => {
    const { begin, end, tickMs } = run;
    return { events: new EventIndex(run, conditions), begin, end, tickMs };
  }, [run, conditions]);
  const playhead = useRef<Playhead>(undefined);
  playhead.current ??= new Playhead(scope);
  const current = playhead.current;
  useEffect(() => {
    if (current.scope !== scope) current.follow(scope);
    const mark = () => viewport.mark(current.time);
    mark();
    return current.subscribe(mark);
  }, [current, scope, viewport]);
  return current;
}

interface CurrentProps {
  readonly shown: WatchedRun;
  readonly conditions: readonly Condition[];
  readonly playhead: Playhead;
}

/** What has just happened, in words. */
function CurrentEvent({ shown: { run }, conditions, playhead }: CurrentProps) {
  useMoment(playhead);
  const event = playhead.scope.events.at(playhead.position);
  const text =
    event === undefined ? "Nothing has happened yet" : describeEvent(run, conditions, event);
  return (
    <p class="current" role="status" aria-live={playhead.isPlaying ? "off" : "polite"}>
      <span class="number">{run.time(event?.time ?? playhead.time)}</span> {text}
    </p>
  );
}
