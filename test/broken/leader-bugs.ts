/** Bugs of programs with a leader, for any state machine. */
import type { LeaderOptions } from "../programs/leader.ts";
import { errorReply } from "../programs/machine.ts";

/** Every node is its own leader, with a separate copy of the state. */
export const SEPARATE_COPIES: LeaderOptions = { leaderOf: (node) => node.id };

/** The leader cannot recognise a retry, so it applies the request twice. */
export const RETRIES_WITH_NEW_ID: LeaderOptions = { retriesWithNewId: true };

/**
 * A timeout is indefinite: the leader may have applied the request. `temporarily-unavailable` is
 * definite and claims that it has not.
 */
export const DEFINITE_ERROR_ON_TIMEOUT: LeaderOptions = {
  onTimeout: () => errorReply("temporarily-unavailable", "The leader timed out"),
};
