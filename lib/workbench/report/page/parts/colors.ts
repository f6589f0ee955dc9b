/** The page's colours for what is drawn rather than styled. */
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
  /** For things of different sorts. */
  readonly series: readonly string[];
}

const SERIES_COUNT = 6;

/** Reads the colours of the theme that is on. */
export function readColors(): Colors {
  const probe = document.createElement("span");
  document.body.append(probe);
  // The variables hold a colour for each theme; only a property's value is one of them.
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const named = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Record<Name, string>;
  const series = Array.from({ length: SERIES_COUNT }, (_, index) => read(`series-${index}`));
  probe.remove();
  return { ...named, series };
}
