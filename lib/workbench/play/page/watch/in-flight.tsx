/** The messages in flight at the moment that is shown, as a list: for keyboards and screen readers, too. */
import { LinkButton } from "../../../report/page/parts/controls.tsx";
import { visible } from "../../../report/page/parts/visible-text.ts";
import type { Run } from "../../../report/page/run/run.ts";
import type { Intervals } from "./intervals.ts";
import { messageLabel } from "./paint-arena.ts";

interface InFlightProps {
  readonly run: Run;
  readonly messages: Intervals;
  /** Ticks. */
  readonly time: number;
  readonly onSelect: (row: number) => void;
}

const MAX_LISTED = 12;

export function InFlight({ run, messages, time, onSelect }: InFlightProps) {
  const { messageSource, messageDest } = run.columns;
  const rows = messages.within(time, time, MAX_LISTED);
  return (
    <section class="panel" aria-label="Messages in flight">
      <h3>In flight</h3>
      {rows.length === 0 ? (
        <p class="hint">No message is in flight. Select one, or a node.</p>
      ) : null}
      <ol class="in-flight">
        {rows.map((row) => (
          <li key={row}>
            <LinkButton onClick={() => onSelect(row)}>
              {visible(run.lane(messageSource[row] ?? 0))} →{" "}
              {visible(run.lane(messageDest[row] ?? 0))}
            </LinkButton>{" "}
            <span class="hint">{visible(messageLabel(run, row)).slice(0, 60)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
