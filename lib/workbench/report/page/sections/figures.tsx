/** The run's main figures, each against its target if there is one. */
import type { Gauge } from "../../recorder/run-data.ts";

export function Figures({ gauges }: { readonly gauges: readonly Gauge[] }) {
  if (gauges.length === 0) return null;
  return (
    <section class="gauges" aria-label="Figures">
      {gauges.map((gauge) => (
        <GaugeCard key={gauge.name} gauge={gauge} />
      ))}
    </section>
  );
}

/** Whether a figure is within its target, if it has one. A run without the figure does not meet it. */
export function isGaugeMet({ value, target, mustBe }: Gauge): boolean {
  if (target === undefined) return true;
  if (value === undefined) return false;
  return mustBe === "at most" ? value <= target : value >= target;
}

type State = "" | "met" | "missed";

const MARKS: Readonly<Record<State, string>> = { "": "", met: "✓ ", missed: "✗ " };

/** Whether the figure is within the bound that the stage or the options set; Vortex's own is a hint. */
function stateOf(gauge: Gauge): State {
  const { value, target, isOwn, limit } = gauge;
  if (value === undefined) return "";
  if (limit !== undefined) return value < limit ? "met" : "missed";
  if (target === undefined || isOwn) return "";
  return isGaugeMet(gauge) ? "met" : "missed";
}

function GaugeCard({ gauge }: { readonly gauge: Gauge }) {
  const { name, value, unit, target, mustBe, explanation } = gauge;
  const { isOwn = false, limit } = gauge;
  const state = stateOf(gauge);
  const bound = limit ?? target;
  const withUnit = (figure: number) => `${formatFigure(figure)}${unit === "" ? "" : ` ${unit}`}`;
  const most =
    bound === undefined ? 0 : unit === "%" ? 100 : Math.max(bound * 1.6, value ?? 0, 1e-9);
  return (
    <div class={`gauge ${state}`}>
      <div class="gauge-name">{name}</div>
      <div class="gauge-value">
        {value === undefined ? (
          "–"
        ) : (
          <>
            {formatFigure(value)} <small>{unit}</small>
          </>
        )}
      </div>
      {target === undefined || bound === undefined ? null : (
        <>
          <div class="bar" aria-hidden="true">
            <div
              class="bar-value"
              style={{ width: `${Math.min(100, (100 * (value ?? 0)) / most)}%` }}
            />
            <div class="bar-target" style={{ left: `${Math.min(100, (100 * bound) / most)}%` }} />
          </div>
          {limit === undefined ? null : (
            <div class="gauge-target">
              {MARKS[state]}Fly.io’s limit: below {withUnit(limit)}
            </div>
          )}
          {isOwn ? (
            target === limit ? null : (
              <div class="hint">
                Vortex’s own target: {mustBe} {withUnit(target)}
                {value === undefined ? "" : isGaugeMet(gauge) ? ", met" : ", missed"}
                {limit === undefined ? ". Fly.io sets no limit" : ""}
              </div>
            )
          ) : (
            <div class="gauge-target">
              {MARKS[state]}target: {mustBe} {withUnit(target)}
            </div>
          )}
        </>
      )}
      <div class="hint">{explanation}</div>
    </div>
  );
}

/** A figure as a reader needs it: with three digits, or as an integer. */
export function formatFigure(value: number): string {
  if (value === 0) return "0";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return String(+value.toPrecision(value >= 100 ? 4 : 3));
}
