/**
 * The assertions and situations of the core, which has no node to report them to. `replicate` passes
 * them on to `node.always` and `node.sometimes`.
 */
import type { Node } from "../vortex/index.ts";

/** Receives the core's assertions and situations: a node, for example. */
export type Checks = Pick<Node, "always" | "sometimes">;

/** Reports nothing. */
export const UNCHECKED: Checks = { always() {}, sometimes() {} };
