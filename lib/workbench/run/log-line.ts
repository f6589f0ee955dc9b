import type { NodeId } from "../../vortex/index.ts";

/** A line that a node wrote to its log: its stderr. */
export interface LogLine {
  readonly node: NodeId;
  readonly line: string;
  /** Nanoseconds since clock zero; while the nodes start, since the start of the test. */
  readonly time: number;
  /** Present if the nodes were still starting. */
  readonly starting?: true;
}
