/**
 * Raft: a state machine that a cluster of nodes replicates, and the consensus core below it.
 *
 * @example
 * import { replicate } from "vortex/raft";
 *
 * @module vortex/raft
 */

// Replicated state machines.

export type { Machine } from "./machine.ts";
export { type Replica, type ReplicateOptions, replicate } from "./replicate.ts";
export type { Timing } from "./timing.ts";

// The consensus core: no network, no clock, no disk of its own.

export type { Checks } from "./checks.ts";
export type { Snapshot } from "./log.ts";
export type { Entry, Outgoing, RaftMessage } from "./messages.ts";
export { type Output, Raft, type RaftOptions } from "./raft.ts";
export type { Committed, HardState, StoredState, Write } from "./state.ts";
