/** Starts the workers of a sweep or campaign. */
import { availableParallelism } from "node:os";
import { LocalWorkers } from "../../sweep/local-workers.ts";
import { LONG_RUN_SETTINGS } from "../../sweep/supervisor.ts";
import type { Workers } from "../../sweep/task.ts";
import type { ProgressOfWorkers } from "./progress.ts";
import type { SimFlags, Subject } from "./subject.ts";

/** The tasks of a sweep or campaign, as far as they are known at its start. */
export interface Plan {
  readonly firstSeed: number;
  /** All of them, if it is a sweep. */
  readonly seeds?: readonly number[];
}

export interface StartedWorkers extends ProgressOfWorkers {
  readonly workers: Workers;
  /** Called when none works any more. @param isDone Whether they have done all that they should. */
  readonly close: (isDone: boolean) => Promise<void>;
}

export type StartWorkers = (plan: Plan) => Promise<StartedWorkers>;

/** Number of a worker's tests from which JavaScriptCore's last compiler saves more time than it takes. */
const LONG_WORK = 500;

/** Workers on this machine, with the same arguments, so that they parse the same options. */
export function startLocally({ stallLimitS }: Subject, { jobs }: SimFlags): StartWorkers {
  return async ({ seeds = [] }) => {
    const args = process.argv.slice(process.argv.indexOf("sim") + 1);
    const cores = jobs ?? availableParallelism();
    const count = seeds.length === 0 ? cores : Math.min(cores, seeds.length);
    const isLong = seeds.length === 0 || seeds.length / count >= LONG_WORK;
    const env = isLong ? { ...process.env, ...LONG_RUN_SETTINGS } : process.env;
    const workers = new LocalWorkers(count, { args, stallLimitS, env });
    return { workers, where: () => "", formerCount: () => 0, close: async () => {} };
  };
}
