/** Runs tests on the nodes of a cluster of hosts, which `vortex node` has started. */
import { hostname } from "node:os";
import { SERVICES } from "../../services/index.ts";
import type { NodeId } from "../../vortex/index.ts";
import { systemClock } from "../../vortex/serve.ts";
import { NatsBus } from "../hosts/bus.ts";
import { RemoteCluster } from "../hosts/remote-cluster.ts";
import { HostError } from "../hosts/remote-host.ts";
import { findSidecars } from "../hosts/roster.ts";
import type { Identity } from "../hosts/wire.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { connectNats, type Nats } from "../nats/connection.ts";
import { removeServices } from "../nats/services/index.ts";
import type { TestResult } from "../run/results.ts";
import { TestCrash } from "../run/test-crash.ts";
import type { TestOptions } from "../run/test-options.ts";
import { shellCommand } from "../shell.ts";
import { freshId } from "./fresh-id.ts";
import { type NatsFlags, natsOptions } from "./nats-flags.ts";
import { type StoredRun, storing } from "./run-on-processes.ts";

/** How long to wait for sidecars that may be starting, in ms. */
const START_LIMIT_MS = 5000;

/** A cluster that runs. */
export interface HostsConnection {
  readonly nats: Nats;
  readonly cluster: string;
  readonly sidecars: readonly Identity[];
}

/**
 * Connects to a cluster.
 *
 * @param nodeIds The nodes of the test. Absent: all.
 * @throws {InvalidOptions} if it, or one of the nodes, does not run.
 */
export async function connectHosts(
  flags: NatsFlags,
  cluster: string,
  nodeIds: readonly NodeId[] | undefined,
  onRemark: (text: string) => void,
): Promise<HostsConnection> {
  const servers = natsOptions(flags);
  if (servers === undefined) throw new InvalidOptions("--nats is missing");
  const nats = await connectNats(servers, { name: `vortex test ${cluster}`, onRemark });
  try {
    const sidecars = await findSidecars({
      bus: new NatsBus(nats),
      clock: systemClock,
      cluster,
      nodeIds,
      limitMs: START_LIMIT_MS,
      commandOf: (node, nodes) =>
        `${shellCommand(["vortex", "node", "--nats", servers.servers.join(), "--cluster", cluster, "--name", node, "--nodes", nodes.join()])} -- PROGRAM`,
    });
    return { nats, cluster, sidecars };
  } catch (error) {
    await nats.close();
    throw error;
  }
}

export interface HostsRun extends StoredRun {
  readonly hosts: HostsConnection;
  /** How long this tester may be silent before the nodes end the test, in ms. */
  readonly leaseMs: number;
}

/**
 * Runs a test in real time, on nodes of other hosts.
 *
 * @throws {TestCrash} as `runTest` does.
 */
export function runOnHosts(options: TestOptions, run: HostsRun): Promise<TestResult> {
  const { hosts, leaseMs, ...stored } = run;
  const { nats, cluster } = hosts;
  const test = freshId();
  const remark = (text: string) => run.onRemark?.(text);
  return storing(options, stored, async (runTest) => {
    const remote = new RemoteCluster({
      bus: new NatsBus(nats),
      clock: systemClock,
      cluster,
      sidecars: hosts.sidecars,
      serviceIds: Object.keys(SERVICES),
      plan: {
        test,
        tester: { host: hostname(), pid: process.pid },
        nodeIds: [...options.nodeIds],
        seed: options.seed,
        latency: options.latency,
        leaseMs,
      },
      onRemark: remark,
    });
    try {
      await remote.begin();
      return await runTest({ hosts: remote, makeCluster: (parts) => remote.attach(parts) });
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      throw new TestCrash(error.message, { cause: error });
    } finally {
      await remote.stop();
      await removeServices(nats.connection, `${cluster}-${test}`).catch((error: unknown) =>
        remark(`The services of ${test} were not removed: ${error}`),
      );
    }
  });
}
