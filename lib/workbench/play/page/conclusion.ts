import type { ReportedSummary } from "../../report/html/run-summary.ts";
import { isTargetMet, stateOf, withUnit } from "../../report/page/sections/gauges.ts";
import type { Gauge } from "../../report/recorder/run-data.ts";
import type { Stage } from "../../stages/stages.ts";

/** The verdict, and whether the run passes its stage: Vortex's own targets do not decide. */
export function conclusionOf(
  { valid, verdict, gauges }: Pick<ReportedSummary, "valid" | "verdict" | "gauges">,
  stage: Pick<Stage, "id"> | undefined,
): string {
  if (stage === undefined) return verdict;
  const name = `Stage ${stage.id}`;
  if (valid !== true) return `${name} not passed. ${verdict}`;
  const missed = gauges.filter((gauge) => stateOf(gauge) === "missed");
  if (missed.length > 0) {
    const figures = missed.map((gauge) => `${figureOf(gauge)}, not ${boundOf(gauge)}`);
    return `${name} not passed: valid, but ${figures.join("; ")}`;
  }
  const above = gauges.filter((gauge) => gauge.isOwn && !isTargetMet(gauge));
  const remark = above.map(
    (gauge) => `${figureOf(gauge)} (Vortex’s own target: ${targetOf(gauge)})`,
  );
  return `${name} passed. ${[verdict, ...remark].join(" ")}`;
}

function figureOf({ name, value, unit }: Gauge): string {
  return `${name.toLowerCase()}: ${value === undefined ? "unknown" : withUnit(value, unit)}`;
}

/** The bound that decides. */
function boundOf(gauge: Gauge): string {
  const { limit, unit } = gauge;
  return limit === undefined ? targetOf(gauge) : `below ${withUnit(limit, unit)}`;
}

function targetOf({ mustBe, target = 0, unit }: Gauge): string {
  return `${mustBe} ${withUnit(target, unit)}`;
}
