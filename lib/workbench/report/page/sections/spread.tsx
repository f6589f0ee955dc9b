/** Propagation of a broadcast's values to the nodes. */
import { useMemo, useState } from "preact/hooks";
import type { Spread } from "../../recorder/run-data.ts";
import { SpreadGraph } from "../graphs/spread-graph.tsx";
import { visible } from "../parts/visible-text.ts";
import { propagationMs } from "../run/arrivals.ts";
import { milliseconds, type Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface SectionProps {
  readonly run: Run;
  readonly onSelect: (selection: Selection) => void;
}

export function SpreadSection({ run, onSelect }: SectionProps) {
  const { spread } = run.header;
  if (spread === undefined || spread.values.length === 0) return null;
  return <SpreadView run={run} spread={spread} onSelect={onSelect} />;
}

function SpreadView({ run, spread, onSelect }: SectionProps & { readonly spread: Spread }) {
  const slowestFirst = useMemo(
    () =>
      spread.values
        .map((value) => ({ value, tookMs: propagationMs(run, spread, value) }))
        .sort((one, other) => other.tookMs - one.tookMs),
    [run, spread],
  );
  const [selected, setSelected] = useState(slowestFirst[0]?.value.value);
  const chosen = spread.values.find(({ value }) => value === selected);
  return (
    <section aria-labelledby="spread">
      <h2 id="spread">Propagation of values</h2>
      <p class="hint">
        {pathsText(spread)}
        {spread.values.length < spread.valueCount
          ? ` Showing the first ${spread.values.length} of ${spread.valueCount} values.`
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
                {count < spread.lanes.length
                  ? `reached ${count} of ${spread.lanes.length} nodes`
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
        <SpreadGraph run={run} spread={spread} value={chosen} onSelect={onSelect} />
      )}
    </section>
  );
}

function pathsText({ paths }: Spread): string {
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
