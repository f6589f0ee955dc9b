/** The theme's colours, for drawing on canvases and in charts. */
const NAMES = [
  "text",
  "muted",
  "line",
  "surface",
  "accent",
  "ok",
  "fail",
  "info",
  "open",
  "lost",
  "message",
  "client-message",
  "fault",
] as const;
type Name = (typeof NAMES)[number];

export interface Colors extends Readonly<Record<Name, string>> {
  /** Colours for series without a meaning of their own. */
  readonly series: readonly string[];
}

const SERIES_COUNT = 6;

/** Reads the colours of the current theme. */
export function readColors(): Colors {
  const probe = document.createElement("span");
  document.body.append(probe);
  // A variable holds light-dark(); only a property's computed value is the current theme's colour.
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const named = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Record<Name, string>;
  const series = Array.from({ length: SERIES_COUNT }, (_, index) => read(`series-${index}`));
  probe.remove();
  return { ...named, series };
}
