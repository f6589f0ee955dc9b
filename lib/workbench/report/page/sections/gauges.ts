/** The bounds of figures, and figures as text. */
import type { Gauge } from "../../recorder/run-data.ts";

/** Whether a figure is within its target, if it has one. A run without the figure does not meet it. */
export function isTargetMet({ value, target, mustBe }: Gauge): boolean {
  if (target === undefined) return true;
  if (value === undefined) return false;
  return mustBe === "at most" ? value <= target : value >= target;
}

/** Empty without a figure, or without a bound that decides. */
export type GaugeState = "" | "met" | "missed";

/** Whether the figure is within the bound that decides: Fly.io's limit, or a target that is not Vortex's own. */
export function stateOf(gauge: Gauge): GaugeState {
  const { value, target, isOwn, limit } = gauge;
  if (value === undefined) return "";
  if (limit !== undefined) return value < limit ? "met" : "missed";
  if (target === undefined || isOwn) return "";
  return isTargetMet(gauge) ? "met" : "missed";
}

export function withUnit(figure: number, unit: string): string {
  return `${formatFigure(figure)}${unit === "" ? "" : ` ${unit}`}`;
}

/** A figure as a reader needs it: with three digits, or as an integer. */
export function formatFigure(value: number): string {
  if (value === 0) return "0";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return String(+value.toPrecision(value >= 100 ? 4 : 3));
}
