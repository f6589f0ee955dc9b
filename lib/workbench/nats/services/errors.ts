import { RpcError } from "../../../protocol/errors.ts";

/** The error of a request that certainly had no effect, for want of servers. */
export function unavailable(bucket: string): RpcError {
  return new RpcError(
    "temporarily-unavailable",
    `bucket ${bucket} is not available, and nothing was done: too few of its NATS servers answer, or it was deleted`,
  );
}

/** The error of a request that may have had its effect, or may still have it. */
export function outcomeUnknown(bucket: string, reason: string): RpcError {
  return new RpcError("timeout", `bucket ${bucket} may or may not have this change: ${reason}`);
}

/** The error of a request that a bucket cannot hold. */
export function refused(bucket: string, reason: string): RpcError {
  return new RpcError("abort", `bucket ${bucket} cannot hold this change: ${reason}`);
}
