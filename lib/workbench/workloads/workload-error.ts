/** Errors in the code of a workload, with their place in its file. */
import { programPlaceIn } from "../program-place.ts";

/** The code of a workload threw an error. */
export class WorkloadError extends Error {
  override readonly name = "WorkloadError";

  /** @param part The part of the workload that failed: `the operation "read"`. */
  constructor(part: string, thrown: unknown) {
    super(`The workload failed in ${part}: ${describe(thrown)}`, { cause: thrown });
  }
}

/** Runs a part of a workload. @throws {WorkloadError} for whatever it throws. */
export function inWorkload<T>(part: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw workloadError(part, error);
  }
}

/** An error of a workload's part; what is one already keeps its part, the innermost. */
export function workloadError(part: string, thrown: unknown): WorkloadError {
  return thrown instanceof WorkloadError ? thrown : new WorkloadError(part, thrown);
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { name, message, stack } = thrown;
  const place = programPlaceIn(stack);
  const text = name === "Error" ? message : `${name}: ${message}`;
  return place === undefined ? text : `${text}, at ${place}`;
}
