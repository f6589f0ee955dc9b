/** Propagation of a broadcast's values to the nodes. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Propagation } from "../../recorder/run-data.ts";
import { PropagationGraph } from "../graphs/propagation-graph.tsx";
import { visible } from "../parts/visible-text.ts";
import { propagationMs } from "../run/arrivals.ts";
import { milliseconds, type Run } from "../run/run.ts";
import { operationsOf, type Selection } from "../run/selection.ts";

interface SectionProps {
  readonly run: Run;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection) => void;
}

export function PropagationSection(props: SectionProps) {
  const { propagation } = props.run.header;
  if (propagation === undefined || propagation.values.length === 0) return null;
  return <PropagationView {...props} propagation={propagation} />;
}

function PropagationView({
  run,
  selection,
  propagation,
  onSelect,
}: SectionProps & { readonly propagation: Propagation }) {
  const slowestFirst = useMemo(
    () =>
      propagation.values
        .map((value) => ({ value, tookMs: propagationMs(run, propagation, value) }))
        .sort((one, other) => other.tookMs - one.tookMs),
    [run, propagation],
  );
  const [selected, setSelected] = useState(slowestFirst[0]?.value.value);
  // Follows the finding, operation or message that the reader selects.
  useEffect(() => {
    const value = selection === undefined ? undefined : selectedValue(run, propagation, selection);
    if (value !== undefined) setSelected(value);
  }, [run, propagation, selection]);
  const chosen = propagation.values.find(({ value }) => value === selected);
  return (
    <section aria-labelledby="propagation">
      <h2 id="propagation">Propagation of values</h2>
      <p class="hint">
        {pathsText(propagation)}
        {propagation.values.length < propagation.valueCount
          ? ` Showing the first ${propagation.values.length} of ${propagation.valueCount} values.`
          : ""}
      </p>
      <div class="filter">
        <label>
          Value{" "}
          <select
            value={selected}
            onChange={({ currentTarget }) => setSelected(Number(currentTarget.value))}
          >
            {slowestFirst.map(({ value: { value, count }, tookMs }) => (
              <option key={value} value={value}>
                {value}:{" "}
                {count < propagation.lanes.length
                  ? `reached ${count} of ${propagation.lanes.length} nodes`
                  : `on every node after ${milliseconds(tookMs)}`}
              </option>
            ))}
          </select>
        </label>
        {chosen === undefined ? null : (
          <button
            type="button"
            onClick={() => onSelect({ kind: "operation", row: chosen.operation })}
          >
            Highlight its messages
          </button>
        )}
      </div>
      {chosen === undefined ? null : (
        <PropagationGraph run={run} propagation={propagation} value={chosen} onSelect={onSelect} />
      )}
    </section>
  );
}

/** Returns the value that a selection is about: the first one that its operations broadcast. */
function selectedValue(
  run: Run,
  { values }: Propagation,
  selection: Selection,
): number | undefined {
  const rows = operationsOf(run, selection);
  return values.find(({ operation }) => rows.includes(operation))?.value;
}

function pathsText({ paths }: Propagation): string {
  if (paths.length === 0) {
    return "No field of messages between nodes holds plain values: only arrivals from clients are shown.";
  }
  const lists = [...new Set(paths.map(wholeList(paths)))].map(visible).join(", ");
  return `Values were found in messages at ${lists}: no node sent a value there that it had not received before.`;
}

/** Merges the paths of one list: `.news[*]` for `.news[0]`, `.news[1]` and so on. */
function wholeList(paths: readonly string[]): (path: string) => string {
  return (path) => {
    const [, list] = /^(.*)\[\d…?\]$/.exec(path) ?? [];
    return list !== undefined && paths.includes(`${list}[0]`) ? `${list}[*]` : path;
  };
}
