/** Looks for a seed whose run is not valid, in several workers. */
import type { WorkerSource } from "../sandbox/sandboxed-worker.ts";
import {
  type Ending,
  type Loadable,
  type LoadedProgram,
  type Runnable,
  withProgram,
} from "./runner.ts";

export interface SweepProgress {
  readonly doneCount: number;
  readonly perSecond: number;
}

export type SweepEnding =
  /** A run that is not valid, or did not come to its end. */
  | { readonly type: "found"; readonly seed: number; readonly ending: Ending }
  | { readonly type: "none"; readonly doneCount: number }
  | { readonly type: "stopped"; readonly doneCount: number };

interface SweepOptions {
  readonly firstSeed: number;
  readonly count: number;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  readonly onProgress: (progress: SweepProgress) => void;
}

export async function findFailingSeed(
  sandbox: WorkerSource,
  program: Loadable,
  test: Omit<Runnable, "decisions">,
  { firstSeed, count, workers, signal, nowMs, onProgress }: SweepOptions,
): Promise<SweepEnding> {
  const startedMs = nowMs();
  const end = new AbortController();
  signal.addEventListener("abort", () => end.abort(), { once: true });
  let [next, doneCount] = [firstSeed, 0];
  let found: Extract<SweepEnding, { readonly type: "found" }> | undefined;
  const work = async (loaded: LoadedProgram) => {
    while (next < firstSeed + count && !end.signal.aborted) {
      const seed = next++;
      const options = { ...test.options, seed };
      const ending = await loaded.run(
        { options, args: test.args, decisions: undefined },
        { isRecorded: false },
      );
      if (ending.type === "stopped") break;
      doneCount++;
      if (ending.type !== "result" || ending.result.valid !== true) {
        found ??= { type: "found", seed, ending };
        end.abort();
        break;
      }
      onProgress({ doneCount, perSecond: (1000 * doneCount) / Math.max(1, nowMs() - startedMs) });
    }
  };
  try {
    await Promise.all(
      Array.from({ length: workers }, () => withProgram(sandbox, program, end.signal, work)),
    );
  } finally {
    end.abort();
  }
  if (found !== undefined) return found;
  return { type: signal.aborted ? "stopped" : "none", doneCount };
}
