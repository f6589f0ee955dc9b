/** A simulated run, as it is shown at each moment. */
import { describe, expect, test } from "bun:test";
import { groupsOf } from "../../../../../../lib/workbench/nemesis/cut-groups.ts";
import {
  conditionAt,
  conditionsOf,
  isCut,
} from "../../../../../../lib/workbench/play/page/watch/conditions.ts";
import {
  describeEvent,
  EVENT_KINDS,
  EventIndex,
  type EventKind,
} from "../../../../../../lib/workbench/play/page/watch/event-index.ts";
import { placesOf } from "../../../../../../lib/workbench/play/page/watch/places.ts";
import { Playhead } from "../../../../../../lib/workbench/play/page/watch/playhead.ts";
import type { Run } from "../../../../../../lib/workbench/report/page/run/run.ts";
import { gSet } from "../../../../../programs/g-set.ts";
import { watchedRun } from "../../../../../support/play/watched-run.ts";

const { run, history } = watchedRun("g-set", gSet, {
  ...{ nodeCount: 4, concurrency: 8, rate: 40, timeLimitS: 4, recoveryS: 2, seed: 2 },
  ...{ nemesis: ["partition", "kill", "duplicate"], nemesisIntervalS: 0.8 },
  latency: { meanMs: 20, distribution: "exponential" },
});
const conditions = conditionsOf(history, run.header.tickNs);
const events = new EventIndex(run, conditions);

describe("The events of a run", () => {
  const all = Array.from({ length: events.length }, (_, position) => events.at(position));

  test("are in the order of time, each once", () => {
    const counts = Object.groupBy(all, (event) => event?.kind ?? "none");
    expect(all.every((event, index) => (event?.time ?? 0) >= (all[index - 1]?.time ?? -1e9))).toBe(
      true,
    );
    expect(counts["none"]).toBeUndefined();
    expect(counts["send"]).toHaveLength(run.messageCount);
    const arrivedCount = run.messageCount - run.lost.length + run.columns.duplicateOf.length;
    expect(run.columns.duplicateOf.length).toBeGreaterThan(0);
    expect(counts["receive"]).toHaveLength(arrivedCount);
    expect(counts["invoke"]).toHaveLength(run.operationCount);
    expect(counts["fault"]).toHaveLength(conditions.length);
    for (const kind of EVENT_KINDS) {
      const rows = counts[kind]?.map((event) => event?.row) ?? [];
      if (kind !== "receive") expect(new Set(rows).size).toBe(rows.length);
    }
  });

  test("of one moment follow their reasons: what is sent arrives, an operation ends with its last message", () => {
    const positions = new Map(all.map((event, index) => [`${event?.kind} ${event?.row}`, index]));
    const at = (kind: EventKind, row: number) => positions.get(`${kind} ${row}`);
    let instantCount = 0;
    for (let row = 0; row < run.messageCount; row++) {
      const [sent = 0, arrived] = [at("send", row), at("receive", row)];
      if (arrived === undefined) continue;
      if (run.columns.messageFlight[row] === 0) instantCount++;
      expect(arrived).toBeGreaterThan(sent);
      const operation = (run.columns.messageOperation[row] ?? 0) - 1;
      if (operation < 0) continue;
      expect(sent).toBeGreaterThan(at("invoke", operation) ?? 0);
      const completed = at("complete", operation);
      const isLate = (all[arrived]?.time ?? 0) > (all[completed ?? 0]?.time ?? 0);
      if (completed !== undefined && !isLate) expect(arrived).toBeLessThan(completed);
    }
    expect(instantCount).toBeGreaterThan(100);
  });

  test("are described", () => {
    for (const event of all) {
      if (event !== undefined) expect(describeEvent(run, conditions, event)).not.toBe("");
    }
  });

  test("of the nemesis are described in words, without the names of its operations", () => {
    const texts = conditions.map(({ text }) => text).join("\n");
    expect(texts).not.toMatch(/start-|stop-/);
    expect(texts).toMatch(/^partition starts: n\d.* \| n\d/m);
    expect(texts).toContain("partition ends: healed");
    expect(texts).toMatch(/^n\d( n\d)* killed$/m);
    expect(texts).toMatch(/^n\d( n\d)* started$/m);
  });

  test("are found by time", () => {
    for (const time of [run.begin - 1, run.begin, 0, 1e6, 1e6 + 0.5, run.end]) {
      const expected = all.findLastIndex((event) => (event?.time ?? 0) <= time);
      expect(events.lastAt(time)).toBe(expected);
    }
  });
});

describe("The playhead", () => {
  const { begin, end, tickMs } = run;
  const scope = { events, begin, end, tickMs };

  test("goes from event to event, and back, and stops at the ends", () => {
    const playhead = new Playhead(scope);
    playhead.seek(1e6);
    const position = playhead.position;
    for (let count = 0; count < 50; count++) playhead.step(1);
    expect(playhead.position).toBe(position + 50);
    expect(playhead.time).toBe(events.at(position + 50)?.time ?? 0);
    for (let count = 0; count < 50; count++) playhead.step(-1);
    expect(playhead.position).toBe(position);
    playhead.seek(end);
    playhead.step(1);
    expect(playhead.position).toBe(events.length - 1);
    playhead.seek(begin);
    for (let count = 0; count < 20; count++) playhead.step(-1);
    expect(playhead.position).toBe(-1);
  });

  test("plays at the chosen speed until the end, and then from the beginning", () => {
    const playhead = new Playhead(scope);
    playhead.seek(0);
    playhead.advance(1000);
    expect(playhead.time).toBe(0);
    playhead.setSpeed(0.01);
    playhead.play();
    playhead.advance(1000);
    expect(playhead.time * tickMs).toBeCloseTo(10);
    playhead.setSpeed(1000);
    playhead.advance(1000);
    expect([playhead.time, playhead.isPlaying]).toEqual([end, false]);
    playhead.play();
    expect(playhead.time).toBe(Math.max(0, begin));
  });

  test("keeps its time when another run is shown", () => {
    const playhead = new Playhead(scope);
    playhead.seek(2e6);
    playhead.follow({ ...scope, end: 3e6 });
    expect(playhead.time).toBe(2e6);
    playhead.follow({ ...scope, end: 1e6 });
    expect(playhead.time).toBe(1e6);
  });
});

describe("The condition of nodes and links", () => {
  const doneAt = (pick: (value: unknown) => boolean) => {
    const index = history.findIndex(({ process, value }) => process === "nemesis" && pick(value));
    return (history[index]?.time ?? Number.NaN) / run.header.tickNs;
  };

  test("has the nodes that are down, until they have started", () => {
    const isKill = (value: unknown) => JSON.stringify(value)?.includes('"killed"') ?? false;
    const time = doneAt(isKill);
    expect(conditionAt(conditions, time - 1).down.size).toBe(0);
    expect(conditionAt(conditions, time + 1).down.size).toBeGreaterThan(0);
    expect(conditionAt(conditions, run.end).down.size).toBe(0);
  });

  test("has the links that are cut, until they are healed", () => {
    const time = doneAt((value) => Array.isArray(value) && value[0] === "isolated");
    const nodes = ["n0", "n1", "n2", "n3"];
    const groupsAt = (at: number) =>
      groupsOf(nodes, (src, dest) => isCut(conditionAt(conditions, at), src, dest));
    expect(groupsAt(time - 1)).toEqual([nodes]);
    expect(groupsAt(time + 1)).not.toEqual([nodes]);
    expect(groupsAt(run.end)).toEqual([nodes]);
  });
});

describe("Places", () => {
  test("of nodes are apart from each other, and of clients beside their nodes", () => {
    const places = placesOf(run);
    const at = (name: string) => places[laneOf(run, name)] ?? { x: 0, y: 0 };
    const distance = (one: string, other: string) =>
      Math.hypot(at(one).x - at(other).x, at(one).y - at(other).y);
    expect(distance("n0", "n1")).toBeGreaterThan(0.3);
    for (const thread of [0, 1, 5]) {
      expect(distance(`client ${thread}`, `n${thread % 4}`)).toBeLessThan(0.3);
    }
    expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(places.length);
    for (const { x, y } of places) for (const value of [x, y]) expect(value).toBeWithin(0, 1);
  });

  test("groups are partitions only if all links between them are cut", () => {
    const groups = (...cut: string[]) =>
      groupsOf(["a", "b", "c"], (src, dest) => cut.includes(src + dest));
    expect(groups("ac", "ca", "bc", "cb")).toEqual([["a", "b"], ["c"]]);
    expect(groups("ac", "bc")).toBeUndefined();
    expect(groups("ac", "ca")).toBeUndefined();
  });
});

function laneOf({ header }: Run, lane: string): number {
  return header.lanes.findIndex(({ name }) => name === lane);
}
