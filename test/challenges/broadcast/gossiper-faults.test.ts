/**
 * The algorithm of broadcast alone, a few nodes under every fault, much worse ones than the
 * workbench's: SEEDS=10000 tries that many seeds.
 *
 * What simulations of the workbench cannot show, for their clients go on to the end: that nodes are
 * equal though nobody has anything new to say, and that they are silent then.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Gossiper } from "../../../challenges/broadcast/gossiper.ts";
import type { Outgoing } from "../../../challenges/broadcast/messages.ts";
import { type NodeId, parseJson, stringifyJson } from "../../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../../lib/vortex/random.ts";
import { Scheduler } from "../../../lib/workbench/clusters/scheduler.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { nodeNames } from "../../../lib/workbench/run/test-options.ts";
import { simulationSeeds } from "../../support/seeds.ts";

setDefaultTimeout(3_600_000);

const FAULTS_MS = 8000;
const RECOVERY_MS = 10_000;
const SILENCE_MS = 30_000;

type Fault = "cut" | "split" | "loss" | "duplicate" | "late" | "pause" | "kill" | "heal";
const NOT_KILL: readonly Fault[] = ["cut", "split", "loss", "duplicate", "late", "pause", "heal"];

/** A start of a node: its clock begins with it. */
interface Start {
  readonly gossiper: Gossiper;
  readonly beganMs: number;
  state: "up" | "paused" | "down";
  readonly waiting: (() => void)[];
}

/** Some nodes, and a network with faults. */
class Group {
  readonly #random;
  readonly #scheduler = new Scheduler();
  readonly #ids: readonly NodeId[];
  readonly #flushMs: number;
  readonly #latencyMs: number;
  readonly #starts = new Map<NodeId, Start>();
  readonly #cut = new Set<string>();
  #lossPart = 0;
  #twicePart = 0;
  #latePart = 0;
  #startCount = 0;
  givenCount = 0;
  sentCount = 0;
  /** How many messages did not arrive, or not once, or late, and how many nodes stopped. */
  disturbedCount = 0;

  constructor(seed: number) {
    this.#random = randomStream(seed, "gossip");
    this.#ids = nodeNames(pickOne(this.#random, [2, 3, 4, 5, 7]));
    this.#flushMs = pickOne(this.#random, [50, 420, 1500]);
    this.#latencyMs = pickOne(this.#random, [0, 1, 10, 100, 300]);
    for (const id of this.#ids) this.#start(id);
  }

  /** Gives nodes values, and disturbs them; ends without faults, all nodes up. */
  disturb(faults: readonly Fault[]): void {
    const endMs = this.#scheduler.nowMs() + FAULTS_MS;
    const quietMs = pickOne(this.#random, [FAULTS_MS / 4, FAULTS_MS]);
    const ratePerS = pickOne(this.#random, [1, 5, 20]);
    for (let atMs = 0; atMs < quietMs; atMs += (2000 * this.#random.next()) / ratePerS) {
      this.#scheduler.after(atMs, () => this.#give());
    }
    for (let atMs = 500; atMs < FAULTS_MS; atMs += 200 + 1200 * this.#random.next()) {
      this.#scheduler.after(atMs, () => this.#cause(pickOne(this.#random, faults)));
    }
    this.#runUntil(endMs);
    this.#cause("heal");
    for (const id of this.#ids) this.#raise(id);
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.#runUntil(this.#scheduler.nowMs() + ms);
  }

  /** What each node shows. */
  shown(): (readonly unknown[])[] {
    return this.#ids.map((id) => this.#startOf(id).gossiper.values.asArray());
  }

  #runUntil(endMs: number): void {
    let isOver = false;
    this.#scheduler.after(endMs - this.#scheduler.nowMs(), () => {
      isOver = true;
    });
    while (!isOver) this.#scheduler.step();
  }

  #start(id: NodeId): void {
    const start = `${id}~${this.#startCount++}`;
    const gossiper = new Gossiper({
      id,
      nodeIds: this.#ids,
      incarnation: start,
      flushMs: this.#flushMs,
      nowMs: 0,
    });
    const beganMs = this.#scheduler.nowMs();
    this.#starts.set(id, { gossiper, beganMs, state: "up", waiting: [] });
    this.#step(id);
  }

  #startOf(id: NodeId): Start {
    const start = this.#starts.get(id);
    if (start === undefined) throw new Error(`There is no ${id}`);
    return start;
  }

  #give(): void {
    const id = pickOne(this.#random, this.#ids);
    const { gossiper, state, beganMs } = this.#startOf(id);
    if (state !== "up") return;
    gossiper.add(this.givenCount++);
    gossiper.unmute(this.#scheduler.nowMs() - beganMs);
    this.#step(id);
  }

  #step(id: NodeId): void {
    const start = this.#startOf(id);
    const { gossiper, beganMs, state } = start;
    if (state !== "up") return;
    const nowMs = this.#scheduler.nowMs() - beganMs;
    const { messages, nextStepMs } = gossiper.step(nowMs);
    for (const message of messages) this.#send(id, message);
    if (nextStepMs === Number.POSITIVE_INFINITY) return;
    this.#scheduler.after(nextStepMs - nowMs, () => {
      if (this.#startOf(id) === start) this.#step(id);
    });
  }

  #send(src: NodeId, { dest, body }: Outgoing): void {
    this.sentCount++;
    const text = stringifyJson(body);
    const isLost = this.#random.next() < this.#lossPart;
    const isTwice = this.#random.next() < this.#twicePart;
    if (isLost || isTwice) this.disturbedCount++;
    for (let copies = isLost ? 0 : isTwice ? 2 : 1; copies > 0; copies--) {
      const isLate = this.#random.next() < this.#latePart;
      if (isLate) this.disturbedCount++;
      const delayMs = isLate ? FAULTS_MS * this.#random.next() : this.#latencyMs;
      this.#scheduler.after(delayMs, () => {
        if (this.#cut.has(`${src} ${dest}`)) this.disturbedCount++;
        else this.#deliver(src, dest, text);
      });
    }
  }

  #deliver(src: NodeId, dest: NodeId, text: string): void {
    const { gossiper, beganMs, state, waiting } = this.#startOf(dest);
    if (state === "down") return;
    if (state === "paused") {
      waiting.push(() => this.#deliver(src, dest, text));
      return;
    }
    const nowMs = this.#scheduler.nowMs() - beganMs;
    gossiper.receive(src, parseJson(text) as never, nowMs);
    gossiper.unmute(nowMs);
    this.#step(dest);
  }

  #cause(fault: Fault): void {
    const id = pickOne(this.#random, this.#ids);
    switch (fault) {
      case "heal":
        this.#cut.clear();
        this.#lossPart = this.#twicePart = this.#latePart = 0;
        return;
      case "cut":
        this.#cut.add(`${id} ${pickOne(this.#random, this.#ids)}`);
        return;
      case "split": {
        const side = new Set(this.#ids.filter(() => this.#random.next() < 0.5));
        for (const src of this.#ids) {
          for (const dest of this.#ids) {
            if (side.has(src) !== side.has(dest)) this.#cut.add(`${src} ${dest}`);
          }
        }
        return;
      }
      case "loss":
        this.#lossPart = this.#random.next() / 2;
        return;
      case "duplicate":
        this.#twicePart = 0.5;
        return;
      case "late":
        this.#latePart = 0.3;
        return;
      case "pause":
      case "kill": {
        this.disturbedCount++;
        const start = this.#startOf(id);
        start.state = fault === "kill" ? "down" : "paused";
        this.#scheduler.after(randomInteger(this.#random, 2000), () => {
          if (this.#startOf(id) === start) this.#raise(id);
        });
        return;
      }
      default:
        throw new Error("Unexpected fault", { cause: fault satisfies never });
    }
  }

  /** Lets a node that stands still go on, or starts it anew if it was killed. */
  #raise(id: NodeId): void {
    const start = this.#startOf(id);
    if (start.state === "down") this.#start(id);
    if (start.state !== "paused") return;
    start.state = "up";
    this.#step(id);
    for (const deliver of start.waiting.splice(0)) deliver();
  }
}

interface Outcome {
  /** What was wrong after the faults. */
  readonly problems: readonly string[];
  readonly isDisturbed: boolean;
}

function disturb(seed: number, faults: readonly Fault[]): Outcome {
  const group = new Group(seed);
  group.disturb(faults);
  // What only a killed node knew is lost; what a living one shows is not.
  const kept = faults.includes("kill")
    ? new Set(group.shown().flat())
    : new Set(Array.from({ length: group.givenCount }, (_, index) => index));
  // Messages that are late are under way for as long as there were faults.
  group.pass(FAULTS_MS + RECOVERY_MS);
  const lacking = group.shown().map((values) => [...kept].filter((one) => !values.includes(one)));
  group.pass(RECOVERY_MS);
  const sentCount = group.sentCount;
  group.pass(SILENCE_MS);
  const noise = group.sentCount - sentCount;
  return {
    problems: [
      ...lacking.flatMap((values, index) =>
        values.length === 0 ? [] : [`seed ${seed}: n${index} lacks ${values.slice(0, 5)}`],
      ),
      ...(noise === 0 ? [] : [`seed ${seed}: ${noise} messages though nothing is new`]),
    ],
    isDisturbed: group.disturbedCount > 0,
  };
}

describe("Gossiper", () => {
  test.each<[string, readonly Fault[]]>([
    ["after partitions, loss, repetition, delay, and pauses", NOT_KILL],
    ["though nodes were killed besides, and came back empty", [...NOT_KILL, "kill", "kill"]],
  ])("is equal and silent %s", (_when, faults) => {
    const outcomes = simulationSeeds(200).map((seed) => disturb(seed, faults));
    expect(outcomes.flatMap(({ problems }) => problems)).toEqual([]);
    const disturbedCount = outcomes.filter(({ isDisturbed }) => isDisturbed).length;
    expect(disturbedCount).toBeGreaterThan(0.9 * outcomes.length);
  });
});
