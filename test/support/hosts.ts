/** Clusters of hosts within this process: sidecars and testers on a bus that can lose texts. */

import { SERVICES } from "../../lib/services/index.ts";
import { systemClock } from "../../lib/vortex/serve.ts";
import { type Bus, NoAnswer, type ReceiveText, TooLarge } from "../../lib/workbench/hosts/bus.ts";
import { RemoteCluster } from "../../lib/workbench/hosts/remote-cluster.ts";
import { findSidecars } from "../../lib/workbench/hosts/roster.ts";
import { Sidecar, type SidecarOptions } from "../../lib/workbench/hosts/sidecar.ts";
import { subjects } from "../../lib/workbench/hosts/wire.ts";
import { runTest } from "../../lib/workbench/run/test.ts";
import type { TestOptions } from "../../lib/workbench/run/test-options.ts";
import { ECHO } from "./processes/vortex.ts";

/** Carries texts between all who share it, as NATS does. */
export class MemoryBus implements Bus {
  readonly #receivers = new Map<string, Set<ReceiveText>>();
  isConnected = true;
  maxBytes = 2 ** 20;
  /** Resolves when the server takes what it is sent. */
  flushing: Promise<void> = Promise.resolve();
  /** Whether a text, or an answer, arrives. */
  arrives: (subject: string, text: string) => boolean = () => true;

  publish(subject: string, text: string): void {
    this.#require(text);
    this.#send(subject, text, () => {});
  }

  async flush(): Promise<void> {
    await this.flushing;
  }

  request(subject: string, text: string, timeoutMs: number): Promise<string> {
    this.#require(text);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new NoAnswer(subject)), timeoutMs);
      const isSent = this.#send(subject, text, (answer) => {
        if (!this.arrives(subject, answer)) return;
        clearTimeout(timer);
        resolve(answer);
      });
      if (isSent) return;
      clearTimeout(timer);
      reject(new NoAnswer(subject));
    });
  }

  async requestAll(subject: string, text: string, durationMs: number): Promise<string[]> {
    const answers: string[] = [];
    this.#send(subject, text, (answer) => answers.push(answer));
    await Bun.sleep(Math.min(durationMs, 20));
    return answers;
  }

  subscribe(subject: string, receive: ReceiveText): () => void {
    const receivers = this.#receivers.getOrInsertComputed(subject, () => new Set());
    receivers.add(receive);
    return () => receivers.delete(receive);
  }

  /** Returns whether there is a subscriber. */
  #send(subject: string, text: string, answer: (text: string) => void): boolean {
    const receivers = [...(this.#receivers.get(subject) ?? [])];
    for (const receive of receivers) {
      if (this.arrives(subject, text)) queueMicrotask(() => receive(text, answer));
    }
    return receivers.length > 0;
  }

  #require(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.maxBytes) throw new TooLarge(bytes);
  }
}

export const CLUSTER = "demo";

/** Makes the sidecar of a node, which has no services unless options name some. */
export function sidecarOf(bus: Bus, node: string, more: Partial<SidecarOptions> = {}): Sidecar {
  return new Sidecar({
    bus,
    clock: systemClock,
    cluster: CLUSTER,
    node,
    nodeIds: ["n0", "n1", "n2"],
    bin: ECHO,
    args: [],
    place: { host: `host of ${node}`, pid: 1 },
    instance: `instance ${node}`,
    command: "echo",
    serviceIds: Object.keys(SERVICES),
    openServices: () => Promise.reject(new Error("there are none")),
    removeServices: async () => {},
    makeData: () => ({ directory: "/nonexistent", remove: () => {} }),
    onRemark: () => {},
    ...more,
  });
}

/** The nodes of the cluster. */
export const NODES: readonly string[] = ["n0", "n1", "n2"];

/** Starts sidecars; by default those of all nodes. `begun` resolves when a test has begun on all. */
export async function hostsOn(bus: MemoryBus, more: Partial<SidecarOptions> = {}, nodes = NODES) {
  const sidecars = nodes.map((node) => sidecarOf(bus, node, more));
  const begun = Promise.all(nodes.map((node) => firstCommand(bus, node)));
  await Promise.all(sidecars.map((sidecar) => sidecar.open()));
  return {
    sidecars,
    begun,
    async [Symbol.asyncDispose]() {
      await Promise.all(sidecars.map((sidecar) => sidecar.close()));
    },
  };
}

/** Resolves when a node is sent its first command: its host has begun a test, and the tester knows. */
function firstCommand(bus: MemoryBus, node: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = bus.subscribe(subjects.control(CLUSTER, node), (text) => {
    if (!text.includes('"type":"command"')) return;
    unsubscribe();
    resolve();
  });
  return promise;
}

/** Makes the tester's side of a cluster. */
export async function clusterOn(bus: Bus, options: TestOptions, leaseMs = 5000) {
  const { nodeIds, seed, latency } = options;
  const sidecars = await findSidecars({
    bus,
    clock: systemClock,
    cluster: CLUSTER,
    nodeIds,
    limitMs: 0,
    commandOf: (node) => `vortex node --name ${node}`,
  });
  return new RemoteCluster({
    bus,
    clock: systemClock,
    cluster: CLUSTER,
    sidecars,
    serviceIds: Object.keys(SERVICES),
    plan: {
      test: crypto.randomUUID(),
      tester: { host: "here", pid: 2 },
      nodeIds: [...nodeIds],
      seed,
      latency,
      leaseMs,
    },
    onRemark: () => {},
  });
}

/** Runs a test on the sidecars of a bus. */
export async function testOn(bus: Bus, options: TestOptions, leaseMs?: number) {
  const remote = await clusterOn(bus, options, leaseMs);
  await remote.begin();
  try {
    return await runTest(options, {
      clock: systemClock,
      hosts: remote,
      makeCluster: (parts) => remote.attach(parts),
    });
  } finally {
    await remote.stop();
  }
}
