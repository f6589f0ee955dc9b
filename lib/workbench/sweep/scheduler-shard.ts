/**
 * Finds out which part of a sweep a job of a scheduler is to run, from the variables that schedulers set.
 *
 * @see Slurm, "Job Array Support"; Kubernetes, "Indexed Job for Parallel Processing"; GitLab, `parallel`;
 *   GitHub Actions, `strategy` context; AWS Batch, "Array jobs"; GNU parallel, `PARALLEL_SEQ`
 */
import type { Shard } from "./seeds.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface Scheduler {
  readonly name: string;
  /** Variable that counts the jobs. */
  readonly index: string;
  /** Its first value. */
  readonly first: 0 | 1;
  /** Variable that holds the number of jobs, if the scheduler sets one. */
  readonly count?: string;
}

const ARRAY = "SLURM_ARRAY_TASK_";

/** Those that may run inside of another one come last: GitLab starts jobs on Kubernetes, too. */
const SCHEDULERS: readonly Scheduler[] = [
  { name: "GNU parallel", index: "PARALLEL_SEQ", first: 1 },
  { name: "Slurm's srun", index: "SLURM_PROCID", first: 0, count: "SLURM_NTASKS" },
  { name: "GitLab", index: "CI_NODE_INDEX", first: 1, count: "CI_NODE_TOTAL" },
  {
    ...{ name: "GitHub's matrix", index: "STRATEGY_JOB_INDEX", first: 0 },
    count: "STRATEGY_JOB_TOTAL",
  },
  {
    ...{ name: "Buildkite", index: "BUILDKITE_PARALLEL_JOB", first: 0 },
    count: "BUILDKITE_PARALLEL_JOB_COUNT",
  },
  { name: "CircleCI", index: "CIRCLE_NODE_INDEX", first: 0, count: "CIRCLE_NODE_TOTAL" },
  {
    ...{ name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", first: 0 },
    count: "AWS_BATCH_JOB_ARRAY_SIZE",
  },
  { name: "Kubernetes", index: "JOB_COMPLETION_INDEX", first: 0 },
];

/**
 * Returns the shard of this job.
 *
 * @param count Number of shards, if the user has said it.
 * @throws {RangeError} if no scheduler is found, or it does not say how many shards there are.
 */
export function schedulerShard(environment: Environment, count?: number): Shard {
  if (environment[`${ARRAY}ID`] !== undefined) return slurmArrayShard(environment, count);
  const scheduler = SCHEDULERS.find(({ index, count: total }) => {
    // srun sets its variables in a batch script of one task, too.
    return environment[index] !== undefined && (total === undefined || environment[total] !== "1");
  });
  if (scheduler === undefined) {
    const github = environment["GITHUB_ACTIONS"] === undefined ? "" : `. ${GITHUB}`;
    throw new RangeError(
      `No scheduler has set the index of this job (looked for ${ARRAY}ID, ${SCHEDULERS.map(({ index }) => index).join(", ")})${github}`,
    );
  }
  const { name, index, first, count: total } = scheduler;
  const given = total === undefined ? undefined : environment[total];
  const number = count ?? (given === undefined ? undefined : integer(total ?? "", given));
  if (number === undefined) {
    throw new RangeError(
      `${name} does not say how many jobs there are (${index} is their index). Say it: auto/20`,
    );
  }
  const position = integer(index, environment[index] ?? "") - first + 1;
  return checked({ index: position, count: number, by: `${name} (${index})` });
}

const GITHUB =
  "In a matrix, pass it on: env: { STRATEGY_JOB_INDEX: $" +
  "{{ strategy.job-index }}, STRATEGY_JOB_TOTAL: $" +
  "{{ strategy.job-total }} }";

/** An array may begin anywhere, and have steps: `--array=10-90:10`. */
function slurmArrayShard(environment: Environment, count: number | undefined): Shard {
  const value = (name: string, fallback?: number) => {
    const text = environment[`${ARRAY}${name}`];
    return text === undefined && fallback !== undefined
      ? fallback
      : integer(`${ARRAY}${name}`, text ?? "");
  };
  const [id, min, max, step] = [value("ID"), value("MIN"), value("MAX"), value("STEP", 1)];
  const number = (max - min) / step + 1;
  const jobs = value("COUNT", number);
  if (jobs !== number || (id - min) % step !== 0) {
    throw new RangeError(
      `The indexes of this Slurm array have gaps (${jobs} jobs from ${min} to ${max}): their order is not known. Use --array=1-${jobs}`,
    );
  }
  const index = (id - min) / step + 1;
  return checked({ index, count: count ?? number, by: `Slurm's array (${ARRAY}ID)` });
}

function integer(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${name} is "${text}", not an integer`);
  return Number(text);
}

function checked(shard: Shard & { readonly by: string }): Shard {
  const { index, count, by } = shard;
  if (index >= 1 && index <= count) return shard;
  throw new RangeError(`${by} makes this shard ${index} of ${count}, which does not exist`);
}
