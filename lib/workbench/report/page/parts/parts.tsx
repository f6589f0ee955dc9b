/** Small things that several sections of the page are made of. */
import type { ComponentChildren } from "preact";

interface LinkProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button that looks like a link: it changes what is shown. */
export function Link({ onClick, children }: LinkProps) {
  return (
    <button type="button" class="link" onClick={onClick}>
      {children}
    </button>
  );
}

interface TableProps {
  readonly columns: readonly string[];
  /** Rows of the table. */
  readonly children: ComponentChildren;
  /** How many more rows there are than are shown. */
  readonly more?: number;
}

/** A table that can be scrolled where it is wider than the window. */
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

/** Says how many are not shown, if any. */
export function More({ count }: { readonly count: number }) {
  return count > 0 ? <p class="hint">and {count} more</p> : null;
}
