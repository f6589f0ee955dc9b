/** The page. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Gauge } from "../recorder/run-data.ts";
import { Viewport } from "./diagram/viewport.ts";
import { type Colors, readColors } from "./parts/colors.ts";
import { Table } from "./parts/parts.tsx";
import { visible } from "./parts/visible-text.ts";
import type { Run } from "./run/run.ts";
import type { Selection } from "./run/selection.ts";
import { Charts } from "./sections/charts.tsx";
import { Diagrams } from "./sections/diagrams.tsx";
import { Findings } from "./sections/findings.tsx";
import { LogView } from "./sections/log.tsx";
import { SpreadView } from "./sections/spread.tsx";

type Theme = "light" | "dark";

export function App({ run }: { readonly run: Run }) {
  const { header } = run;
  const viewport = useMemo(() => new Viewport(run.begin, run.end), [run]);
  const [selection, setSelection] = useState<Selection>();
  const [colors, switchTheme] = useTheme();
  const pick = (next: Selection | undefined) => {
    setSelection(next);
  };
  const pickAndGo = (next: Selection | undefined) => {
    setSelection(next);
    if (next !== undefined) document.getElementById("messages")?.scrollIntoView();
  };
  const spread = header.spread;
  const log = header.log;
  return (
    <main>
      <Header run={run} onSwitch={switchTheme} />
      <Gauges gauges={header.gauges} />
      <Findings run={run} selection={selection} onSelect={pick} />
      <Charts run={run} viewport={viewport} colors={colors} />
      <Diagrams
        run={run}
        viewport={viewport}
        colors={colors}
        selection={selection}
        onSelect={pick}
      />
      {spread === undefined || spread.values.length === 0 ? null : (
        <SpreadView run={run} spread={spread} onSelect={pickAndGo} />
      )}
      {log === undefined || log.keys.length === 0 ? null : (
        <LogView run={run} log={log} colors={colors} onSelect={pickAndGo} />
      )}
      <Faults run={run} />
    </main>
  );
}

/** The colours of the theme, and what switches to the other. */
function useTheme(): readonly [Colors, () => void] {
  const [colors, setColors] = useState(readColors);
  const [theme, setTheme] = useState<Theme>();
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setColors(readColors());
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  const switchTheme = () => {
    const isDark =
      theme === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
    const next = isDark ? "light" : "dark";
    document.documentElement.dataset["theme"] = next;
    setTheme(next);
    setColors(readColors());
  };
  return [colors, switchTheme];
}

const VERDICTS = {
  true: "valid",
  false: "invalid",
  unknown: "unknown",
  crashed: "crashed",
} as const;

function Header({ run, onSwitch }: { readonly run: Run; readonly onSwitch: () => void }) {
  const { workload, valid, verdict, command, startedAt, options, seed } = run.header;
  const state = VERDICTS[`${valid}`];
  return (
    <header class={state}>
      <div class="title">
        <h1>
          <span class={`verdict ${state}`}>{state}</span> {visible(workload)}
        </h1>
        <button type="button" onClick={onSwitch} aria-label="Switch between light and dark">
          ◐
        </button>
      </div>
      <p class="sentence" id="verdict">
        {visible(verdict)}
      </p>
      <dl class="options">
        {options.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{visible(value)}</dd>
          </div>
        ))}
        <div>
          <dt>seed</dt>
          <dd>{seed}</dd>
        </div>
        {startedAt === undefined ? null : (
          <div>
            <dt>started</dt>
            <dd>
              <time dateTime={startedAt}>
                {startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")}
              </time>
            </dd>
          </div>
        )}
      </dl>
      <details>
        <summary>Run it again</summary>
        <pre class="command">{visible(command)}</pre>
      </details>
      <Omitted run={run} />
      <Unstored run={run} />
    </header>
  );
}

function Omitted({ run }: { readonly run: Run }) {
  const { operations, messages, bodies } = run.header.omissions;
  const parts = [
    [operations, "operations that were invoked last"],
    [messages, "messages that were sent last"],
    [bodies, "messages' bodies (the messages themselves are here)"],
  ] as const;
  const told = parts.flatMap(([count, what]) =>
    count > 0 ? [`${count.toLocaleString("en")} ${what}`] : [],
  );
  if (told.length === 0) return null;
  return (
    <p class="notice" role="note">
      To keep this page small it leaves out {told.join(", ")}. All of them are in the run's
      directory. The verdict and the figures count everything.
    </p>
  );
}

function Unstored({ run }: { readonly run: Run }) {
  const { unstoredMessageCount: count } = run.header;
  if (count === undefined) return null;
  return (
    <p class="notice" role="note">
      The {count.toLocaleString("en")} messages that were sent last are missing: what is stored of
      messages has an end. Some of the last ones here may look lost, and were not. The verdict and
      the figures count everything.
    </p>
  );
}

function Gauges({ gauges }: { readonly gauges: readonly Gauge[] }) {
  if (gauges.length === 0) return null;
  return (
    <section class="gauges" aria-label="Figures">
      {gauges.map((gauge) => (
        <GaugeCard key={gauge.name} gauge={gauge} />
      ))}
    </section>
  );
}

function GaugeCard({ gauge }: { readonly gauge: Gauge }) {
  const { name, value, unit, target, mustBe, explanation } = gauge;
  const isMet =
    value === undefined ||
    target === undefined ||
    (mustBe === "at most" ? value <= target : value >= target);
  const state = target === undefined ? "" : isMet ? "met" : "missed";
  const most =
    target === undefined ? 0 : unit === "%" ? 100 : Math.max(target * 1.6, value ?? 0, 1e-9);
  return (
    <div class={`gauge ${state}`}>
      <div class="gauge-name">{name}</div>
      <div class="gauge-value">
        {value === undefined ? "–" : figure(value)} <small>{unit}</small>
      </div>
      {target === undefined ? null : (
        <>
          <div class="bar" aria-hidden="true">
            <div
              class="bar-value"
              style={{ width: `${Math.min(100, (100 * (value ?? 0)) / most)}%` }}
            />
            <div class="bar-target" style={{ left: `${Math.min(100, (100 * target) / most)}%` }} />
          </div>
          <div class="gauge-target">
            {isMet ? "✓" : "✗ missed"} {mustBe} {figure(target)} {unit}
          </div>
        </>
      )}
      <div class="hint">{explanation}</div>
    </div>
  );
}

function figure(value: number): string {
  if (value === 0) return "0";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return String(+value.toPrecision(value >= 100 ? 4 : 3));
}

/** How many faults are listed. */
const MAX_FAULTS = 200;

function Faults({ run }: { readonly run: Run }) {
  const { faults } = run.header;
  if (faults.length === 0) return null;
  return (
    <section aria-labelledby="faults">
      <h2 id="faults">Faults</h2>
      <Table columns={["from", "to", "fault", "what it did"]} more={faults.length - MAX_FAULTS}>
        {faults.slice(0, MAX_FAULTS).map(({ name, from, to, detail }) => (
          <tr key={`${name} ${from}`}>
            <td class="number">{run.time(from)}</td>
            <td class="number">{run.time(to)}</td>
            <td>{visible(name)}</td>
            <td class="code">{visible(detail)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
