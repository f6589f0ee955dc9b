import type { NodeId } from "../../vortex/index.ts";

/** Blocked senders by receiver. Links are cut in one direction. */
export type Grudge = ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
