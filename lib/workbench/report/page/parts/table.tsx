/** A table, and the count of what a list does not show. */
import type { ComponentChildren } from "preact";

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
