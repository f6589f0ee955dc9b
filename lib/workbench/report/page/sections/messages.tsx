/** The messages between clients, nodes and services: a space-time diagram with a filter. */
import { useMemo, useState } from "preact/hooks";
import { OUTCOMES } from "../../recorder/run-data.ts";
import { FilterForm } from "../diagram/filter-form.tsx";
import { messageLanes } from "../diagram/lane-layouts.ts";
import { type DiagramProps, LanesCanvas } from "../diagram/lanes-canvas.tsx";
import { SelectionDetails } from "../diagram/selection-details.tsx";
import { Toolbar } from "../diagram/toolbar.tsx";
import { Legend, type LegendItem } from "../parts/legend.tsx";
import { filterMessages, NO_FILTER } from "../run/filter.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface MessagesProps extends DiagramProps {
  readonly selection: Selection | undefined;
  /** Rows of the highlighted messages. */
  readonly messages: readonly number[];
}

export function Messages({ selection, messages, ...diagram }: MessagesProps) {
  const { run, viewport, onSelect } = diagram;
  const [filter, setFilter] = useState(NO_FILTER);
  const [hasClients, setHasClients] = useState(run.header.lanes.length <= 40);
  const [isSampled, setSampled] = useState(false);
  const rows = useMemo(() => filterMessages(run, filter), [run, filter]);
  const lanes = useMemo(() => messageLanes(run, hasClients), [run, hasClients]);
  const logLegend: LegendItem[] =
    run.logged.length === 0 ? [] : [["series-1", "mark below a lane: the node logged a line"]];
  return (
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
          ["client-message", "to or from a client"],
          ["lost", "never arrived: point at one to see why"],
          ["accent", "highlighted"],
          ...(hasClients ? outcomeLegend(run) : []),
          ...(run.header.faults.length > 0 ? FAULT_LEGEND : []),
          ...logLegend,
        ]}
      />
      <div class={selection === undefined ? "" : "beside"}>
        <LanesCanvas
          {...diagram}
          lanes={lanes}
          laneHeight={run.header.lanes.length > 24 ? 18 : 30}
          rows={rows}
          hasMessages={true}
          label="Messages between nodes, services and clients over time"
          onSampled={setSampled}
        />
        {selection === undefined ? null : (
          <SelectionDetails
            run={run}
            selection={selection}
            messages={messages}
            onSelect={onSelect}
          />
        )}
      </div>
    </section>
  );
}

const FAULT_LEGEND: readonly LegendItem[] = [["fault", "fault active"]];

/** The colours of the operations, which are bars on the lanes of clients. */
function outcomeLegend(run: Run): LegendItem[] {
  const outcomes = new Set(run.columns.operationOutcome);
  return OUTCOMES.flatMap((outcome, number): LegendItem[] =>
    outcomes.has(number) ? [[outcome, `operation: ${outcome}`]] : [],
  );
}

function countText(run: Run, rows: Uint32Array | undefined, isSampled: boolean): string {
  const all = run.messageCount.toLocaleString("en");
  const matching =
    rows === undefined
      ? `${all} ${run.messageCount === 1 ? "message" : "messages"}`
      : `${rows.length.toLocaleString("en")} of ${all} messages match the filter`;
  const byReason = Map.groupBy(run.lost, (row) => run.lossOf(row));
  const reasons = [...byReason].map(
    ([reason, rows]) => `${rows.length.toLocaleString("en")} ${reason}`,
  );
  const lost = `${run.lost.length.toLocaleString("en")} never arrived${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`;
  const sampling = isSampled ? " Too many to draw: this is a sample. Zoom in to see each." : "";
  return `${matching}; ${lost}.${sampling}`;
}
