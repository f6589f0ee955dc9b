/**
 * The gossiper alone, on a few nodes and under much worse faults than the workbench's. SEEDS=10000
 * tries that many seeds.
 *
 * Simulations of the workbench cannot show two things, because their clients never stop: that nodes
 * become equal when no new value follows, and that they are silent from then on.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { NodeId, Random } from "../../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../../lib/vortex/random.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { nodeNames } from "../../../lib/workbench/run/test-options.ts";
import { simulationSeeds } from "../../support/seeds.ts";
import { GossiperCluster } from "./gossiper-cluster.ts";

setDefaultTimeout(3_600_000);

const FAULTS_MS = 8000;
const RECOVERY_MS = 10_000;
const SILENCE_MS = 30_000;
/** Time between two looks at invariants between nodes, in ms. */
const CHECK_MS = 250;

type Fault = "cut" | "split" | "loss" | "duplicate" | "late" | "pause" | "kill" | "heal";
const NOT_KILL: readonly Fault[] = ["cut", "split", "loss", "duplicate", "late", "pause", "heal"];

/** Causes faults at random. */
class Trouble {
  readonly #random: Random;
  readonly #ids: readonly NodeId[];
  readonly #latencyMs: number;
  readonly #cut = new Set<string>();
  #lossPart = 0;
  #duplicatePart = 0;
  #latePart = 0;
  readonly cluster: GossiperCluster;
  valueCount = 0;
  sentCount = 0;
  /** Number of faults that took effect: on a message, or on a node. */
  effectCount = 0;

  constructor(seed: number) {
    this.#random = randomStream(seed, "gossip");
    this.#ids = nodeNames(pickOne(this.#random, [2, 3, 4, 5, 7]));
    const flushMs = pickOne(this.#random, [50, 420, 1500]);
    this.#latencyMs = pickOne(this.#random, [0, 1, 10, 100, 300]);
    this.cluster = new GossiperCluster({ ids: this.#ids, flushMs });
    this.cluster.route = () => this.#route();
    this.cluster.filter = ({ src, dest }) => {
      const arrives = !this.#cut.has(`${src} ${dest}`);
      if (!arrives) this.effectCount++;
      return arrives;
    };
  }

  /** Adds values while faults happen; ends without faults, with all nodes up. */
  run(faults: readonly Fault[]): void {
    const quietMs = pickOne(this.#random, [FAULTS_MS / 4, FAULTS_MS]);
    const ratePerS = pickOne(this.#random, [1, 5, 20]);
    for (let atMs = 0; atMs < quietMs; atMs += (2000 * this.#random.next()) / ratePerS) {
      this.cluster.after(atMs, () => this.#add());
    }
    for (let atMs = 500; atMs < FAULTS_MS; atMs += 200 + 1200 * this.#random.next()) {
      this.cluster.after(atMs, () => this.#cause(pickOne(this.#random, faults)));
    }
    this.advance(FAULTS_MS);
    this.#cause("heal");
    for (const id of this.#ids) this.cluster.raise(id);
  }

  advance(ms: number): void {
    for (let leftMs = ms; leftMs > 0; leftMs -= CHECK_MS) {
      this.cluster.advance(Math.min(leftMs, CHECK_MS));
      this.cluster.expectSettled();
    }
  }

  #add(): void {
    if (this.cluster.add(pickOne(this.#random, this.#ids), this.valueCount)) this.valueCount++;
  }

  #route(): number[] {
    this.sentCount++;
    const isLost = this.#random.next() < this.#lossPart;
    const isDuplicated = this.#random.next() < this.#duplicatePart;
    if (isLost || isDuplicated) this.effectCount++;
    return Array.from({ length: isLost ? 0 : isDuplicated ? 2 : 1 }, () => {
      if (this.#random.next() >= this.#latePart) return this.#latencyMs;
      this.effectCount++;
      return FAULTS_MS * this.#random.next();
    });
  }

  #cause(fault: Fault): void {
    const id = pickOne(this.#random, this.#ids);
    switch (fault) {
      case "heal":
        this.#cut.clear();
        this.#lossPart = this.#duplicatePart = this.#latePart = 0;
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
        this.#duplicatePart = 0.5;
        return;
      case "late":
        this.#latePart = 0.3;
        return;
      case "pause":
      case "kill": {
        this.effectCount++;
        if (fault === "kill") this.cluster.kill(id);
        else this.cluster.pause(id);
        const incarnation = this.cluster.incarnationOf(id);
        this.cluster.after(randomInteger(this.#random, 2000), () => {
          if (this.cluster.incarnationOf(id) === incarnation) this.cluster.raise(id);
        });
        return;
      }
      default:
        throw new Error("Unexpected fault", { cause: fault satisfies never });
    }
  }
}

interface Outcome {
  /** Violations after the faults. */
  readonly problems: readonly string[];
  readonly hadEffect: boolean;
}

function tryFaults(seed: number, faults: readonly Fault[]): Outcome {
  const trouble = new Trouble(seed);
  const { cluster } = trouble;
  try {
    trouble.run(faults);
    // A killed node takes with it what it had not passed on; a value that a living node shows stays.
    const expected = faults.includes("kill")
      ? new Set(cluster.values().flat())
      : new Set(Array.from({ length: trouble.valueCount }, (_, index) => index));
    // Late messages are in flight for as long as the faults lasted.
    trouble.advance(FAULTS_MS + RECOVERY_MS);
    const missing = cluster
      .values()
      .map((values) => [...expected].filter((value) => !values.includes(value)));
    trouble.advance(RECOVERY_MS);
    const { sentCount } = trouble;
    trouble.advance(SILENCE_MS);
    const noise = trouble.sentCount - sentCount;
    return {
      problems: [
        ...missing.flatMap((values, index) =>
          values.length === 0 ? [] : [`seed ${seed}: n${index} lacks ${values.slice(0, 5)}`],
        ),
        ...(noise === 0 ? [] : [`seed ${seed}: ${noise} messages though nothing is new`]),
      ],
      hadEffect: trouble.effectCount > 0,
    };
  } catch (error) {
    return { problems: [`seed ${seed}: ${error}`], hadEffect: true };
  }
}

describe("Gossiper", () => {
  test.each<[string, readonly Fault[]]>([
    ["after partitions, loss, duplication, delay, and pauses", NOT_KILL],
    ["though nodes were killed too, and came back empty", [...NOT_KILL, "kill", "kill"]],
  ])("keeps its invariants, and ends equal and silent, %s", (_when, faults) => {
    const outcomes = simulationSeeds(200).map((seed) => tryFaults(seed, faults));
    expect(outcomes.flatMap(({ problems }) => problems)).toEqual([]);
    const effective = outcomes.filter(({ hadEffect }) => hadEffect).length;
    expect(effective).toBeGreaterThan(0.9 * outcomes.length);
  });
});
