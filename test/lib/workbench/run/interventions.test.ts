/** Changes of a run by hand: a message that is lost, a node that is killed, a link that is cut. */
import { describe, expect, test } from "bun:test";
import { parseJson, stringifyJson } from "../../../../lib/vortex/index.ts";
import {
  type Decisions,
  type Intervention,
  linkName,
  parseDecisions,
} from "../../../../lib/workbench/decisions.ts";
import type { JournalEvent } from "../../../../lib/workbench/network/journal.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import type { WorkloadName } from "../../../../lib/workbench/workloads/index.ts";
import { gSet } from "../../../programs/g-set.ts";
import { simulationSeeds } from "../../../support/seeds.ts";
import { challenge } from "../../../support/simulations/challenges.ts";
import { doneBy } from "../../../support/simulations/nemeses.ts";
import {
  runSimulated,
  type Simulated,
  type SimulatedOptions,
} from "../../../support/simulations/simulate.ts";

const OPTIONS: SimulatedOptions = {
  ...{ nodeCount: 3, concurrency: 3, rate: 40, timeLimitS: 3, recoveryS: 2 },
  latency: { meanMs: 10, distribution: "exponential" },
};

interface Subject {
  readonly workload: WorkloadName;
  readonly options: SimulatedOptions;
}

const G_SET: Subject = { workload: "g-set", options: OPTIONS };

function run({ workload, options }: Subject, decisions?: Decisions) {
  const remarks: string[] = [];
  let recorded: Decisions | undefined;
  const program = workload === "g-set" ? gSet : challenge(workload);
  const simulated = runSimulated(workload, program, options, {
    decisions,
    ...(decisions === undefined
      ? {}
      : {
          onDecisions: (all) => {
            recorded = all;
          },
        }),
    onRemark: (text) => void remarks.push(text),
  });
  return { ...simulated, remarks, recorded };
}

/** The run, with interventions. */
function whatIf(subject: Subject, ...interventions: Intervention[]) {
  return run(subject, { version: 1, base: "seed", interventions });
}

const textOf = (parts: readonly unknown[]) => parts.map((part) => stringifyJson(part)).join("\n");

/** Number of events while the nodes start, whose times count from the start of the test. */
const STARTING = 12;

/** The messages and operations as text; only those before a time, if one is given. */
function bytesOf({ history, messages }: Simulated, beforeNs = Number.POSITIVE_INFINITY): string {
  return textOf([
    ...messages.filter(({ time }, index) => index < STARTING || time < beforeNs),
    ...history.filter(({ time }) => time < beforeNs),
  ]);
}

/** The messages between servers, each with its number on its link. */
function numbered(messages: readonly JournalEvent[]) {
  const counts = new Map<string, number>();
  return messages.flatMap(({ type, time, message }) => {
    if (type !== "send") return [];
    const link = linkName(message.src, message.dest);
    const number = counts.get(link) ?? 0;
    counts.set(link, number + 1);
    return [{ link, number, time, id: message.id }];
  });
}

const SUBJECTS: readonly Subject[] = [
  G_SET,
  { workload: "broadcast", options: { ...OPTIONS, nemesis: ["partition", "kill", "pause"] } },
  { workload: "lin-kv", options: { ...OPTIONS, nemesis: ["kill"], concurrency: 6 } },
  { workload: "kafka", options: { ...OPTIONS, nemesis: ["partition"] } },
  { workload: "g-counter", options: { ...OPTIONS, nemesis: ["pause", "duplicate", "loss"] } },
];

describe.each(SUBJECTS)("A run of $workload", (subject) => {
  test.each(simulationSeeds(3))(
    "is the same until an intervention takes effect: seed %d",
    (seed) => {
      const seeded = { ...subject, options: { ...subject.options, nemesisIntervalS: 0.7, seed } };
      const random = randomStream(seed, "interventions");
      const plain = run(seeded);
      const sends = numbered(plain.messages).filter(({ time }) => time > 0);
      for (const kind of ["drop", "delay", "duplicate", "kill", "pause", "cut"] as const) {
        const sent = sends[Math.floor(random.next() * sends.length)];
        if (sent === undefined) throw new Error("The run has no messages");
        const { link, number, time } = sent;
        const node = `n${Math.floor(random.next() * 3)}`;
        const links = [`${node} -> n0`, `n1 -> ${node}`, `${node} -> lin-kv`];
        const intervention: Intervention =
          kind === "drop"
            ? { do: kind, link, number }
            : kind === "delay" || kind === "duplicate"
              ? { do: kind, link, number, byNs: 3e7 }
              : kind === "cut"
                ? { do: kind, atNs: time, links }
                : { do: kind, atNs: time, node };
        const changed = whatIf(seeded, intervention);
        expect(bytesOf(changed, time)).toBe(bytesOf(plain, time));
        // A message that is late or comes twice may find its receiver dead in any case.
        const mayBeInVain = kind === "delay" || kind === "duplicate";
        if (!mayBeInVain) expect(bytesOf(changed)).not.toBe(bytesOf(plain));
        expect(changed.remarks).toEqual([]);
        const again = whatIf(seeded, intervention);
        expect(bytesOf(again)).toBe(bytesOf(changed));
        // All that was decided in it gives it again, without the run that came first.
        expect(bytesOf(run(seeded, fromFile(changed.recorded)))).toBe(bytesOf(changed));
      }
      expect(bytesOf(whatIf(seeded))).toBe(bytesOf(plain));
    },
  );
});

function fromFile(decisions: Decisions | undefined): Decisions {
  return parseDecisions(parseJson(stringifyJson(decisions)));
}

describe("An intervention", () => {
  const plain = run(G_SET);
  const sends = numbered(plain.messages);
  const between = sends.find(({ link, time }) => link === "n0 -> n1" && time > 1e9);
  const request = sends.find(({ link, time }) => /^c\d+ -> n1/.test(link) && time > 1e9);
  if (between === undefined || request === undefined) throw new Error("The run is too short");

  /** The events of a message after it was sent, with the time in ms since then. */
  const endsOf = ({ messages }: Simulated, id: number) => {
    const [sent, ...ends] = messages.filter(({ message }) => message.id === id);
    return ends.map(({ type, time }) => [type, (time - (sent?.time ?? 0)) / 1e6] as const);
  };
  const [[, latencyMs] = ["", 0]] = endsOf(plain, between.id);

  test.each([between, request])("drops a message: %j", ({ link, number, id }) => {
    const { messages, remarks } = whatIf(G_SET, { do: "drop", link, number });
    const [, dropped, ...others] = messages.filter(({ message }) => message.id === id);
    expect(dropped).toMatchObject({ type: "drop", reason: "intervention" });
    expect(others).toEqual([]);
    expect(remarks).toEqual([]);
  });

  test("delays a message, and no other one to its receiver", () => {
    const { link, number, id, time } = between;
    const changed = whatIf(G_SET, { do: "delay", link, number, byNs: 5e8 });
    const [[type, lateMs] = ["", 0], ...others] = endsOf(changed, id);
    expect([type, others]).toEqual(["recv", []]);
    // Its latency may have been longer, behind another message.
    expect(lateMs - 500).toBeWithin(0, 40);
    const arrivals = changed.messages.filter(
      ({ type, message, time: at }) =>
        type === "recv" && message.dest === "n1" && at > time && at < time + 4e8,
    );
    expect(arrivals.length).toBeGreaterThan(2);
  });

  test("delivers a message twice", () => {
    const { link, number, id } = between;
    const changed = whatIf(G_SET, { do: "duplicate", link, number, byNs: 2e8 });
    const [one, other] = endsOf(changed, id);
    expect([one?.[0], other?.[0]]).toEqual(["recv", "recv"]);
    expect(one?.[1]).toBe(latencyMs);
    expect((other?.[1] ?? 0) - latencyMs).toBeCloseTo(200, -1);
  });

  test("delays a message of a client", () => {
    const { link, number, id } = request;
    const [[, lateMs] = ["", 0]] = endsOf(
      whatIf(G_SET, { do: "delay", link, number, byNs: 7e7 }),
      id,
    );
    expect(lateMs).toBeCloseTo(70, -1);
  });

  test("kills, restarts, pauses and resumes nodes, and is in the history", () => {
    const { history } = whatIf(
      G_SET,
      { do: "kill", atNs: 1e9, node: "n1" },
      { do: "restart", atNs: 15e8, node: "n1" },
      { do: "pause", atNs: 16e8, node: "n2" },
      { do: "resume", atNs: 2e9, node: "n2" },
    );
    expect(history.filter(({ process }) => process === "nemesis")).toMatchObject([
      { time: 1e9, f: "start-kill-n1", value: null },
      { time: 1e9, f: "start-kill-n1", value: { n1: "killed" } },
      { time: 15e8, f: "stop-kill-n1", value: null },
      { f: "stop-kill-n1", value: { n1: "started" } },
      { time: 16e8, f: "start-pause-n2", value: null },
      { time: 16e8, f: "start-pause-n2", value: { n2: "paused" } },
      { time: 2e9, f: "stop-pause-n2", value: null },
      { time: 2e9, f: "stop-pause-n2", value: { n2: "resumed" } },
    ]);
  });

  test("cuts links until they are healed", () => {
    const { messages } = whatIf(
      G_SET,
      { do: "cut", atNs: 1e9, links: ["n0 -> n1", "n2 -> n1"] },
      { do: "heal", atNs: 2e9 },
    );
    const cut = messages.filter((event) => event.type === "drop" && event.reason === "partition");
    expect(cut.length).toBeGreaterThan(2);
    for (const { message, time } of cut) {
      expect(message.dest).toBe("n1");
      expect(time).toBeWithin(1e9, 2e9 + 1);
    }
  });

  test("is undone before the final operations", () => {
    const { history } = whatIf(
      G_SET,
      { do: "kill", atNs: 1e9, node: "n1" },
      { do: "pause", atNs: 1e9, node: "n2" },
      { do: "cut", atNs: 1e9, links: ["n0 -> n2"] },
    );
    const done = doneBy(history).slice(3);
    expect(done.map(({ f, value }) => [f, value])).toEqual([
      ["stop-kill-n1", { n1: "started" }],
      ["stop-pause-n2", { n2: "resumed" }],
      ["stop-cut", "network-healed"],
    ]);
    const healedAt = done.at(-1)?.time ?? 0;
    const reads = history.filter(({ time, type }) => time > healedAt && type === "ok");
    expect(reads.map(({ node }) => node).sort()).toEqual(["n0", "n1", "n2"]);
  });

  test("restarts a node that the nemesis has killed, which the nemesis then leaves alone", () => {
    const subject: Subject = {
      ...G_SET,
      options: { ...OPTIONS, nemesis: ["kill"], nemesisIntervalS: 1 },
    };
    const before = run(subject);
    const [kill] = doneBy(before.history, "start-kill");
    const [node = "", ...others] = Object.keys(kill?.value ?? {});
    const atNs = (kill?.time ?? 0) + 1e6;
    const { history, remarks } = whatIf(subject, { do: "restart", atNs, node });
    expect(doneBy(history, `stop-kill-${node}`)).toMatchObject([{ value: { [node]: "started" } }]);
    const next = doneBy(history, "stop-kill").find(({ time }) => time > atNs);
    expect(next?.value).toEqual(Object.fromEntries(others.map((other) => [other, "started"])));
    expect(remarks).toEqual([]);
  });

  test("that fits nothing is counted in a remark", () => {
    const { remarks } = whatIf(
      G_SET,
      { do: "drop", link: "n0 -> n1", number: 1e6 },
      { do: "kill", atNs: 1e12, node: "n1" },
      { do: "kill", atNs: 1e9, node: "n9" },
      { do: "cut", atNs: 1e9, links: ["n8 -> n9", "n0->n1"] },
    );
    expect(remarks).toEqual([expect.stringContaining("4 decisions fit nothing")]);
  });

  test.each([
    [{ do: "kill", node: "n1" }, "atNs"],
    [{ do: "kill", atNs: Number.NaN, node: "n1" }, "atNs"],
    [{ do: "drop", link: "n0 -> n1", number: -1 }, "number"],
    [{ do: "explode", atNs: 1 }, "interventions"],
  ])("is refused if it is %j", (intervention, reason) => {
    const decisions = { version: 1, base: "seed", interventions: [intervention] };
    expect(() => parseDecisions(decisions)).toThrow(reason);
  });
});
