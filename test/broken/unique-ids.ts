/** Broken programs for unique-ids. */
import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";
import { byLeader } from "../programs/leader.ts";
import { operation } from "../programs/machine.ts";
import { type BrokenCase, CALM, DEADLY, PARTITIONED } from "./case.ts";

/** A program that returns the ids of a generator, made once per node. */
function ids(makeGenerator: (node: Node) => () => unknown) {
  return (node: Node): void => {
    const next = makeGenerator(node);
    node.handle("generate", v.object({}), () => ({ type: "generate_ok", id: next() }));
  };
}

function counting(): () => number {
  let count = 0;
  return () => ++count;
}

/** A state machine that numbers all requests. */
function numbers() {
  const next = counting();
  return { generate: operation(v.object({}), () => ({ type: "generate_ok", id: next() })) };
}

export const BROKEN_UNIQUE_IDS: readonly BrokenCase[] = [
  {
    bug: "counts on each node, without its name",
    workload: "unique-ids",
    // All nodes count 1, 2, 3, ...
    program: ids(counting),
    options: CALM,
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    bug: "uses the time in milliseconds",
    workload: "unique-ids",
    // Two requests in the same millisecond get the same id.
    program: ids((node) => () => Math.floor(node.nowMs())),
    options: { ...CALM, rate: 1000 },
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    bug: "draws 16 random bits",
    workload: "unique-ids",
    // A collision becomes likely after about 2^8 ids (the birthday paradox).
    program: ids((node) => () => Math.floor(node.random() * 2 ** 16)),
    options: { ...CALM, rate: 200 },
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    bug: "counts above 2^53",
    workload: "unique-ids",
    // Doubles cannot represent odd numbers there, so neighbouring ids round to the same one.
    program: ids((node) => {
      const next = counting();
      return () => 2 ** 53 + next() * node.nodeIds.length + node.nodeIds.indexOf(node.id);
    }),
    options: CALM,
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    bug: "restarts its count when the node restarts",
    workload: "unique-ids",
    // The count is in memory only: a restarted node generates the same ids again.
    program: ids((node) => {
      const next = counting();
      return () => `${node.id}-${next()}`;
    }),
    options: DEADLY,
    shows: "duplicated",
    withinSeeds: 2,
  },
  {
    bug: "fetches each id from a leader",
    workload: "unique-ids",
    // Nodes that a partition cuts off from the leader cannot reply.
    program: byLeader(numbers),
    options: { ...PARTITIONED, timeLimitS: 20, nemesisIntervalS: 10, availability: "total" },
    shows: "unavailable",
    withinSeeds: 5,
  },
  {
    bug: "mixes numbers and strings",
    workload: "unique-ids",
    // Maelstrom's checker compares ids, which fails for mixed types.
    program: ids((node) => {
      const next = counting();
      return () => (node.id === "n0" ? next() : `${node.id}-${next()}`);
    }),
    options: CALM,
    shows: "no verdict",
    withinSeeds: 1,
  },
];
