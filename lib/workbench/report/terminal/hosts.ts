/** Describes what the hosts of a cluster did to a test. */
import { plural } from "../../checkers/wording.ts";
import type { HostsSummary } from "../../run/hosts-summary.ts";

/**
 * Describes in what a test on several hosts differed from one on a single machine: how well clocks agree,
 * how late commands such as faults took effect, and what was lost.
 */
export function describeHosts({ nodes, undelivered }: HostsSummary): string {
  const all = Object.values(nodes);
  const hosts = new Set(all.map(({ host }) => host)).size;
  const most = (figure: "roundTripMs" | "slowestCommandMs") =>
    Math.max(0, ...all.map((node) => node[figure]));
  const sum = (figure: "repeats" | "outages" | "outageMs" | "overflow" | "unreported") =>
    all.reduce((total, node) => total + node[figure], 0);
  const [repeats, outages, overflow] = [sum("repeats"), sum("outages"), sum("overflow")];
  const unreported = sum("unreported");
  return [
    plural(hosts, "host"),
    `clocks known to ${(most("roundTripMs") / 2).toFixed(1)} ms`,
    `commands took up to ${most("slowestCommandMs").toFixed(0)} ms`,
    ...(undelivered === 0 ? [] : [`${plural(undelivered, "message")} lost or in flight`]),
    ...(repeats === 0 ? [] : [`${plural(repeats, "control message")} sent again`]),
    ...(outages === 0
      ? []
      : [`${plural(outages, "outage")} of NATS, ${(sum("outageMs") / 1000).toFixed(1)} s in all`]),
    ...(overflow === 0 ? [] : [`${plural(overflow, "message")} dropped meanwhile`]),
    ...(unreported === 0
      ? []
      : [`${plural(unreported, "event")} not reported: message counts are too low`]),
  ].join(", ");
}
