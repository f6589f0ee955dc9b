/** Small components that several sections share. */
import type { ComponentChildren } from "preact";
import { visible } from "./visible-text.ts";

interface LinkProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button that looks like a link. */
export function LinkButton({ onClick, children }: LinkProps) {
  return (
    <button type="button" class="link" onClick={onClick}>
      {children}
    </button>
  );
}

interface TableProps {
  readonly columns: readonly string[];
  /** The table's rows. */
  readonly children: ComponentChildren;
  /** Number of rows that are not shown. */
  readonly more?: number;
}

/** A table that scrolls if it is wider than the window. */
export function Table({ columns, children, more = 0 }: TableProps) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
      <More count={more} />
    </div>
  );
}

/** Counts what is not shown, if anything. */
export function More({ count }: { readonly count: number }) {
  return count > 0 ? <p class="hint">{count.toLocaleString("en")} more not shown</p> : null;
}

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

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly string[];
  readonly onChoose: (value: string) => void;
}

/** A list of names to choose from; `""` is all of them. */
export function Choice({ label, value, choices, onChoose }: ChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        <option value="">all</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {visible(choice)}
          </option>
        ))}
      </select>
    </label>
  );
}
