/** The states of the nodes of a run, which are recorded when they are first needed. */
import { useEffect, useRef, useState } from "preact/hooks";
import { partitionPoint } from "../../../checkers/partition-point.ts";
import type { Run } from "../../../report/page/run/run.ts";
import type { Inspection, Shown } from "../../engine/protocol.ts";

/** Runs again, and returns the states of nodes; `undefined` if that run has no result. */
export type Inspect = (nodes: readonly string[]) => Promise<readonly Inspection[] | undefined>;

/** The states of nodes, by node; `null` if they could not be recorded. */
export type Inspections = ReadonlyMap<string, Inspection | null>;

/** A run of more nodes or messages is repeated only for a node that is selected. */
const MAX_NODES = 9;
const MAX_MESSAGES = 20_000;

/**
 * Returns the states of nodes so far, by node: of all nodes if the run is small, or of the selected ones.
 *
 * @param inspect Absent: the result is empty.
 */
export function useInspections(
  run: Run,
  nodes: readonly string[],
  selected: string | undefined,
  inspect: Inspect | undefined,
): Inspections {
  const [found, setFound] = useState<{
    readonly run: Run;
    readonly inspections: Inspections;
  }>();
  const asked = useRef<{ readonly run: Run; readonly nodes: Set<string> }>(undefined);
  const isSmall = nodes.length <= MAX_NODES && run.messageCount <= MAX_MESSAGES;
  useEffect(() => {
    if (asked.current?.run !== run) asked.current = { run, nodes: new Set() };
    const { nodes: known } = asked.current;
    const wanted = isSmall ? nodes : nodes.filter((node) => node === selected);
    const unknown = wanted.filter((node) => !known.has(node));
    if (inspect === undefined || unknown.length === 0) return;
    for (const node of unknown) known.add(node);
    const take = (inspections: readonly Inspection[] | undefined) => {
      if (asked.current?.run !== run) return;
      const none = unknown.map((node) => [node, null] as const);
      const taken = (inspections ?? []).map((each) => [each.node, each] as const);
      setFound((former) => {
        const before = former?.run === run ? former.inspections : [];
        return { run, inspections: new Map([...before, ...none, ...taken]) };
      });
    };
    inspect(unknown).then(take, () => take(undefined));
  }, [run, selected, isSmall]);
  return found?.run === run ? found.inspections : NOTHING;
}

const NOTHING: Inspections = new Map();

/** Decodes a state of an inspection. */
export function parsed(state: string | undefined): Shown | undefined {
  // The engine of the same version wrote it.
  return state === undefined ? undefined : (JSON.parse(state) as Shown);
}

/** Returns the state at a time, in ticks; `undefined` before the first one. */
export function stateAt(
  { times, states }: Inspection,
  ticks: number,
  tickNs: number,
): Shown | undefined {
  return parsed(states[lastBefore(times, (ticks + 0.5) * tickNs)]);
}

/** Returns the position of the last of ascending times that is not after a time; -1 if all are. */
export function lastBefore(times: readonly number[], time: number): number {
  return partitionPoint(times.length, (index) => (times[index] ?? 0) <= time) - 1;
}
