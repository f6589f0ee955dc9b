/** A table of the program's situations and conditions, with how often the run reached each. */
import type { AssertionCount } from "../../recorder/run-data.ts";
import { Table } from "../parts/table.tsx";
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";

/** Number of assertions of a kind that are listed. */
const MAX_ASSERTIONS = 200;

export function Assertions({ run }: { readonly run: Run }) {
  const { sometimes = [], always = [] } = run.header.coverage ?? {};
  if (sometimes.length + always.length === 0) return null;
  const unreachedCount = sometimes.filter(({ count }) => count === 0).length;
  return (
    <section aria-labelledby="assertions">
      <h2 id="assertions">Assertions</h2>
      <p class="hint">
        {sometimes.length === 0
          ? "The program names no situations with node.sometimes."
          : `This run reached ${sometimes.length - unreachedCount} of the ${sometimes.length} situations that the program names.`}{" "}
        Other seeds may reach others.
      </p>
      <Counts title="situation (sometimes)" unit="times reached" counts={sometimes} />
      <Counts title="condition (always)" unit="times evaluated" counts={always} />
    </section>
  );
}

interface CountsProps {
  readonly title: string;
  readonly unit: string;
  readonly counts: readonly AssertionCount[];
}

/** Those that never counted come first: they are what a reader looks for. */
function Counts({ title, unit, counts }: CountsProps) {
  if (counts.length === 0) return null;
  const sorted = counts.toSorted((one, other) => one.count - other.count);
  return (
    <Table columns={[title, unit]} more={sorted.length - MAX_ASSERTIONS}>
      {sorted.slice(0, MAX_ASSERTIONS).map(({ name, count }) => (
        <tr key={name}>
          <td>{visible(name)}</td>
          <td class="number">{count === 0 ? "never" : count.toLocaleString("en")}</td>
        </tr>
      ))}
    </Table>
  );
}
