/** The tester's side of a campaign, with a worker that the test plays. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { FleetWorkers } from "../../../../lib/workbench/fleet/fleet-workers.ts";
import {
  type Campaign,
  decode,
  encode,
  Job,
  keyOf,
  type Result,
  STREAMS,
  SUBJECTS,
} from "../../../../lib/workbench/fleet/messages.ts";
import { consumerName, openStreams } from "../../../../lib/workbench/fleet/streams.ts";
import { connectNats, type Nats } from "../../../../lib/workbench/nats/connection.ts";
import { describeNats, type NatsServer, startNats } from "../../../support/nats.ts";

setDefaultTimeout(60_000);

const CAMPAIGN: Campaign = {
  version: 1,
  id: "0123456789ab.01234567",
  by: "test",
  hash: "a".repeat(64),
  program: "program.js",
  flags: [],
  args: [],
  stallLimitS: 1,
  shown: { root: "/", words: {}, catalog: { sometimes: [], always: [] } },
  command: "vortex sim program.ts",
  probe: { seed: 1, digest: "a".repeat(64) },
  isGuided: false,
};

/** Answers a job in place of a worker. */
type Play = (job: Job) => Partial<Result>;

/** Runs seeds on the worker; returns those that count as crashes, and the seeds of each job. */
async function campaign(nats: Nats, seedCount: number, play: Play) {
  const deaths = new Map<number, string>();
  const jobs: number[][] = [];
  const workers = await FleetWorkers.open({
    nats,
    campaign: CAMPAIGN,
    bytes: new Uint8Array(),
    taskCount: seedCount,
    onRemark: () => {},
  });
  const streams = await openStreams(nats);
  const consumer = await streams.client.consumers.get(STREAMS.jobs, consumerName(CAMPAIGN.id));
  const messages = await consumer.consume();
  const work = async () => {
    for await (const message of messages) {
      const job = decode(Job, message.data);
      jobs.push(job.tasks.map(({ seed }) => seed));
      const result = { job: job.name, worker: "w", elapsedMs: 1, answers: [], ...play(job) };
      await streams.client.publish(`${SUBJECTS.results}.${CAMPAIGN.id}`, encode(result));
      message.term();
    }
  };
  const working = work();
  const seeds = Array.from({ length: seedCount }, (_, index) => ({ seed: index + 1 }));
  await workers.run(seeds.values(), ({ seed }, answer) => {
    if ("death" in answer) deaths.set(seed, answer.death);
    return true;
  });
  messages.stop();
  await working;
  await workers.close(true);
  return { deaths, jobs };
}

const answered = (tasks: Job["tasks"]): Partial<Result> => ({
  answers: tasks.map((task) => ({
    key: keyOf(task),
    answer: { seed: task.seed, valid: true, faults: {} },
  })),
});

describeNats("A job that has lost many workers", () => {
  let server: NatsServer;
  let nats: Nats;
  beforeAll(async () => {
    server = await startNats();
    nats = await connectNats({ servers: [server.url] }, { name: "test", onRemark: () => {} });
  });
  afterAll(async () => {
    await nats.close();
    await server[Symbol.asyncDispose]();
  });

  test("is divided: its first seed without an outcome runs alone, and none counts as a crash", async () => {
    let lost: number[] = [];
    const { deaths, jobs } = await campaign(nats, 20, ({ tasks }) => {
      if (tasks.length < 3 || lost.length > 0) return answered(tasks);
      lost = tasks.map(({ seed }) => seed);
      return { ...answered(tasks.slice(0, 1)), lostWorkers: 9 };
    });
    expect([...deaths]).toEqual([]);
    const [, first = 0, ...rest] = lost;
    expect(jobs).toContainEqual([first]);
    expect(jobs).toContainEqual(rest);
  });

  test("counts as a crash if it is of one seed", async () => {
    const { deaths } = await campaign(nats, 20, ({ tasks }) => {
      const bad = tasks.findIndex(({ seed }) => seed === 17);
      return bad < 0 ? answered(tasks) : { ...answered(tasks.slice(0, bad)), lostWorkers: 9 };
    });
    expect([...deaths]).toEqual([
      [17, "9 workers, one after the other, were lost while they simulated this seed"],
    ]);
  });
});
