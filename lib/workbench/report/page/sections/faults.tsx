/** A table of the faults that were injected. */
import { Table } from "../parts/table.tsx";
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";

/** Number of faults that are listed. */
const MAX_FAULTS = 200;

export function Faults({ run }: { readonly run: Run }) {
  const { faults } = run.header;
  if (faults.length === 0) return null;
  return (
    <section aria-labelledby="faults">
      <h2 id="faults">Faults</h2>
      <Table columns={["start", "end", "fault", "effect"]} more={faults.length - MAX_FAULTS}>
        {faults.slice(0, MAX_FAULTS).map(({ name, from, to, detail }) => (
          <tr key={`${name} ${from}`}>
            <td class="number">{run.time(from)}</td>
            <td class="number">{run.time(to)}</td>
            <td>{visible(name)}</td>
            <td class="code">{visible(detail)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
