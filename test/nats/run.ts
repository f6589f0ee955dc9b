/** Runs clients of services on three NATS servers under faults, and judges what they saw. */
import type { Json, Random } from "../../lib/vortex/index.ts";
import { randomInteger } from "../../lib/vortex/random.ts";
import type { Services } from "../../lib/workbench/nats/services/index.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import type { LinkedCluster } from "../support/nats-links.ts";
import { FAULTS, type FaultContext, type FaultName } from "./faults.ts";
import { type Hosts, openHosts } from "./hosts.ts";
import {
  type FinalReads,
  type Findings,
  judgeLinKv,
  judgeLwwEnd,
  judgeLwwReads,
  judgeSeqKv,
  judgeTimestamps,
  tuple,
} from "./judge.ts";
import {
  anyOperation,
  casOf,
  type Invocation,
  Recorder,
  readOf,
  TIMESTAMP,
  writeOf,
} from "./operations.ts";
import type { SubjectName } from "./subjects.ts";

export interface RunOptions {
  /** Name of the cluster of services; one per run. */
  readonly name: string;
  readonly subject: SubjectName;
  /** Length of the run, which goes on while hardly anything has succeeded. */
  readonly seconds: number;
  readonly seed: number;
  readonly replicas: number;
  /** Faults to choose from. */
  readonly faults: readonly FaultName[];
  /** Mean time from the start of a fault to its end, and then to the next, in ms. */
  readonly faultMs: number;
  readonly onFault?: (text: string) => void;
}

export interface RunResult {
  readonly findings: Findings;
  readonly counts: { readonly [service: string]: Recorder["counts"] };
  readonly faults: readonly string[];
}

const HOSTS = [0, 1, 2] as const;
/** Clients of lin-kv on each host. The other services have one each. */
const CLIENTS = 2;
/** Mean pause of a client between two operations. */
const PAUSE_MS = 15;
/** How long clients use the same keys: the search for an order takes longer with each operation. */
const EPOCH_MS = 2000;
const REQUEST_TIMEOUT_MS = 2000;
/** Number of operations of each service that must succeed: on a slow machine they take longer. */
const LEAST_OK = 10;
/** Processes that read after the faults have numbers from here. */
const SPARE_PROCESS = 1_000_000;
/** Keys of lww-kv in an epoch. */
const LWW_KEYS = 2;
/** How often hosts must agree in turn: a read is answered by any replica, perhaps by the same. */
const AGREEMENTS = 4;
/** How long servers may take to be a cluster again after the last fault. */
const RECOVERY_MS = 60_000;

export async function runServices(cluster: LinkedCluster, options: RunOptions): Promise<RunResult> {
  const { name, subject, seconds, seed, replicas } = options;
  const hosts = await openHosts(cluster, subject, {
    cluster: name,
    replicas,
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
  const recorders = {
    "lin-kv": new Recorder(HOSTS.length * CLIENTS),
    "seq-kv": new Recorder(HOSTS.length),
    "lww-kv": new Recorder(HOSTS.length),
    "lin-tso": new Recorder(HOSTS.length),
  };
  const epochs = Math.ceil((1000 * seconds) / EPOCH_MS) + 1;
  await createKeys(recorders["lin-kv"], hosts.services, epochs);

  const startMs = performance.now();
  const isOver = () => {
    const leftMs = startMs + 1000 * seconds - performance.now();
    if (leftMs > 0) return false;
    const isEnough = Object.values(recorders).every(({ counts }) => counts.ok >= LEAST_OK);
    return isEnough || leftMs < -RECOVERY_MS;
  };
  const epoch = () => Math.min(epochs - 1, Math.floor((performance.now() - startMs) / EPOCH_MS));
  const client = async (
    service: keyof typeof recorders,
    host: number,
    thread: number,
    draw: (random: Random) => Invocation,
  ) => {
    const random = randomStream(seed, `${service} ${thread}`);
    const services = hosts.services[host];
    let process = thread;
    while (services !== undefined && !isOver()) {
      const operation = draw(random);
      ({ process } = await recorders[service].carryOut(service, services, process, operation));
      await Bun.sleep(2 * PAUSE_MS * random.next());
    }
  };
  /** Draws an operation that writes another value than all before, if it writes. */
  const uniqueWrites = (keyCount: number) => {
    let written = 0;
    return (random: Random) => {
      const key = [epoch(), randomInteger(random, keyCount)];
      const choice = randomInteger(random, 4);
      if (choice < 2) return readOf(key);
      written += 1;
      return choice === 2 ? writeOf(key, written) : casOf(key, written - 2, written);
    };
  };
  const [drawSequential, drawLastWrite] = [uniqueWrites(3), uniqueWrites(LWW_KEYS)];
  const faults = injectFaults(cluster, hosts, options, isOver);
  await Promise.all([
    ...HOSTS.flatMap((host) =>
      Array.from({ length: CLIENTS }, (_, index) =>
        client("lin-kv", host, HOSTS.length * index + host, (random) =>
          anyOperation(random, epoch()),
        ),
      ),
    ),
    ...HOSTS.map((host) => client("seq-kv", host, host, drawSequential)),
    ...HOSTS.map((host) => client("lww-kv", host, host, drawLastWrite)),
    ...HOSTS.map((host) => client("lin-tso", host, host, () => TIMESTAMP)),
  ]);
  const names = await faults;
  const silent = await readAll(recorders["lin-kv"], hosts.services, epochs);
  const keys = Array.from({ length: epochs * LWW_KEYS }, (_, index) => [
    Math.floor(index / LWW_KEYS),
    index % LWW_KEYS,
  ]);
  const unsettled = await settle(recorders["lww-kv"], hosts.services, keys);
  await hosts.close();
  return {
    findings: [
      ...silent,
      ...judgeLinKv(recorders["lin-kv"].history),
      ...judgeSeqKv(recorders["seq-kv"].history),
      ...unsettled,
      ...judgeLwwReads(recorders["lww-kv"].history),
      ...judgeTimestamps(recorders["lin-tso"].history),
    ],
    counts: Object.fromEntries(
      Object.entries(recorders).map(([service, { counts }]) => [service, counts]),
    ),
    faults: names,
  };
}

/** Sets keys to 0, so that a state from before the others is known by its values. */
async function createKeys(
  recorder: Recorder,
  [host]: readonly Services[],
  count: number,
): Promise<void> {
  if (host === undefined) return;
  for (let key = 0; key < count; key++) {
    await recorder.carryOut("lin-kv", host, 0, writeOf(key, 0));
  }
}

/** Reads each key on each host until it answers, after the faults. Returns what never did. */
async function readAll(
  recorder: Recorder,
  hosts: readonly Services[],
  count: number,
): Promise<Findings> {
  const endMs = performance.now() + RECOVERY_MS;
  const silent = await Promise.all(
    hosts.map(async (host, index) => {
      for (let key = 0; key < count; key++) {
        for (;;) {
          const { type } = await recorder.carryOut(
            "lin-kv",
            host,
            SPARE_PROCESS + index,
            readOf(key),
          );
          if (type === "ok") break;
          if (performance.now() > endMs) {
            return [
              `host ${index} could not read key ${key} for ${RECOVERY_MS} ms after the faults`,
            ];
          }
        }
      }
      return [];
    }),
  );
  return silent.flat();
}

/**
 * Reads keys of lww-kv on each host until all agree on the last change of each, several times in turn.
 * Returns what is wrong in the end.
 */
export async function settle(
  recorder: Recorder,
  hosts: readonly Services[],
  keys: readonly Json[],
  limitMs = RECOVERY_MS,
): Promise<Findings> {
  const endMs = performance.now() + limitMs;
  for (let agreements = 0; ; ) {
    const changes = [...recorder.history];
    const reads = await Promise.all(
      hosts.map(async (host, index) => {
        const values: Json[] = [];
        while (values.length < keys.length) {
          const read = readOf(keys[values.length] ?? null);
          const process = SPARE_PROCESS + index;
          const { type, value } = await recorder.carryOut("lww-kv", host, process, read);
          if (type === "ok" || performance.now() > endMs) values.push(tuple(value)[1]);
        }
        return values;
      }),
    );
    const final = keys.map(
      (key, index): FinalReads => ({ key, values: reads.map((values) => values[index] ?? null) }),
    );
    const findings = judgeLwwEnd(changes, final);
    agreements = findings.length === 0 ? agreements + 1 : 0;
    if (agreements === AGREEMENTS || performance.now() > endMs) return findings;
  }
}

async function injectFaults(
  cluster: LinkedCluster,
  hosts: Hosts,
  { faults, faultMs, seed, onFault = () => {} }: RunOptions,
  isOver: () => boolean,
): Promise<readonly string[]> {
  const random = randomStream(seed, "faults");
  const context: FaultContext = {
    cluster,
    random,
    leader: async () => (await hosts.leader()) ?? randomInteger(random, HOSTS.length),
    stepDown: hosts.stepDown,
  };
  const names: string[] = [];
  for (;;) {
    await Bun.sleep(faultMs * random.next());
    const fault = faults[randomInteger(random, faults.length)];
    if (fault === undefined || isOver()) return names;
    onFault(fault);
    names.push(fault);
    const end = await FAULTS[fault](context);
    await Bun.sleep(faultMs * (0.5 + random.next()));
    await end();
    onFault(`end: ${fault}`);
  }
}
