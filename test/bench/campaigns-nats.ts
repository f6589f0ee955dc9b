/**
 * Measures sweeps on workers at a NATS server beside local ones, and what one server carries.
 *
 *   bun run build.ts --quiet && bun test/bench/campaigns-nats.ts [--seeds 4000] [--rounds 3] [--jobs 20000]
 *
 * A sweep's rate is the command's own, without the start of its program. Each worker has one process. Of
 * several rounds, the best counts. The server carries jobs of 100 seeds without a simulation: each is
 * published, taken, answered with the outcomes of a real sweep, and acknowledged, in 64 hands at once.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { encode, keyOf, STREAMS, SUBJECTS } from "../../lib/workbench/fleet/messages.ts";
import { consumerName, jobConsumer, openStreams } from "../../lib/workbench/fleet/streams.ts";
import { connectNats } from "../../lib/workbench/nats/connection.ts";
import { type NatsConfig, startNats } from "../support/nats.ts";
import { startTester, startWorker } from "../support/processes/fleet.ts";
import {
  ROOT,
  removeTemporaryDirectories,
  type VortexRun,
  vortex,
} from "../support/processes/vortex.ts";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "4000" },
    rounds: { type: "string", default: "3" },
    jobs: { type: "string", default: "20000" },
  },
});

const KAFKA = [join(ROOT, "challenges/kafka.ts"), "-w", "kafka", "--node-count", "3"];
const TEST = [...KAFKA, "--rate", "20", "--time-limit", "5", "--nemesis", "partition"];
const SWEEP = [...TEST, "--seeds", `1..${flags.seeds}`, "--json"];
const HANDS = 64;
const TASKS_PER_JOB = 100;
const CAMPAIGN = "000000000000.00000000";

const sweeps = {
  "local, 1 process": () => vortex("sim", ...SWEEP, "--jobs", "1"),
  "NATS, 1 worker": () => sweepOnFleet(1),
  "local, 2 processes": () => vortex("sim", ...SWEEP, "--jobs", "2"),
  "NATS, 2 workers": () => sweepOnFleet(2),
};

console.log("| sweep | seeds a second | beside local |");
console.log("| --- | ---: | ---: |");
const best = new Map<string, number>();
const summaries = new Set<string>();
for (let round = 0; round < Number(flags.rounds); round++) {
  for (const [name, sweep] of Object.entries(sweeps)) {
    const run = await sweep();
    summaries.add(run.stdout);
    best.set(name, Math.max(best.get(name) ?? 0, rateOf(run)));
  }
}
let beside = 0;
for (const [name, rate] of best) {
  if (name.startsWith("local")) beside = rate;
  console.log(`| ${name} | ${rate.toFixed(1)} | ${((100 * rate) / beside).toFixed(1)} % |`);
}
const ratio = (best.get("NATS, 2 workers") ?? 0) / (best.get("NATS, 1 worker") ?? 1);
console.log(`\nTwo workers run ${ratio.toFixed(2)} times the seeds of one.`);
console.log(
  `All ${4 * Number(flags.rounds)} summaries are ${summaries.size === 1 ? "equal" : "DIFFERENT"}.\n`,
);

console.log("| server | jobs a second |");
console.log("| --- | ---: |");
for (const [name, jetstream] of [
  ["as it is", {}],
  ["sync_interval: always", { sync_interval: "always" }],
] as const) {
  console.log(`| ${name} | ${(await jobsPerSecond({ jetstream })).toFixed(0)} |`);
}
removeTemporaryDirectories();

async function sweepOnFleet(workerCount: number): Promise<VortexRun> {
  await using server = await startNats();
  const workers = Array.from({ length: workerCount }, () => startWorker(server.url, "--jobs", "1"));
  while (!workers.every(({ log }) => log().includes("Waiting for campaigns"))) await Bun.sleep(20);
  const run = await startTester(server.url, ...SWEEP).ended;
  await Promise.all(workers.map((worker) => worker.stop()));
  return run;
}

function rateOf({ stderr }: VortexRun): number {
  const [, rate] = /seeds in [\d.]+ s, ([\d.]+) per second/.exec(stderr) ?? [];
  if (rate === undefined) throw new Error(`The sweep failed:\n${stderr}`);
  return Number(rate);
}

async function jobsPerSecond(config: NatsConfig): Promise<number> {
  await using server = await startNats(config);
  const nats = await connectNats({ servers: [server.url] }, { name: "bench", onRemark: () => {} });
  const streams = await openStreams(nats);
  await streams.manager.consumers.add(STREAMS.jobs, jobConsumer(CAMPAIGN));
  const tasks = Array.from({ length: TASKS_PER_JOB }, (_, seed) => ({ seed }));
  const job = encode({ name: "job", tasks });
  const answers = tasks.map((task) => ({ key: keyOf(task), answer: outcomeOf(task.seed) }));
  const result = encode({ job: "job", worker: crypto.randomUUID(), answers, elapsedMs: 2000 });
  const consumer = await streams.client.consumers.get(STREAMS.jobs, consumerName(CAMPAIGN));
  const count = Math.ceil(Number(flags.jobs) / HANDS);
  const carry = async () => {
    for (let index = 0; index < count; index++) {
      await streams.client.publish(`${SUBJECTS.jobs}.${CAMPAIGN}`, job);
      const message = await consumer.next({ expires: 5000 });
      if (message === null) throw new Error("A job was lost");
      await streams.client.publish(`${SUBJECTS.results}.${CAMPAIGN}`, result);
      message.ack();
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: HANDS }, carry));
  const seconds = (performance.now() - began) / 1000;
  await nats.close();
  return (count * HANDS) / seconds;
}

/** An outcome as `vortex sim` writes it for a valid run of kafka. */
function outcomeOf(seed: number) {
  const figures = { msgsPerOp: 10 + (seed % 7) / 3, medianMs: 0.1 + seed / 10, maxMs: 900 + seed };
  return { seed, valid: true, ...figures, faults: { partition: seed % 3 } };
}
