/**
 * Shows a run as it happened: nodes, messages, faults and clients at a moment that moves.
 *
 * The moment is that of the space-time diagram too, and so is the selection.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Decisions, type Intervention, isMessageIntervention } from "../../../decisions.ts";
import type { Viewport } from "../../../report/page/diagram/viewport.ts";
import type { Colors } from "../../../report/page/parts/colors.ts";
import type { Run } from "../../../report/page/run/run.ts";
import {
  focusOf,
  highlightOf,
  messagesOf,
  type Selection,
} from "../../../report/page/run/selection.ts";
import type { RunRecord } from "../../engine/protocol.ts";
import { Arena, type ArenaIndex, useArenaIndex } from "./arena.tsx";
import { type Condition, conditionAt, conditionsOf } from "./conditions.ts";
import { describeEvent, EventIndex } from "./event-index.ts";
import { InFlight } from "./in-flight.tsx";
import { type Inspect, type Inspections, useInspections } from "./inspections.ts";
import { addressOf, afterNs, linksBetween } from "./interventions.ts";
import { NodePanel } from "./node-panel.tsx";
import { NodeState } from "./node-state.tsx";
import { Playhead, type Scope } from "./playhead.ts";
import { Transport } from "./transport.tsx";
import { useChanges } from "./use-changes.ts";
import { useFrames, useMoment, useStillness } from "./use-playhead.ts";
import { Changes, CutPanel, type Intervene, MessagePanel, NodeDeeds } from "./what-if.tsx";
import "./watch.css";

/** A finished run. */
export interface WatchedRun {
  /** The decisions that it was given to replay. */
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
  /** Whether to show the moment of the selection: it was made elsewhere. */
  readonly isFollowed: boolean;
  readonly onSelect: (selection: Selection | undefined) => void;
  /** Called to run again with other decisions. */
  readonly onDecisions: (decisions: Decisions | undefined) => void;
  /** Whether a run is under way. */
  readonly isRunning: boolean;
  /** Returns the states of nodes in the run that is shown. Absent: they cannot be had. */
  readonly inspect?: Inspect | undefined;
}

export function Watch(props: WatchProps) {
  const { shown, colors, selection, isFollowed, onSelect, isRunning } = props;
  const { run, record, decisions } = shown;
  const conditions = useMemo(() => conditionsOf(record.history, run.header.tickNs), [shown]);
  const playhead = usePlayhead(props, conditions);
  const index = useArenaIndex(run);
  const isStill = useStillness();
  useFrames(playhead, isStill);
  const [node, setNode] = useState<string>();
  const inspections = useInspections(run, index.nodes, node, props.inspect);
  const [isCutting, setCutting] = useState(false);
  const changes = useChanges(decisions, props.onDecisions);
  const highlight = useMemo(
    () => selection && highlightOf(run, selection, messagesOf(run, selection)),
    [run, selection],
  );
  useEffect(() => {
    if (selection === undefined || !isFollowed) return;
    const messages = messagesOf(run, selection);
    playhead.pause();
    playhead.seek(focusOf(run, selection, messages)[0]);
  }, [run, selection, isFollowed, playhead]);
  const selectMessage = (row: number | undefined) => {
    onSelect(row === undefined ? undefined : { kind: "message", row });
  };
  // Until the change, the rows are the same in the next run.
  const kept = useRef<Selection>(undefined);
  useEffect(() => {
    if (kept.current !== undefined) onSelect(kept.current);
    kept.current = undefined;
  }, [run]);
  const intervene: Intervene = (intervention) => {
    playhead.pause();
    if (isMessageIntervention(intervention)) kept.current = selection;
    else {
      kept.current = undefined;
      // Shows what it does.
      playhead.seek(Math.ceil(intervention.atNs / run.header.tickNs));
    }
    changes.add(intervention);
  };
  const services = run.header.lanes.flatMap(({ name, role }) => (role === "service" ? [name] : []));
  return (
    <section class="watch" aria-labelledby="watch">
      <h2 id="watch">Watch</h2>
      <Transport run={run} playhead={playhead} onSelect={onSelect} />
      <div class="stage">
        <div>
          <Arena
            run={run}
            conditions={conditions}
            index={index}
            playhead={playhead}
            colors={colors}
            highlight={highlight}
            inspections={inspections}
            isStill={isStill}
            node={node}
            onNode={setNode}
            onMessage={selectMessage}
            onCut={
              isCutting && !isRunning
                ? (group) => {
                    setCutting(false);
                    const isApart = group.length > 0 && group.length < index.nodes.length;
                    if (!isApart) return;
                    const links = linksBetween(group, index.nodes);
                    const atNs = afterNs(playhead.time, run.header.tickNs);
                    intervene({ do: "cut", atNs, links });
                  }
                : undefined
            }
          />
          <CurrentEvent shown={shown} conditions={conditions} playhead={playhead} />
        </div>
        <Side
          {...{ props, conditions, index, playhead, node, services, inspections }}
          {...{ isCutting, isRunning }}
          interventions={changes.interventions}
          onCutting={setCutting}
          onMessage={selectMessage}
          onIntervene={intervene}
        >
          <Changes
            run={run}
            interventions={changes.interventions}
            redoable={changes.redoable}
            isRunning={isRunning}
            onChange={changes.replace}
            onRedo={changes.redo}
            onSeek={(ticks) => playhead.seek(ticks)}
          />
        </Side>
      </div>
    </section>
  );
}

interface SideProps {
  readonly props: WatchProps;
  readonly conditions: readonly Condition[];
  readonly index: ArenaIndex;
  readonly playhead: Playhead;
  readonly node: string | undefined;
  readonly services: readonly string[];
  readonly interventions: readonly Intervention[];
  readonly inspections: Inspections;
  readonly isCutting: boolean;
  readonly isRunning: boolean;
  readonly onCutting: (isCutting: boolean) => void;
  readonly onMessage: (row: number) => void;
  readonly onIntervene: Intervene;
  readonly children: ComponentChildren;
}

/** The selected message and node, and the changes that are possible at the moment that is shown. */
function Side(side: SideProps) {
  const { props, conditions, index, playhead, node, services, isRunning, onIntervene } = side;
  useMoment(playhead);
  const { run, record } = props.shown;
  const { selection } = props;
  const condition = conditionAt(conditions, playhead.time);
  const atNs = afterNs(playhead.time, run.header.tickNs);
  const row = selection?.kind === "message" ? selection.row : undefined;
  const address = useMemo(
    () => (row === undefined ? undefined : addressOf(record.messages, row)),
    [record, row],
  );
  const deed = { condition, atNs, isRunning, onIntervene };
  return (
    <div class="side">
      {row === undefined ? null : (
        <MessagePanel {...{ run, row, address, isRunning, onIntervene }} />
      )}
      {node === undefined ? null : (
        <NodePanel run={run} node={node} time={playhead.time}>
          {index.nodes.includes(node) ? (
            <>
              <NodeDeeds {...deed} node={node} />
              {props.inspect === undefined ? null : (
                <>
                  <h4>State</h4>
                  <NodeState
                    run={run}
                    inspection={side.inspections.get(node)}
                    time={playhead.time}
                  />
                </>
              )}
            </>
          ) : null}
        </NodePanel>
      )}
      <InFlight
        run={run}
        messages={index.messages}
        time={playhead.time}
        onSelect={side.onMessage}
      />
      <CutPanel
        {...deed}
        nodes={index.nodes}
        services={services}
        interventions={side.interventions}
        isCutting={side.isCutting}
        onCutting={side.onCutting}
      />
      {side.children}
    </div>
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
  const before = useRef(viewport);
  // Before anything is painted: positions of the other run are other events.
  useLayoutEffect(() => {
    if (current.scope !== scope) current.follow(scope);
  }, [current, scope]);
  useEffect(() => {
    // The diagrams of the next run show the same time.
    if (before.current !== viewport) viewport.show(before.current.from, before.current.to);
    before.current = viewport;
    const mark = () => viewport.mark(current.time);
    mark();
    return current.subscribe(mark);
  }, [current, viewport]);
  return current;
}

interface CurrentProps {
  readonly shown: WatchedRun;
  readonly conditions: readonly Condition[];
  readonly playhead: Playhead;
}

/** Describes the latest event. */
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
