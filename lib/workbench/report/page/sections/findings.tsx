/** Findings and observations, each with its operations. */
import { useState } from "preact/hooks";
import type { PageFinding } from "../../recorder/run-data.ts";
import { CycleGraph } from "../graphs/cycle-graph.tsx";
import { LinearizationGraph } from "../graphs/linearization-graph.tsx";
import { Code } from "../parts/code.tsx";
import { LinkButton } from "../parts/controls.tsx";
import { Table } from "../parts/table.tsx";
import { visible, visibleLines } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface FindingsProps {
  readonly run: Run;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
}

export function Findings(props: FindingsProps) {
  const { findings, remarks, valid } = props.run.header;
  const [opened, setOpened] = useState(() =>
    props.selection?.kind === "finding" ? props.selection : undefined,
  );
  if (findings.length + remarks.length === 0) return null;
  const shared = { ...props, opened, onOpen: setOpened };
  const title = valid === true ? "Observations" : "Findings";
  return (
    <section aria-labelledby="findings">
      <h2 id="findings">{title}</h2>
      <p class="hint">
        {valid === true ? "None of these makes the run invalid. " : ""}The first examples of each
        kind. Select one to highlight its operations and messages in the diagrams.
      </p>
      <FindingList {...shared} findings={findings} list="findings" />
      <FindingList {...shared} findings={remarks} list="remarks" />
    </section>
  );
}

type FindingSelection = Extract<Selection, { readonly kind: "finding" }>;

interface ListProps extends FindingsProps {
  /** The finding whose details are open. */
  readonly opened: FindingSelection | undefined;
  readonly onOpen: (finding: FindingSelection | undefined) => void;
}

/** Number of findings of a kind that are shown at first. */
const FIRST_SHOWN = 3;

/** The findings of a list, grouped by kind. */
function FindingList({
  findings,
  list,
  ...props
}: ListProps & {
  readonly findings: readonly PageFinding[];
  readonly list: FindingProps["list"];
}) {
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const kinds = Map.groupBy(findings.entries(), ([, { anomaly }]) => anomaly);
  return (
    <>
      {[...kinds].map(([anomaly, ofKind]) => {
        const shownCount = unfolded.has(anomaly) ? ofKind.length : FIRST_SHOWN;
        const more = ofKind.length - shownCount;
        const notListed = ofKind.at(-1)?.[1].moreCount ?? 0;
        return (
          <ol class="findings" key={anomaly}>
            {ofKind.slice(0, shownCount).map(([index, finding]) => (
              <Finding key={index} {...props} finding={finding} list={list} index={index} />
            ))}
            {more > 0 ? (
              <li>
                <LinkButton onClick={() => setUnfolded(new Set([...unfolded, anomaly]))}>
                  Show {more} more: {visible(anomaly)}
                </LinkButton>
              </li>
            ) : null}
            {notListed > 0 ? (
              <li class="hint">
                {visible(anomaly)}: {notListed.toLocaleString("en")} more{" "}
                {notListed === 1 ? "is" : "are"} not listed
              </li>
            ) : null}
          </ol>
        );
      })}
    </>
  );
}

interface FindingProps extends ListProps {
  readonly finding: PageFinding;
  readonly list: "findings" | "remarks";
  readonly index: number;
}

function Finding(props: FindingProps) {
  const { run, finding, list, index, selection, onSelect, opened, onOpen } = props;
  // Stays open while one of its transactions is selected.
  const isOpen = opened?.list === list && opened.index === index;
  const toggle = () => {
    const next: FindingSelection | undefined = isOpen
      ? undefined
      : { kind: "finding", list, index };
    onOpen(next);
    onSelect(next);
  };
  return (
    <li class={isOpen ? "finding open" : "finding"}>
      <button type="button" class="finding-head" aria-expanded={isOpen} onClick={toggle}>
        <span class={`badge ${run.header.valid === true || list === "remarks" ? "" : "bad"}`}>
          {visible(finding.anomaly)}
        </span>
        <span class="finding-text">{visibleLines(finding.sentence)}</span>
      </button>
      {isOpen ? (
        <div class="finding-body">
          <p class="links">
            <LinkButton onClick={() => document.getElementById("messages")?.scrollIntoView()}>
              Show in the diagram
            </LinkButton>
            {selection?.kind === "operation" ? (
              <LinkButton onClick={() => onSelect({ kind: "finding", list, index })}>
                Highlight the whole finding
              </LinkButton>
            ) : null}
          </p>
          {finding.cycle === undefined ? null : (
            <CycleGraph run={run} steps={finding.cycle} selection={selection} onSelect={onSelect} />
          )}
          {finding.linearization === undefined ? null : (
            <LinearizationGraph
              run={run}
              attempt={finding.linearization}
              selection={selection}
              onSelect={onSelect}
            />
          )}
          <OperationList run={run} rows={finding.operations} onSelect={onSelect} />
        </div>
      ) : null}
    </li>
  );
}

/** Number of operations that are listed per finding. */
const MAX_LISTED = 40;

function OperationList({
  run,
  rows,
  onSelect,
}: {
  readonly run: Run;
  readonly rows: readonly number[];
  readonly onSelect: (selection: Selection) => void;
}) {
  if (rows.length === 0) return null;
  return (
    <Table
      columns={["start", "end", "process", "node", "operation", "outcome"]}
      more={rows.length - MAX_LISTED}
    >
      {rows.slice(0, MAX_LISTED).map((row) => {
        const end = run.endOf(row);
        const outcome = run.outcomeOf(row);
        return (
          <tr key={row}>
            <td class="number">
              <LinkButton onClick={() => onSelect({ kind: "operation", row })}>
                {run.time(run.invoked[row] ?? 0)}
              </LinkButton>
            </td>
            <td class="number">{end === undefined ? "never" : run.time(end)}</td>
            <td class="number">{run.columns.operationProcess[row]}</td>
            <td>{visible(run.nodeOf(row))}</td>
            <td class="code">
              <Code text={run.describe(row)} />
            </td>
            <td>
              <span class={`outcome ${outcome}`}>{outcome}</span>
            </td>
          </tr>
        );
      })}
    </Table>
  );
}
