import { describe, expect, test } from "bun:test";
import { schedulerShard } from "../../../../lib/workbench/sweep/scheduler-shard.ts";

const slurm = (id: number, min: number, max: number, count: number, step = 1) => ({
  SLURM_ARRAY_TASK_ID: `${id}`,
  SLURM_ARRAY_TASK_MIN: `${min}`,
  SLURM_ARRAY_TASK_MAX: `${max}`,
  SLURM_ARRAY_TASK_COUNT: `${count}`,
  SLURM_ARRAY_TASK_STEP: `${step}`,
});

describe("--shard auto", () => {
  test.each([
    ["a Slurm array from 0", slurm(3, 0, 9, 10), 4, 10],
    ["a Slurm array from 1", slurm(10, 1, 10, 10), 10, 10],
    ["a Slurm array with steps", slurm(30, 10, 90, 9, 10), 3, 9],
    ["tasks of srun", { SLURM_PROCID: "0", SLURM_NTASKS: "4" }, 1, 4],
    ["GitLab", { CI_NODE_INDEX: "5", CI_NODE_TOTAL: "5" }, 5, 5],
    ["a GitHub matrix", { STRATEGY_JOB_INDEX: "0", STRATEGY_JOB_TOTAL: "8" }, 1, 8],
    ["Buildkite", { BUILDKITE_PARALLEL_JOB: "7", BUILDKITE_PARALLEL_JOB_COUNT: "8" }, 8, 8],
    ["CircleCI", { CIRCLE_NODE_INDEX: "1", CIRCLE_NODE_TOTAL: "2" }, 2, 2],
    ["AWS Batch", { AWS_BATCH_JOB_ARRAY_INDEX: "1", AWS_BATCH_JOB_ARRAY_SIZE: "2" }, 2, 2],
    [
      "a Slurm array whose script runs as one task",
      { ...slurm(1, 0, 3, 4), SLURM_PROCID: "0", SLURM_NTASKS: "1" },
      2,
      4,
    ],
    [
      "a GitLab job on Kubernetes",
      { CI_NODE_INDEX: "2", CI_NODE_TOTAL: "3", JOB_COMPLETION_INDEX: "0" },
      2,
      3,
    ],
  ])("is the part of %s", (_, environment, index, count) => {
    expect(schedulerShard(environment)).toMatchObject({ index, count });
  });

  test.each([
    ["Kubernetes", { JOB_COMPLETION_INDEX: "0" }, 1],
    ["GNU parallel", { PARALLEL_SEQ: "20" }, 20],
  ])("/n is needed where only the index is known: %s", (name, environment, index) => {
    expect(() => schedulerShard(environment)).toThrow(`${name} does not say how many jobs`);
    expect(schedulerShard(environment, 20)).toMatchObject({ index, count: 20 });
  });

  test.each([
    [{}, "No scheduler has set the index of this job"],
    [{ GITHUB_ACTIONS: "true" }, "{{ strategy.job-index }}"],
    [slurm(7, 1, 7, 3), "The indexes of this Slurm array have gaps (3 jobs from 1 to 7)"],
    [{ CI_NODE_INDEX: "x", CI_NODE_TOTAL: "3" }, 'CI_NODE_INDEX is "x", not an integer'],
    [{ CI_NODE_INDEX: "4", CI_NODE_TOTAL: "3" }, "makes this shard 4 of 3"],
  ])("says what is missing: %p", (environment, text) => {
    expect(() => schedulerShard(environment)).toThrow(text);
  });
});
