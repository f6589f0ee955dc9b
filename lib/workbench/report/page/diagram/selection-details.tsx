/** Lists the selected operations, the highlighted messages, and what happened to their nodes. */
import type { FaultSpan } from "../../recorder/run-data.ts";
import { Code } from "../parts/code.tsx";
import { LinkButton } from "../parts/controls.tsx";
import { More } from "../parts/table.tsx";
import { visible, visibleLine } from "../parts/visible-text.ts";
import { messageLine } from "../run/describe.ts";
import { faultsBeside } from "../run/faults-beside.ts";
import { linesBeside } from "../run/log-lines.ts";
import type { Run } from "../run/run.ts";
import { operationsOf, type Selection } from "../run/selection.ts";

interface DetailsProps {
  readonly run: Run;
  readonly selection: Selection;
  /** Rows of the highlighted messages. */
  readonly messages: readonly number[];
  readonly onSelect: (selection: Selection | undefined) => void;
}

/** Number of operations and of messages that are listed. */
const MAX_LISTED = 60;

const TITLES = { operation: "Operation", message: "Message", finding: "Finding" } as const;

export function SelectionDetails({ run, selection, messages, onSelect }: DetailsProps) {
  const operations = operationsOf(run, selection);
  return (
    <aside class="detail" aria-label="Selection" aria-live="polite">
      <div class="detail-head">
        <strong>{TITLES[selection.kind]}</strong>
        <span class="hint">
          {messages.length === 1 ? "1 message" : `${messages.length} messages`} highlighted
          {selection.kind === "message"
            ? ""
            : ": requests, replies, messages on a causal path between them, and messages that carry the value on; faults that were active then"}
        </span>
        <button type="button" onClick={() => onSelect(undefined)}>
          Clear
        </button>
      </div>
      {operations.slice(0, MAX_LISTED).map((row) => (
        <Operation
          key={row}
          run={run}
          row={row}
          onSelect={() => onSelect({ kind: "operation", row })}
        />
      ))}
      <More count={operations.length - MAX_LISTED} />
      <ol class="messages">
        {entriesOf(run, selection, messages).map((entry) => {
          if (entry.kind === "fault")
            return <Fault key={entry.key} run={run} fault={entry.fault} />;
          const { kind, row } = entry;
          return kind === "line" ? (
            <li key={`line ${row}`} class="logged">
              {run.lane(run.columns.outputLane[row] ?? 0)} logged at{" "}
              {run.time(run.logged[row] ?? 0)}
              <br />
              <code>{visibleLine(run.lineOf(row))}</code>
            </li>
          ) : (
            <li key={row}>
              <LinkButton onClick={() => onSelect({ kind: "message", row })}>
                {visible(messageLine(run, row))}
              </LinkButton>
              <br />
              <Code text={run.bodyOf(row)} />
            </li>
          );
        })}
      </ol>
      <More count={messages.length - MAX_LISTED} />
    </aside>
  );
}

type Entry = { readonly time: number } & (
  | { readonly kind: "message" | "line"; readonly row: number }
  | { readonly kind: "fault"; readonly fault: FaultSpan; readonly key: string }
);

/**
 * The listed messages, what their senders and receivers logged until then, and the faults on these, in the
 * order of time.
 */
function entriesOf(run: Run, selection: Selection, messages: readonly number[]): Entry[] {
  const listed = messages.slice(0, MAX_LISTED);
  const entries: Entry[] = [
    ...faultsBeside(run, selection, messages)
      .slice(0, MAX_LISTED)
      .map(
        (fault, index): Entry => ({
          kind: "fault",
          fault,
          key: `fault ${index}`,
          time: fault.from,
        }),
      ),
    ...listed.map((row): Entry => ({ kind: "message", row, time: run.sent[row] ?? 0 })),
    ...linesBeside(run, listed)
      .slice(0, MAX_LISTED)
      .map((row): Entry => ({ kind: "line", row, time: run.logged[row] ?? 0 })),
  ];
  return entries.sort((one, other) => one.time - other.time);
}

function Fault({ run, fault }: { readonly run: Run; readonly fault: FaultSpan }) {
  const { name, detail, from, to } = fault;
  return (
    <li class="fault">
      {visible(name)} from {run.time(from)} to {run.time(to)}
      <br />
      <code>{visible(detail)}</code>
    </li>
  );
}

interface OperationProps {
  readonly run: Run;
  readonly row: number;
  readonly onSelect: () => void;
}

function Operation({ run, row, onSelect }: OperationProps) {
  const end = run.endOf(row);
  const outcome = run.outcomeOf(row);
  return (
    <p class="operation">
      <LinkButton onClick={onSelect}>
        process {run.columns.operationProcess[row]} on {visible(run.nodeOf(row))},{" "}
        {run.time(run.invoked[row] ?? 0)} to {end === undefined ? "the end" : run.time(end)}
      </LinkButton>{" "}
      <span class={`outcome ${outcome}`}>{outcome}</span>
      <Code text={run.describe(row)} />
    </p>
  );
}
