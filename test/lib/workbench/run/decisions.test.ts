import { describe, expect, test } from "bun:test";
import { gCounter } from "../../../../challenges/g-counter.ts";
import { uniqueIds } from "../../../../challenges/unique-ids.ts";
import {
  type AnyProgram,
  type KVNode,
  parseJson,
  RpcError,
  stringifyJson,
} from "../../../../lib/vortex/index.ts";
import { pickOne } from "../../../../lib/vortex/random.ts";
import { type Decisions, parseDecisions } from "../../../../lib/workbench/decisions.ts";
import { FAULTS } from "../../../../lib/workbench/nemesis/faults.ts";
import type { TestParts } from "../../../../lib/workbench/run/test.ts";
import { explore } from "../../../../lib/workbench/search/explore.ts";
import { WORKLOAD_NAMES, type WorkloadName } from "../../../../lib/workbench/workloads/index.ts";
import { kill } from "../../../../lib/workload/index.ts";
import { gSet } from "../../../programs/g-set.ts";
import { challenge } from "../../../support/simulations/challenges.ts";
import { doneBy, faultOf, nemesisOf, partsWith } from "../../../support/simulations/nemeses.ts";
import {
  runSimulated,
  type Simulated,
  type SimulatedOptions,
  testOptionsOf,
} from "../../../support/simulations/simulate.ts";

const SHORT: SimulatedOptions = {
  ...{ nodeCount: 3, concurrency: 6, rate: 40, timeLimitS: 3, nemesisIntervalS: 0.4 },
  ...{ recoveryS: 2, seed: 5 },
};

/** A test that is run several times. */
class Subject {
  readonly remarks: string[] = [];
  readonly #workload: WorkloadName;
  readonly #program: AnyProgram;
  readonly #options: SimulatedOptions;
  readonly #parts: TestParts;

  constructor(
    workload: WorkloadName,
    program: AnyProgram,
    options: SimulatedOptions = {},
    parts: TestParts = {},
  ) {
    this.#workload = workload;
    this.#program = program;
    this.#options = { ...SHORT, ...options };
    this.#parts = parts;
  }

  plain(): Simulated {
    return runSimulated(this.#workload, this.#program, this.#options, { parts: this.#parts });
  }

  /** Runs it with decisions, or with those of the seed; returns those that were recorded, too. */
  recorded(given?: Decisions): Simulated & { readonly decisions: Decisions } {
    let recorded: Decisions | undefined;
    const simulated = runSimulated(this.#workload, this.#program, this.#options, {
      parts: this.#parts,
      ...(given === undefined ? {} : { decisions: given }),
      onDecisions: (decisions) => {
        recorded = decisions;
      },
      onRemark: (text) => void this.remarks.push(text),
    });
    if (recorded === undefined) throw new Error("No decisions were recorded");
    // As from a file.
    return { ...simulated, decisions: parseDecisions(parseJson(stringifyJson(recorded))) };
  }
}

/** The history, messages and faults of a run: two runs must agree on them, to the byte. */
function bytesOf({ history, messages, result: { faults } }: Simulated): string {
  return [...history, ...messages, faults].map((part) => stringifyJson(part)).join("\n");
}

/** Runs a test as it is, recorded, and replayed twice, and expects no difference. */
function expectReplay(subject: Subject): Simulated {
  const plain = subject.plain();
  const recorded = subject.recorded();
  const replayed = subject.recorded(recorded.decisions);
  const again = subject.recorded(replayed.decisions);
  for (const run of [recorded, replayed, again]) expect(bytesOf(run)).toBe(bytesOf(plain));
  expect(replayed.decisions).toEqual(recorded.decisions);
  expect(subject.remarks).toEqual([]);
  return plain;
}

describe("Recorded decisions replay to the same bytes", () => {
  test.each(WORKLOAD_NAMES)("with the workload %s", (workload) => {
    const latency = { meanMs: 5, distribution: "exponential" } as const;
    const options = { latency, nemesis: ["partition", "kill", "loss"], livenessLimitS: 5 };
    const { history } = expectReplay(new Subject(workload, challenge(workload), options));
    expect(history.length).toBeGreaterThan(50);
  });

  test.each(FAULTS)("with the nemesis %s", (fault) => {
    const options = { nemesis: [fault], latency: { meanMs: 2, distribution: "uniform" } } as const;
    const { result } = expectReplay(new Subject("g-set", gSet, options));
    // The program has no disk.
    if (fault !== "disk") expect(result.faults[fault]).toBeGreaterThan(0);
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "with the order of messages that a search draws: seed %d",
    (seed) => {
      const base = testOptionsOf("g-counter", { ...SHORT, nemesis: ["loss"], seed });
      const { options, parts } = explore({ ...base, search: ["order"] });
      expectReplay(new Subject("g-counter", gCounter, options, parts));
    },
  );

  test("with a nemesis that draws, waits, asks nodes, and fails to heal at first", () => {
    let stopCount = 0;
    const own = nemesisOf("own", (nemesisTest) => {
      const killing = kill({ targets: ["one"] })(nemesisTest);
      return faultOf((running) => ({
        draw: () => pickOne(running.random, ["one", "other"]),
        async start(drawn) {
          const chosen = pickOne(running.random, running.nodes);
          await running.sleep(10 * running.random.next());
          return [drawn, chosen, (await killing.start("one")) ?? null];
        },
        async stop() {
          stopCount++;
          await killing.stop();
          const node = pickOne(running.random, running.nodes);
          if (stopCount % 3 > 0) throw new RpcError("timeout", `${node} was slow`);
          return node;
        },
      }))(nemesisTest);
    });
    const countsAgain = (node: KVNode) => {
      stopCount = 0;
      uniqueIds(node);
    };
    const options = { nemesis: ["own"], livenessLimitS: 1 };
    const { history } = expectReplay(
      new Subject("unique-ids", countsAgain, options, partsWith(own)),
    );
    expect(doneBy(history, "stop-own").some(({ error }) => error !== undefined)).toBeTrue();
  });

  test("with a nemesis that draws null for some starts", () => {
    const own = nemesisOf(
      "own",
      faultOf(({ random }) => ({ draw: () => pickOne(random, [null, "some"]) })),
    );
    const options = { nemesis: ["own"] };
    const { history } = expectReplay(new Subject("unique-ids", uniqueIds, options, partsWith(own)));
    const drawn = history.filter(({ f }) => f === "start-own").map(({ value }) => value);
    expect(new Set(drawn)).toEqual(new Set([null, "some", "started"]));
  });
});

describe("Decisions", () => {
  test("without an operation leave the others as they are", () => {
    const subject = new Subject("g-set", gSet);
    const { decisions, history } = subject.recorded();
    const { main } = requireMain(decisions);
    const [first] = main.operations;
    const shorter = { ...decisions, main: { ...main, operations: main.operations.slice(1) } };
    const edited = subject.recorded(shorter);
    const invocations = (operations: Simulated["history"]) =>
      operations.filter(({ type }) => type === "invoke").map(({ index: _, ...rest }) => rest);
    expect(first?.thread).toBe(0);
    expect(invocations(edited.history)).toEqual(invocations(history).slice(1));
    expect(bytesOf(subject.recorded(shorter))).toBe(bytesOf(edited));
  });

  test("lose, delay and duplicate single messages", () => {
    const subject = new Subject("g-set", gSet, { nodeCount: 2, concurrency: 2 });
    const messages = { "n0 -> n1": { 0: [], 1: [40e6], 2: [0, 40e6] } };
    const { messages: events } = subject.recorded({ version: 1, messages });
    const link = events.filter(({ message: { src, dest } }) => src === "n0" && dest === "n1");
    const ids = [...new Set(link.map(({ message }) => message.id))];
    const timesOf = (id: number | undefined) => {
      const [sent, ...ends] = link.filter(({ message }) => message.id === id);
      return ends.map(
        ({ type, time }) => `${type} ${10 * Math.round((time - (sent?.time ?? 0)) / 1e7)}`,
      );
    };
    expect(ids.slice(0, 4).map(timesOf)).toEqual([
      ["drop 0"],
      ["recv 40"],
      ["recv 0", "recv 40"],
      ["recv 0"],
    ]);
  });

  test("name the targets of faults", () => {
    const subject = new Subject("g-set", gSet, { nemesis: ["kill", "partition"] });
    const fault = (atNs: number, f: string, targets: string[]) =>
      ({ thread: "nemesis", atNs, f, value: "one", targets }) as const;
    const { history } = subject.recorded({
      version: 1,
      main: {
        lengthNs: 3e9,
        operations: [
          fault(1e9, "start-kill", ["n2", "n0"]),
          fault(2e9, "start-partition", ["n1 -> n2", "n1 -> n9"]),
        ],
      },
    });
    expect(doneBy(history).map(({ value }) => value)).toEqual([
      { n0: "killed", n2: "killed" },
      ["isolated", { n2: ["n1"] }],
      { n0: "started", n2: "started" },
      "network-healed",
    ]);
  });

  test("make a timer late", () => {
    const firedMs: number[] = [];
    const ticking = (node: KVNode) => {
      gSet(node);
      node.every(100, () => void firedMs.push(node.nowMs()));
    };
    const subject = new Subject("g-set", ticking, { nodeCount: 1, concurrency: 1 });
    subject.recorded({ version: 1 });
    const [punctualMs = 0] = firedMs.splice(0);
    // The second timer of the program is that of the gossip.
    subject.recorded({ version: 1, draws: { delays: { "timers n0": [2e9, 2e9] } } });
    const [lateMs = 0] = firedMs;
    expect(Math.floor(lateMs - punctualMs)).toBeOneOf([1999, 2000]);
  });

  test("that fit nothing are ignored, and counted in a remark", () => {
    const subject = new Subject("g-set", gSet);
    const { decisions } = subject.recorded();
    const { main } = requireMain(decisions);
    const read = { atNs: 0, thread: 0, node: "n0", f: "read", value: null };
    const operations = [
      { ...read, thread: 6 },
      { ...read, node: "n7" },
      { ...read, atNs: 9e9 },
      { ...read, thread: "nemesis" as const, f: "start-kill" },
      ...main.operations,
    ].map((operation) => {
      if (operation.thread !== "nemesis") return operation;
      const { atNs, f, value } = operation;
      return { thread: "nemesis" as const, atNs, f, value };
    });
    const edited = subject.recorded({
      ...decisions,
      main: { ...main, operations },
      messages: { ...decisions.messages, "n0 -> n1": { 99999: [] } },
    });
    expect(bytesOf(edited)).toBe(bytesOf(subject.plain()));
    expect(subject.remarks).toEqual([expect.stringContaining("5 decisions fit nothing")]);
  });

  test.each([
    [{ version: 2 }, "They have version 2, but this program reads version 1. Record them again"],
    [{ version: 1, operations: [] }, '"operations" is not allowed'],
    [null, "The value must be an object, but is null"],
    [{ version: 1, messages: { "n0 -> n1": { 1: [-1] } } }, '"messages.n0 -> n1.1.0"'],
    [{ version: 1, draws: { delays: { "timers n0": [0.5] } } }, '"draws.delays'],
  ])("are refused if they are %j", (value, reason) => {
    expect(() => parseDecisions(value)).toThrow(reason);
  });
});

function requireMain(decisions: Decisions) {
  const { main } = decisions;
  if (main === undefined) throw new Error("The decisions have no main phase");
  return { main };
}
