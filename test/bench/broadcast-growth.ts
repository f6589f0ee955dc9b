/**
 * Measures how broadcast's costs grow with the number of nodes and the rate, in simulations.
 *
 *   bun test/bench/broadcast-growth.ts
 *
 * Each run lasts 10 s at a latency of 100 ms, with one client per node and the default cycle. "A
 * node" and "the hub" are messages per second in both directions between nodes.
 */
import Table from "cli-table3";
import { broadcast } from "../../challenges/broadcast.ts";
import { stringifyJson } from "../../lib/vortex/index.ts";
import { propagationOf } from "../support/simulations/propagation.ts";
import { runSimulated } from "../support/simulations/simulate.ts";

const TIME_LIMIT_S = 10;
const HUB = "n0";

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function measure(nodeCount: number, rate: number): string[] {
  const { result, messages } = runSimulated("broadcast", broadcast, {
    nodeCount,
    rate,
    timeLimitS: TIME_LIMIT_S,
    recoveryS: 2,
    latency: { meanMs: 100, distribution: "constant" },
  });
  if (result.valid !== true) throw new Error(`${nodeCount} nodes at ${rate}/s: not valid`);
  const opCount = Number(result.stats?.["count"]);
  const sent = messages.filter(
    ({ type, message: { src, dest } }) =>
      type === "send" && src.startsWith("n") && dest.startsWith("n"),
  );
  const bytes = sent.reduce((sum, { message }) => sum + stringifyJson(message).length, 0);
  const hubCount = sent.filter(({ message: { src, dest } }) => src === HUB || dest === HUB).length;
  const travelled = propagationOf(messages, nodeCount).map(
    ({ givenMs, everywhereMs = Number.POSITIVE_INFINITY }) => everywhereMs - givenMs,
  );
  const perNode = (2 * (sent.length - hubCount) + hubCount) / Math.max(1, nodeCount - 1);
  return [
    String(nodeCount),
    `${rate}/s`,
    (sent.length / opCount).toFixed(2),
    (bytes / opCount).toFixed(0),
    `${quantile(travelled, 0.5).toFixed(0)} ms`,
    `${quantile(travelled, 1).toFixed(0)} ms`,
    `${(perNode / TIME_LIMIT_S).toFixed(1)}/s`,
    `${(hubCount / TIME_LIMIT_S).toFixed(0)}/s`,
    (bytes / sent.length).toFixed(0),
  ];
}

const table = new Table({
  head: ["nodes", "rate", "msgs/op", "bytes/op", "median", "max", "a node", "the hub", "bytes/msg"],
  colAligns: Array(9).fill("right"),
  style: { head: [], border: [], compact: true },
});
for (const nodeCount of [5, 25, 100, 400]) {
  for (const rate of [10, 100, 1000]) table.push(measure(nodeCount, rate));
}
console.log(table.toString());
