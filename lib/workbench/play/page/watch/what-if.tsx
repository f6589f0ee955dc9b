/** Changes the run at the moment that is shown: messages, nodes, links; and takes changes back. */
import type { TargetedMouseEvent } from "preact";
import { useState } from "preact/hooks";
import type { Intervention } from "../../../decisions.ts";
import { Code } from "../../../report/page/parts/code.tsx";
import { LinkButton } from "../../../report/page/parts/controls.tsx";
import { visible } from "../../../report/page/parts/visible-text.ts";
import { messageLine } from "../../../report/page/run/describe.ts";
import type { Run } from "../../../report/page/run/run.ts";
import type { Condition } from "./conditions.ts";
import {
  type Address,
  deedsOn,
  describeIntervention,
  hasCuts,
  isCutByHand,
  linksBetween,
  type NodeDeed,
} from "./interventions.ts";

/** Changes the run. */
export type Intervene = (intervention: Intervention) => void;

interface MessageProps {
  readonly run: Run;
  readonly row: number;
  /** Absent if the message was not stored. */
  readonly address: Address | undefined;
  readonly isRunning: boolean;
  readonly onIntervene: Intervene;
}

const MAX_DELAY_MS = 60_000;

type ButtonClick = TargetedMouseEvent<HTMLButtonElement>;

/** A button that is disabled, or replaced, by the run that it starts would lose the focus: its panel keeps it. */
function holdFocus({ currentTarget }: ButtonClick): void {
  currentTarget.closest<HTMLElement>(".panel")?.focus({ preventScroll: true });
}

/** The selected message. */
export function MessagePanel({ run, row, address, isRunning, onIntervene }: MessageProps) {
  const [delayMs, setDelayMs] = useState(100);
  const isDisabled = isRunning || address === undefined;
  const change = (how: "drop" | "delay" | "duplicate", event: ButtonClick) => {
    if (address === undefined) return;
    holdFocus(event);
    const byNs = Math.round(delayMs * 1e6);
    onIntervene(how === "drop" ? { do: how, ...address } : { do: how, ...address, byNs });
  };
  return (
    <section class="panel" tabIndex={-1} aria-label="Selected message">
      <h3>Message</h3>
      <p>{visible(messageLine(run, row))}</p>
      <Code text={run.bodyOf(row)} />
      <fieldset class="deeds" disabled={isDisabled}>
        <legend>What if it …</legend>
        <button type="button" onClick={(event) => change("drop", event)}>
          is lost
        </button>
        <button type="button" onClick={(event) => change("delay", event)}>
          is late
        </button>
        <button type="button" onClick={(event) => change("duplicate", event)}>
          comes twice
        </button>
        <label>
          Delay of the message, or of its copy:{" "}
          <input
            type="number"
            min={1}
            max={MAX_DELAY_MS}
            value={delayMs}
            onInput={({ currentTarget }) => {
              const ms = currentTarget.valueAsNumber;
              if (ms >= 0 && ms <= MAX_DELAY_MS) setDelayMs(ms);
            }}
          />{" "}
          ms
        </label>
      </fieldset>
      <p class="hint">
        The run is the same until it was sent. {address === undefined ? "It is not stored." : ""}
      </p>
    </section>
  );
}

const DEEDS: Readonly<Record<NodeDeed, string>> = {
  kill: "Kill",
  restart: "Restart",
  pause: "Pause",
  resume: "Resume",
};

interface NodeDeedsProps {
  readonly node: string;
  readonly condition: Condition;
  readonly atNs: number;
  readonly isRunning: boolean;
  readonly onIntervene: Intervene;
}

export function NodeDeeds({ node, condition, atNs, isRunning, onIntervene }: NodeDeedsProps) {
  return (
    <fieldset class="deeds" disabled={isRunning}>
      <legend>What if, at this moment …</legend>
      {deedsOn(condition, node).map((deed) => (
        <button
          type="button"
          key={deed}
          onClick={(event) => {
            holdFocus(event);
            onIntervene({ do: deed, atNs, node });
          }}
        >
          {DEEDS[deed]} {visible(node)}
        </button>
      ))}
    </fieldset>
  );
}

interface CutProps {
  readonly nodes: readonly string[];
  readonly services: readonly string[];
  readonly condition: Condition;
  readonly atNs: number;
  readonly isRunning: boolean;
  /** The changes so far: only cuts by hand are healed by hand. */
  readonly interventions: readonly Intervention[];
  readonly isCutting: boolean;
  readonly onCutting: (isCutting: boolean) => void;
  readonly onIntervene: Intervene;
}

/** Cuts nodes off: by a line that is drawn, or by their names. */
export function CutPanel(props: CutProps) {
  const { nodes, services, condition, atNs, isRunning, interventions } = props;
  const { isCutting, onCutting, onIntervene } = props;
  const [group, setGroup] = useState<readonly string[]>([]);
  const all = [...nodes, ...services];
  const toggle = (name: string) =>
    setGroup(group.includes(name) ? group.filter((other) => other !== name) : [...group, name]);
  const chosen = group.filter((name) => all.includes(name));
  return (
    <fieldset class="deeds" disabled={isRunning}>
      <legend>Links, at this moment</legend>
      <button type="button" aria-pressed={isCutting} onClick={() => onCutting(!isCutting)}>
        {isCutting ? "Draw a line between nodes" : "Draw a cut"}
      </button>
      {isCutByHand(interventions, atNs) ? (
        <button type="button" onClick={() => onIntervene({ do: "heal", atNs })}>
          Heal
        </button>
      ) : hasCuts(condition, all) ? (
        <p class="hint">
          The cut that is shown is a fault of the test. It ends when the fault does.
        </p>
      ) : null}
      <details>
        <summary>Choose the nodes to cut off</summary>
        <div class="group">
          {all.map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={() => toggle(name)}
              />
              {visible(name)}
            </label>
          ))}
        </div>
        <button
          type="button"
          disabled={chosen.length === 0 || chosen.length === all.length}
          onClick={() => {
            onIntervene({ do: "cut", atNs, links: linksBetween(chosen, all) });
            setGroup([]);
          }}
        >
          Cut {chosen.length === 0 ? "them" : visible(chosen.join(", "))} off
        </button>
      </details>
    </fieldset>
  );
}

interface ChangesProps {
  readonly run: Run;
  readonly interventions: readonly Intervention[];
  readonly redoable: readonly Intervention[];
  readonly isRunning: boolean;
  /** Runs again with these. */
  readonly onChange: (interventions: readonly Intervention[]) => void;
  readonly onRedo: () => void;
  readonly onSeek: (ticks: number) => void;
}

/** The changes so far. Each can be taken back. */
export function Changes(props: ChangesProps) {
  const { run, interventions, redoable, isRunning, onChange, onRedo, onSeek } = props;
  if (interventions.length === 0 && redoable.length === 0) return null;
  return (
    <section class="panel" tabIndex={-1} aria-label="Changes by hand">
      <h3>Changes by hand</h3>
      <ol class="changes">
        {interventions.map((intervention, index) => (
          <li key={index}>
            {"atNs" in intervention ? (
              <LinkButton onClick={() => onSeek(intervention.atNs / run.header.tickNs)}>
                {run.time(intervention.atNs / run.header.tickNs)}
              </LinkButton>
            ) : null}{" "}
            {visible(describeIntervention(intervention))}{" "}
            <button
              type="button"
              class="small"
              disabled={isRunning}
              aria-label={`Take back: ${visible(describeIntervention(intervention))}`}
              onClick={(event) => {
                holdFocus(event);
                onChange(interventions.filter((_, other) => other !== index));
              }}
            >
              ×
            </button>
          </li>
        ))}
      </ol>
      <div class="toolbar">
        <button
          type="button"
          disabled={isRunning || interventions.length === 0}
          onClick={(event) => {
            holdFocus(event);
            onChange(interventions.slice(0, -1));
          }}
        >
          Undo
        </button>
        <button
          type="button"
          disabled={isRunning || redoable.length === 0}
          onClick={(event) => {
            holdFocus(event);
            onRedo();
          }}
        >
          Redo
        </button>
      </div>
    </section>
  );
}
