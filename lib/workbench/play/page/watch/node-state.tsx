/** The state that the program of a node shows, at the moment that is shown. */
import { useEffect, useState } from "preact/hooks";
import type { Run } from "../../../report/page/run/run.ts";
import type { Inspection, Shown } from "../../engine/protocol.ts";
import { StateTree } from "./state-tree.tsx";

/** Runs again, and returns the states of a node; `undefined` if that run has no result. */
export type Inspect = (node: string) => Promise<Inspection | undefined>;

interface StateProps {
  readonly run: Run;
  readonly node: string;
  /** Ticks. */
  readonly time: number;
  readonly inspect: Inspect;
}

export function NodeState({ run, node, time, inspect }: StateProps) {
  const found = useInspection(run, node, inspect);
  if (found === "pending") return <p class="hint">Looking …</p>;
  if (found === undefined || found.states.length === 0) {
    return (
      <p class="hint">
        The program shows no state. It can: <code>node.inspect(() =&gt; ({"{ values }"}))</code>
      </p>
    );
  }
  const { header } = run;
  const position = lastBefore(found.times, (time + 0.5) * header.tickNs);
  const state = parsed(found.states[position]);
  if (state === undefined) return <p class="hint">It has not started yet.</p>;
  const sinceTicks = (found.times[position] ?? 0) / header.tickNs;
  return (
    <div class="state-tree">
      <p class="hint">
        since {run.time(sinceTicks)}
        {found.intervalNs > 0 ? `; recorded every ${found.intervalNs / 1e6} ms at most` : ""}
      </p>
      <StateTree value={state} before={parsed(found.states[position - 1]) ?? state} />
    </div>
  );
}

function useInspection(
  run: Run,
  node: string,
  inspect: Inspect,
): Inspection | "pending" | undefined {
  const [found, setFound] = useState<{
    readonly run: Run;
    readonly inspection: Inspection | undefined;
  }>();
  useEffect(() => {
    let isWanted = true;
    const take = (inspection: Inspection | undefined) => {
      if (isWanted) setFound({ run, inspection });
    };
    inspect(node).then(take, () => take(undefined));
    return () => {
      isWanted = false;
    };
  }, [run, node]);
  if (found?.run !== run) return "pending";
  return found.inspection === undefined || found.inspection.node === node
    ? found.inspection
    : "pending";
}

function parsed(state: string | undefined): Shown | undefined {
  // The engine of the same version wrote it.
  return state === undefined ? undefined : (JSON.parse(state) as Shown);
}

/** Returns the position of the last of ascending times that is not after a time; -1 if there is none. */
export function lastBefore(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
