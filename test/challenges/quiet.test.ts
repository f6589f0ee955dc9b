/** Idle nodes send nothing, whatever came before. */
import { describe, expect, test } from "bun:test";
import { broadcast } from "../../challenges/broadcast.ts";
import { echo } from "../../challenges/echo.ts";
import { gCounter } from "../../challenges/g-counter.ts";
import { gSet } from "../../challenges/g-set.ts";
import { kafka } from "../../challenges/kafka.ts";
import { pnCounter } from "../../challenges/pn-counter.ts";
import { txnRwRegister } from "../../challenges/txn-rw-register.ts";
import { uniqueIds } from "../../challenges/unique-ids.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import type { AnyBody, AnyProgram, Program } from "../../lib/vortex/index.ts";

interface Case {
  readonly name: string;
  readonly program: AnyProgram;
  readonly options?: AnyBody;
  /** Whether its nodes never send each other anything. */
  readonly isAlone?: boolean;
  /** Makes a client's request that changes something. */
  request(index: number): AnyBody;
}

const addOne = (delta: number) => ({ type: "add", delta });
const send = (msg: number) => ({ type: "send", key: "k", msg });
const write = (value: number) => ({ type: "txn", txn: [["w", 1, value]] });
const give = (message: number) => ({ type: "broadcast", message });

const CASES: readonly Case[] = [
  { name: "broadcast", program: broadcast, request: give },
  { name: "broadcast", program: broadcast, options: { flushMs: 0 }, request: give },
  { name: "broadcast", program: broadcast, options: { durable: true }, request: give },
  {
    name: "echo",
    program: echo,
    request: (value) => ({ type: "echo", echo: value }),
    isAlone: true,
  },
  { name: "unique-ids", program: uniqueIds, request: () => ({ type: "generate" }), isAlone: true },
  { name: "g-counter", program: gCounter, request: addOne },
  { name: "g-counter", program: gCounter, options: { durable: false }, request: addOne },
  { name: "pn-counter", program: pnCounter, request: addOne },
  { name: "g-set", program: gSet, request: (element) => ({ type: "add", element }) },
  { name: "kafka", program: kafka, request: send },
  { name: "kafka", program: kafka, options: { durable: false }, request: send },
  { name: "txn-rw-register", program: txnRwRegister, request: write },
  { name: "txn-rw-register", program: txnRwRegister, options: { durable: true }, request: write },
];

const NODES = ["n0", "n1", "n2"];
/** Longest time that a challenge may take to pass on what is new, in ms. */
const WORK_MS = 10_000;
const IDLE_MS = 60_000;

type Happen = (cluster: TestCluster, { request }: Case) => Promise<void>;

/** Sends each node some requests. */
const work: Happen = async (cluster, { request }) => {
  for (let index = 0; index < 9; index++) {
    cluster.request(NODES[index % NODES.length] ?? "", request(index));
    await cluster.advance(50);
  }
};

const BEFORE: Readonly<Record<string, Happen>> = {
  "their start": async () => {},
  "some requests": work,
  "a partition that healed": async (cluster, challenge) => {
    await work(cluster, challenge);
    for (const other of ["n1", "n2", "lin-kv", "seq-kv"]) cluster.cut("n0", other);
    await work(cluster, challenge);
    await cluster.advance(WORK_MS);
    cluster.heal();
  },
  "the restart of a node": async (cluster, challenge) => {
    await work(cluster, challenge);
    cluster.start("n0");
    await work(cluster, challenge);
  },
};

describe("Idle nodes", () => {
  describe.each(Object.entries(BEFORE))("send nothing after %s:", (before, happen) => {
    test.each(CASES.map((one) => [one.name, JSON.stringify(one.options ?? {}), one] as const))(
      "%s %s",
      async (_name, _options, challenge) => {
        const { program, options } = challenge;
        const cluster = new TestCluster({
          nodeIds: NODES,
          program: program as Program, // Its own schema parses its options.
          ...(options === undefined ? {} : { options }),
        });
        await happen(cluster, challenge);
        await cluster.advance(WORK_MS);
        const sent = cluster.takeMessages();
        if (before !== "their start" && !challenge.isAlone) expect(sent).not.toEqual([]);
        await cluster.advance(IDLE_MS);
        expect(cluster.takeMessages()).toEqual([]);
      },
    );
  });
});
