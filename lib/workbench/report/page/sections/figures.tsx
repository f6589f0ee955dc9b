/** The run's main figures, each against its target if there is one. */
import type { Gauge } from "../../recorder/run-data.ts";
import { formatFigure, type GaugeState, isTargetMet, stateOf, withUnit } from "./gauges.ts";

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

const MARKS: Readonly<Record<GaugeState, string>> = { "": "", met: "✓ ", missed: "✗ " };

function GaugeCard({ gauge }: { readonly gauge: Gauge }) {
  const { name, value, unit, target, mustBe, explanation } = gauge;
  const { isOwn = false, limit } = gauge;
  const state = stateOf(gauge);
  const bound = limit ?? target;
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
              {MARKS[state]}Fly.io’s limit: below {withUnit(limit, unit)}
            </div>
          )}
          {isOwn ? (
            target === limit ? null : (
              <div class="hint">
                Vortex’s own target: {mustBe} {withUnit(target, unit)}
                {value === undefined ? "" : isTargetMet(gauge) ? ", met" : ", missed"}
                {limit === undefined ? ". Fly.io sets no limit" : ""}
              </div>
            )
          ) : (
            <div class="gauge-target">
              {MARKS[state]}target: {mustBe} {withUnit(target, unit)}
            </div>
          )}
        </>
      )}
      <div class="hint">{explanation}</div>
    </div>
  );
}
