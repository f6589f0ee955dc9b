/** Operations per process, and messages in space and time: one time, one filter, one selection. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LaneLayout } from "../diagram/geometry.ts";
import type { Hit } from "../diagram/hit-test.ts";
import { LanesCanvas } from "../diagram/lanes-canvas.tsx";
import type { Viewport } from "../diagram/viewport.ts";
import type { Colors } from "../parts/colors.ts";
import { Link, More } from "../parts/parts.tsx";
import { visible } from "../parts/visible-text.ts";
import { type Filter, filterMessages, NO_FILTER } from "../run/filter.ts";
import type { Run } from "../run/run.ts";
import {
  extentOf,
  highlightOf,
  messagesOf,
  operationsOf,
  type Selection,
} from "../run/selection.ts";

interface DiagramsProps {
  readonly run: Run;
  readonly viewport: Viewport;
  readonly colors: Colors;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
}

export function Diagrams(props: DiagramsProps) {
  const { run, viewport, colors, selection, onSelect } = props;
  const [filter, setFilter] = useState(NO_FILTER);
  const [hasClients, setHasClients] = useState(run.header.lanes.length <= 40);
  const [isSampled, setSampled] = useState(false);
  const rows = useMemo(() => filterMessages(run, filter), [run, filter]);
  const messages = useMemo(
    () => (selection === undefined ? [] : messagesOf(run, selection)),
    [run, selection],
  );
  const highlight = useMemo(
    () => (selection === undefined ? undefined : highlightOf(run, selection, messages)),
    [run, selection, messages],
  );
  useEffect(() => {
    if (selection !== undefined) viewport.reveal(...extentOf(run, selection, messages));
  }, [selection]);

  const threads = useMemo(() => threadLanes(run), [run]);
  const lanes = useMemo(() => messageLanes(run, hasClients), [run, hasClients]);
  const shared = {
    run,
    viewport,
    colors,
    highlight,
    onPick: (hit: Hit | undefined) => onSelect(hit),
    describe: (hit: Hit | undefined, ticks: number) =>
      hit === undefined ? describeFaults(run, ticks) : describe(run, hit),
  };
  return (
    <>
      <section aria-labelledby="operations">
        <h2 id="operations">Operations</h2>
        <Toolbar run={run} viewport={viewport} />
        <Legend
          items={[
            ["ok", "ok: it happened"],
            ["fail", "fail: it did not"],
            ["info", "info: nobody knows"],
            ["open", "never ended"],
            ["fault", "a fault was active"],
          ]}
        />
        <LanesCanvas
          {...shared}
          lanes={threads}
          laneHeight={threads.length > 30 ? 12 : 22}
          hasMessages={false}
          label="Operations of each client over time"
        />
      </section>
      <section aria-labelledby="messages">
        <h2 id="messages">Messages in space and time</h2>
        <Toolbar run={run} viewport={viewport} />
        <FilterForm
          run={run}
          filter={filter}
          onFilter={setFilter}
          hasClients={hasClients}
          onClients={setHasClients}
        />
        <p class="hint" aria-live="polite" id="message-count">
          {countText(run, rows, isSampled)}
        </p>
        <Legend
          items={[
            ["message", "between servers"],
            ["client-message", "with a client"],
            [
              "lost",
              "never arrived: dropped by a fault, sent to a node that was down, or still under way at the end",
            ],
            ["accent", "lit up"],
          ]}
        />
        <div class={selection === undefined ? "" : "beside"}>
          <LanesCanvas
            {...shared}
            lanes={lanes}
            laneHeight={run.header.lanes.length > 24 ? 18 : 30}
            rows={rows}
            hasMessages={true}
            label="Messages between nodes, services and clients over time"
            onSampled={setSampled}
          />
          <Detail {...props} messages={messages} />
        </div>
      </section>
    </>
  );
}

function describe(run: Run, hit: Hit): string {
  const { row } = hit;
  if (hit.kind === "operation") {
    const end = run.endOf(row);
    const took = end === undefined ? "never ended" : run.span(end - (run.invoked[row] ?? 0));
    return visible(
      `process ${run.columns.operationProcess[row]} on ${run.nodeOf(row)} at ${run.time(run.invoked[row] ?? 0)} · ${run.outcomeOf(row)}, ${took}\n${run.describe(row)}`,
    );
  }
  return visible(`${messageLine(run, row)}\n${run.bodyOf(row)}`);
}

/** The faults that were active at a time, if any was. */
function describeFaults(run: Run, ticks: number): string | undefined {
  const active = run.header.faults.filter(({ from, to }) => from <= ticks && ticks <= to);
  if (active.length === 0) return undefined;
  return active
    .map(({ name, from, to }) => visible(`${name}, ${run.time(from)} to ${run.time(to)}`))
    .join("\n");
}

function messageLine(run: Run, row: number): string {
  const { messageSource, messageDest, messageFlight } = run.columns;
  const flight = messageFlight[row] ?? -1;
  const way = `${run.lane(messageSource[row] ?? 0)} → ${run.lane(messageDest[row] ?? 0)}`;
  const arrival = flight < 0 ? "never arrived" : `took ${run.span(flight)}`;
  return `${way} ${run.messageTypeOf(row)} at ${run.time(run.sent[row] ?? 0)} · ${arrival}`;
}

function countText(run: Run, rows: Uint32Array | undefined, isSampled: boolean): string {
  const all = run.messageCount.toLocaleString("en");
  const passing =
    rows === undefined
      ? `${all} messages`
      : `${rows.length.toLocaleString("en")} of ${all} messages pass the filter`;
  const lost = run.lost.length.toLocaleString("en");
  return `${passing}; ${lost} never arrived.${isSampled ? " There are more here than can be told apart: zoom in to see each." : ""}`;
}

function threadCount(run: Run): number {
  return 1 + run.columns.operationThread.reduce((most, thread) => Math.max(most, thread), 0);
}

function threadLanes(run: Run): LaneLayout[] {
  return Array.from({ length: threadCount(run) }, (_, thread) => ({
    label: `process ${thread}`,
    thread,
  }));
}

/** Clients on top, nodes in the middle, services below. */
function messageLanes(run: Run, hasClients: boolean): LaneLayout[] {
  const lanes = run.header.lanes.map(({ name, role }, lane): LaneLayout & { role: string } => {
    const thread = /^client (\d+)$/.exec(name)?.[1];
    const label = visible(name);
    return role === "client" && thread !== undefined
      ? { label, lane, thread: Number(thread), role }
      : { label, lane, role };
  });
  const clients = lanes
    .filter(({ role }) => role === "client")
    .sort((one, other) => (one.thread ?? -1) - (other.thread ?? -1));
  return [
    ...(hasClients ? clients : []),
    ...lanes.filter(({ role }) => role === "node"),
    ...lanes.filter(({ role }) => role === "service"),
  ];
}

function Toolbar({ run, viewport }: { readonly run: Run; readonly viewport: Viewport }) {
  const time = useRef<HTMLOutputElement>(null);
  useEffect(() => {
    const tell = () => {
      if (time.current === null) return;
      const [from, to] = [Math.max(viewport.from, run.begin), Math.min(viewport.to, run.end)];
      time.current.textContent = `${run.time(from)} to ${run.time(to)}`;
    };
    tell();
    return viewport.subscribe(tell);
  }, [run, viewport]);
  return (
    <div class="toolbar">
      <button type="button" onClick={() => viewport.pan(-0.4)} aria-label="Earlier">
        ◀
      </button>
      <button type="button" onClick={() => viewport.zoom(2)} aria-label="Zoom in">
        +
      </button>
      <button type="button" onClick={() => viewport.zoom(0.5)} aria-label="Zoom out">
        −
      </button>
      <button type="button" onClick={() => viewport.pan(0.4)} aria-label="Later">
        ▶
      </button>
      <button type="button" onClick={() => viewport.showAll()}>
        Show all
      </button>
      <output class="hint time" ref={time} aria-label="Time that is shown" />
      <span class="hint keys">drag, double-click, Ctrl + wheel; with the keyboard ← → + − 0</span>
    </div>
  );
}

function Legend({
  items,
}: {
  readonly items: readonly (readonly [color: string, text: string])[];
}) {
  return (
    <ul class="legend">
      {items.map(([color, text]) => (
        <li key={color}>
          <span class="swatch" style={{ background: `var(--${color})` }} />
          {text}
        </li>
      ))}
    </ul>
  );
}

interface FilterProps {
  readonly run: Run;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
  readonly hasClients: boolean;
  readonly onClients: (hasClients: boolean) => void;
}

function FilterForm({ run, filter, onFilter, hasClients, onClients }: FilterProps) {
  const { lanes, messageTypes } = run.header;
  const names = lanes.map(({ name }) => name);
  return (
    <form class="filter" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label="Node"
        value={filter.node}
        choices={names}
        onChoose={(node) => onFilter({ ...filter, node })}
      />
      <Choice
        label="Type"
        value={filter.type}
        choices={messageTypes}
        onChoose={(type) => onFilter({ ...filter, type })}
      />
      <label>
        Key or value{" "}
        <input
          type="search"
          id="filter-text"
          placeholder="such as 42"
          value={filter.text}
          onInput={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value.trim() })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.onlyLost}
          onChange={({ currentTarget }) => onFilter({ ...filter, onlyLost: currentTarget.checked })}
        />
        only lost
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={hasClients}
          onChange={({ currentTarget }) => onClients(currentTarget.checked)}
        />
        clients
      </label>
      <button type="button" onClick={() => onFilter(NO_FILTER)}>
        Clear
      </button>
    </form>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly string[];
  readonly onChoose: (value: string) => void;
}

function Choice({ label, value, choices, onChoose }: ChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        <option value="">all</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {visible(choice)}
          </option>
        ))}
      </select>
    </label>
  );
}

const MAX_LISTED = 60;

function Detail({
  run,
  selection,
  onSelect,
  messages,
}: DiagramsProps & { readonly messages: readonly number[] }) {
  if (selection === undefined) return null;
  const operations = operationsOf(run, selection);
  const title = {
    operation: "Operation",
    message: "Message",
    finding: "Finding",
  }[selection.kind];
  return (
    <aside class="detail" aria-label="What is lit up" aria-live="polite">
      <div class="detail-head">
        <strong>{title}</strong>
        <span class="hint">
          {messages.length === 1 ? "1 message" : `${messages.length} messages`} lit up
          {selection.kind === "message"
            ? ""
            : ": requests and replies, what led from one to the other, and what carried the value on"}
        </span>
        <button type="button" onClick={() => onSelect(undefined)}>
          Clear
        </button>
      </div>
      {operations.slice(0, MAX_LISTED).map((row) => {
        const end = run.endOf(row);
        const outcome = run.outcomeOf(row);
        return (
          <p class="operation" key={row}>
            <Link onClick={() => onSelect({ kind: "operation", row })}>
              process {run.columns.operationProcess[row]} on {visible(run.nodeOf(row))},{" "}
              {run.time(run.invoked[row] ?? 0)} to {end === undefined ? "the end" : run.time(end)}
            </Link>{" "}
            <span class={`outcome ${outcome}`}>{outcome}</span>
            <code>{visible(run.describe(row))}</code>
          </p>
        );
      })}
      <ol class="messages">
        {messages.slice(0, MAX_LISTED).map((row) => (
          <li key={row}>
            <Link onClick={() => onSelect({ kind: "message", row })}>
              {visible(messageLine(run, row))}
            </Link>
            <br />
            <code>{visible(run.bodyOf(row))}</code>
          </li>
        ))}
      </ol>
      <More count={messages.length - MAX_LISTED} />
    </aside>
  );
}
