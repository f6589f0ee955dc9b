/** Faults of the network between hosts, and of their servers. */
import type { Random } from "../../lib/vortex/index.ts";
import { HOST_COUNT, type Hosts } from "./hosts.ts";

/** A time in seconds, drawn between these. */
type Range = readonly [least: number, most: number];

export interface RealFaults {
  /** Length of a fault. */
  readonly faultS: Range;
  /** Time between two faults. */
  readonly calmS: Range;
  /** Whether servers are killed too. */
  readonly killsServers: boolean;
}

/** Cuts links, isolates hosts and kills servers until the signal aborts. Resolves with their numbers. */
export async function injectRealFaults(
  hosts: Hosts,
  random: Random,
  signal: AbortSignal,
  { faultS, calmS, killsServers }: RealFaults,
) {
  const counts = { cuts: 0, "isolated hosts": 0, "killed servers": 0 };
  const between = ([least, most]: Range) => 1000 * (least + random.next() * (most - least));
  for (;;) {
    await sleep(between(calmS), signal);
    if (signal.aborted) return counts;
    const host = Math.floor(random.next() * HOST_COUNT);
    const others = [1, 2].map((step) => (host + step) % HOST_COUNT);
    const kind = Math.floor(random.next() * (killsServers ? 3 : 2));
    if (kind === 0) {
      counts.cuts++;
      cut(hosts, host, others[0] ?? 0);
    } else if (kind === 1) {
      counts["isolated hosts"]++;
      for (const other of others) cut(hosts, host, other);
    } else {
      counts["killed servers"]++;
      await hosts.killServer(host);
    }
    await sleep(between(faultS), signal);
    hosts.heal();
    if (kind === 2) await hosts.restartServer(host);
  }
}

function cut(hosts: Hosts, one: number, other: number): void {
  hosts.cut(Math.min(one, other), Math.max(one, other));
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + ms;
  while (!signal.aborted && performance.now() < endMs) await Bun.sleep(100);
}
