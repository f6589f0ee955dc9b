/** The state that the program of a node shows, at the moment that is shown. */
import type { Run } from "../../../report/page/run/run.ts";
import type { Inspection } from "../../engine/protocol.ts";
import { lastBefore, parsed } from "./inspections.ts";
import { StateTree } from "./state-tree.tsx";

interface StateProps {
  readonly run: Run;
  /** Absent while it is awaited; `null` if it could not be recorded. */
  readonly inspection: Inspection | null | undefined;
  /** Ticks. */
  readonly time: number;
}

export function NodeState({ run, inspection, time }: StateProps) {
  if (inspection === undefined) return <p class="hint">Recording the states …</p>;
  if (inspection === null) {
    return (
      <p class="hint">The states could not be recorded: the run that records them was ended.</p>
    );
  }
  if (inspection.states.length === 0) {
    return (
      <p class="hint">
        The program shows no state. It can: <code>node.inspect(() =&gt; ({"{ values }"}))</code>
      </p>
    );
  }
  const { times, states, intervalNs } = inspection;
  const { tickNs } = run.header;
  const position = lastBefore(times, (time + 0.5) * tickNs);
  const state = parsed(states[position]);
  if (state === undefined) return <p class="hint">It has not started yet.</p>;
  return (
    <div class="state-tree">
      <p class="hint">
        since {run.time((times[position] ?? 0) / tickNs)}
        {intervalNs > 0 ? `; recorded at most every ${intervalNs / 1e6} ms` : ""}
      </p>
      <StateTree value={state} before={parsed(states[position - 1]) ?? state} />
    </div>
  );
}
