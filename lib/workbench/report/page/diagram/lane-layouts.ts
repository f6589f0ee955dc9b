/** The diagrams' lanes, in order. */
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { LaneLayout } from "./geometry.ts";

/** A lane per client thread. */
export function threadLanes(run: Run): LaneLayout[] {
  const last = run.columns.operationThread.reduce((most, thread) => Math.max(most, thread), 0);
  return Array.from({ length: last + 1 }, (_, thread) => ({ label: `process ${thread}`, thread }));
}

/** Clients at the top if wanted, then nodes, then services. */
export function messageLanes(run: Run, hasClients: boolean): LaneLayout[] {
  const lanes = run.header.lanes.map(({ name, role }, lane): LaneLayout & { role: string } => {
    const thread = /^client (\d+)$/.exec(name)?.[1];
    const label = visible(name);
    return role === "client" && thread !== undefined
      ? { label, lane, thread: Number(thread), role }
      : { label, lane, role };
  });
  const clients = lanes
    .filter(({ role }) => role === "client")
    .sort((one, other) => (one.thread ?? -1) - (other.thread ?? -1));
  return [
    ...(hasClients ? clients : []),
    ...lanes.filter(({ role }) => role === "node"),
    ...lanes.filter(({ role }) => role === "service"),
  ];
}
