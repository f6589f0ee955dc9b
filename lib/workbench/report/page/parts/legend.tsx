/** The colours of a diagram and what they mean. */

/** A colour by its name in `style/base.css`, and its meaning. */
export type LegendItem = readonly [color: string, text: string];

interface LegendProps {
  readonly items: readonly LegendItem[];
}

export function Legend({ items }: LegendProps) {
  return (
    <ul class="legend">
      {items.map(([color, text]) => (
        <li key={color}>
          <span class="swatch" style={{ background: `var(--${color})` }} />
          {text}
        </li>
      ))}
    </ul>
  );
}
