import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";
import { byLeader } from "../programs/leader.ts";
import { operation } from "../programs/machine.ts";
import { type BrokenCase, CALM, DEADLY, PARTITIONED } from "./case.ts";

/** A program that answers with the ids that a node's generator makes. */
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

/** The machine of a program whose leader numbers all requests. */
function numbers() {
  const next = counting();
  return { generate: operation(v.object({}), () => ({ type: "generate_ok", id: next() })) };
}

export const BROKEN_UNIQUE_IDS: readonly BrokenCase[] = [
  {
    wrong: "counts on each node, without the node's name",
    workload: "unique-ids",
    program: ids(counting),
    options: CALM,
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    wrong: "takes the time in milliseconds for an id",
    workload: "unique-ids",
    program: ids((node) => () => Math.floor(node.nowMs())),
    options: { ...CALM, rate: 1000 },
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    wrong: "draws ids of 16 random bits",
    workload: "unique-ids",
    program: ids((node) => () => Math.floor(node.random() * 2 ** 16)),
    options: { ...CALM, rate: 200 },
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    wrong: "counts beyond 2^53, where two numbers become one",
    workload: "unique-ids",
    program: ids((node) => {
      const next = counting();
      return () => 2 ** 53 + next() * node.nodeIds.length + node.nodeIds.indexOf(node.id);
    }),
    options: CALM,
    shows: "duplicated",
    withinSeeds: 1,
  },
  {
    wrong: "counts under the node's name, and begins anew when it is started again",
    workload: "unique-ids",
    program: ids((node) => {
      const next = counting();
      return () => `${node.id}-${next()}`;
    }),
    options: DEADLY,
    shows: "duplicated",
    withinSeeds: 2,
  },
  {
    wrong: "asks a leader for each id",
    workload: "unique-ids",
    program: byLeader(numbers),
    options: { ...PARTITIONED, timeLimitS: 20, nemesisIntervalS: 10, availability: "total" },
    shows: "unavailable",
    withinSeeds: 5,
  },
  {
    wrong: "makes ids that cannot be put in order: numbers on one node, strings on the others",
    workload: "unique-ids",
    program: ids((node) => {
      const next = counting();
      return () => (node.id === "n0" ? next() : `${node.id}-${next()}`);
    }),
    options: CALM,
    shows: "no verdict",
    withinSeeds: 1,
  },
];
