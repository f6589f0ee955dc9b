/** The colours of a diagram and what they mean. */

interface LegendProps {
  /** Colours by their names in `style/base.css`. */
  readonly items: readonly (readonly [color: string, text: string])[];
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
