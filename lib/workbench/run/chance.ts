/**
 * Records what chance decides in a simulated run, or replays decisions.
 *
 * A run without it draws from streams that all nodes, links and clients share. With decisions, what they
 * do not cover is drawn from a stream of each part: an edit then leaves the draws of other parts alone.
 */
import type { Cancel, Clock, NodeId, Random } from "../../vortex/index.ts";
import type { Generator, GeneratorLike } from "../clients/generator.ts";
import {
  type DecidedOperation,
  type Decisions,
  type Fate,
  type FaultIntervention,
  linkName,
  type MessageIntervention,
} from "../decisions.ts";
import type { Operation } from "../history/history.ts";
import type { DeliveryOrder } from "../network/delivery.ts";
import type { DrawFate, MessageFates } from "../network/network.ts";
import { DecisionRecording } from "./decision-recording.ts";
import { afterExactly, ExactOrder, RANK_MS, Rank, roundedMs } from "./exact-time.ts";
import type { Exploration } from "./exploration.ts";
import { FaultDecisions } from "./fault-decisions.ts";
import { PartStreams } from "./part-streams.ts";
import { PlannedInterventions } from "./planned-interventions.ts";
import { Script } from "./script.ts";

export interface ChanceOptions {
  readonly seed: number;
  readonly concurrency: number;
  readonly nodeIds: readonly NodeId[];
  readonly timeLimitS: number;
  readonly recoveryS: number;
  /** The decisions to replay. Absent: what the seed decides is recorded. */
  readonly decisions: Decisions | undefined;
  /** Exact time. */
  readonly clock: Clock;
}

/** Time beyond that of its options that a phase has which a crash ended, in s. */
const CRASH_PHASE_S = 10;

/** Draws a delay, in ms. */
export type DrawDelay = (random: Random) => number;

/** The phases of a test, which the recorder marks. */
type Phase = "main" | "healing" | "final";

export class Chance implements MessageFates {
  /** Decides on what nemeses do. */
  readonly faults: FaultDecisions;
  readonly #options: ChanceOptions;
  readonly #decisions: Decisions | undefined;
  readonly #streams: PartStreams;
  readonly #recording = new DecisionRecording();
  readonly #scripts: Script[] = [];
  #unmatchedCount = 0;
  #matchedMessageCount = 0;
  #phase: Phase = "main";
  #recordsDelays: boolean;
  readonly #interventions: PlannedInterventions;
  /** The message that is being sent: its link and number, and its copies so far. */
  #sent: { readonly link: string; readonly number: number; copyCount: number } | undefined;

  constructor(options: ChanceOptions) {
    this.#options = options;
    this.#decisions = options.decisions;
    this.#streams = new PartStreams(options.seed);
    this.faults = new FaultDecisions({
      ...options,
      recording: this.#recording,
      streams: this.#streams,
    });
    this.#recordsDelays = options.decisions === undefined;
    this.#interventions = new PlannedInterventions(options);
  }

  /** Returns those changes of a search that decisions do not replace. */
  explore({ order, timers, nemesis, ...others }: Exploration = {}): Exploration {
    const { main, messages, exactLatencies } = this.#decisions ?? {};
    const { clock } = this.#options;
    const isDrawn = messages === undefined && order !== undefined;
    const isTimed = main === undefined && timers !== undefined;
    const isExact = messages !== undefined && exactLatencies === true;
    this.#recordsDelays ||= isTimed;
    this.faults.recordsWaits = main === undefined && nemesis !== undefined;
    if (isDrawn || isExact) this.#recording.hasExactLatencies = true;
    return {
      ...others,
      ...(isDrawn ? { order: this.#recordingOrder(order) } : {}),
      ...(isExact ? { order: new ExactOrder(clock) } : {}),
      ...(isTimed ? { timers } : {}),
      ...(nemesis === undefined
        ? {}
        : { nemesis: (definition) => nemesis(definition, main !== undefined) }),
    };
  }

  /** The decisions of the run. */
  get recorded(): Decisions {
    const { timeLimitS, recoveryS } = this.#options;
    const limitNs = Math.ceil((timeLimitS + recoveryS + CRASH_PHASE_S) * 1e9);
    return this.#recording.decisions(this.#decisions, limitNs);
  }

  /** The number of decisions that fitted nothing in the run. */
  get unmatchedCount(): number {
    // The run has taken another way: what would have come next does not.
    if (this.#interventions.count > 0) return this.#interventions.unmatchedCount;
    const links = Object.values(this.#decisions?.messages ?? {});
    const messageCount = links.reduce((sum, link) => sum + Object.keys(link).length, 0);
    const unscripted = this.#scripts.reduce((sum, { unmatchedCount }) => sum + unmatchedCount, 0);
    return this.#unmatchedCount + unscripted + messageCount - this.#matchedMessageCount;
  }

  /**
   * Decides on a delay, in ms.
   *
   * @param part The part whose delay it is. Absent: it need not be recorded.
   * @param leastMs Its part that is not chance: whole milliseconds.
   * @param meanMs What chance adds on average.
   * @param shared The stream of a run without decisions.
   */
  delayMs(
    part: string | undefined,
    leastMs: number,
    meanMs: number,
    draw: DrawDelay,
    shared: Random,
  ): number {
    if (this.#recordsDelays) {
      const delayMs = draw(this.#decisions === undefined ? shared : this.#streams.of(part ?? ""));
      if (part !== undefined)
        this.#recording.addDelay(part, Math.ceil(delayMs * 1e6) - leastMs * 1e6);
      return delayMs;
    }
    const delays = this.#decisions?.draws?.delays;
    if (delays === "mean") return leastMs + meanMs;
    const name = part ?? "timers generators";
    const decidedNs = delays?.[name]?.[this.#streams.nextNumber(name)];
    if (typeof decidedNs === "number") return leastMs + roundedMs(decidedNs / 1e6);
    return draw(this.#streams.of(name));
  }

  /** The name of the stream of a node's next start. */
  startName(node: NodeId, sharedCount: number): string {
    const key = `node ${node}`;
    if (this.#decisions === undefined) {
      this.#recording.addStart(key, sharedCount);
      return `${key}, start ${sharedCount}`;
    }
    const count = this.#streams.nextNumber(key);
    const decided = this.#decisions.draws?.starts?.[key]?.[count];
    return decided === undefined ? `${key}, own start ${count}` : `${key}, start ${decided}`;
  }

  fateOf(src: NodeId, dest: NodeId, meanMs: number, draw: DrawFate, shared: Random): Fate {
    const link = linkName(src, dest);
    const number = this.#streams.nextNumber(link);
    // An order takes the place of the usual latency.
    const ordinaryMs = this.#recording.hasExactLatencies ? 0 : meanMs;
    let fate: Fate;
    if (this.#decisions === undefined) {
      fate = draw(shared);
    } else {
      const { messages } = this.#decisions;
      const decided = messages?.[link]?.[number];
      if (decided !== undefined) this.#matchedMessageCount++;
      fate =
        decided?.map((latencyNs) => latencyNs / 1e6) ??
        (messages === undefined ? draw(this.#streams.of(link)) : [ordinaryMs]);
    }
    if (fate.length !== 1 || fate[0] !== ordinaryMs) this.#recording.addFate(link, number, fate);
    this.#sent = { link, number, copyCount: 0 };
    return fate;
  }

  interventionsOn(src: NodeId, dest: NodeId): readonly MessageIntervention[] {
    return this.#interventions.ofNext(linkName(src, dest));
  }

  /** Whether any intervention has taken effect so far. */
  get hasIntervened(): boolean {
    return this.#interventions.hasBegun;
  }

  /**
   * Calls back for each intervention at its time.
   *
   * @param zeroMs Clock zero.
   * @returns A function that leaves out those which are due later.
   */
  scheduleInterventions(zeroMs: number, act: (intervention: FaultIntervention) => void): Cancel {
    return this.#interventions.schedule(zeroMs, act);
  }

  /** Records the latencies that follow from an order. */
  #recordingOrder(order: DeliveryOrder): DeliveryOrder {
    const { clock } = this.#options;
    const rank = new Rank(clock);
    return {
      hold: (delivery, delayMs, release) => {
        if (this.#sent === undefined) throw new Error("A message was held that was not sent");
        const { link, number } = this.#sent;
        const copy = this.#sent.copyCount++;
        const sentMs = clock.nowMs();
        this.#recording.setLatency(link, number, copy, NEVER_MS);
        let isHeld = false;
        order.hold(delivery, delayMs, () => {
          const latencyNs = Math.round((clock.nowMs() - sentMs) * 1e6);
          const extraMs = isHeld ? rank.next() * RANK_MS : 0;
          this.#recording.setLatency(link, number, copy, latencyNs / 1e6 + extraMs);
          release();
        });
        isHeld = true;
      },
    };
  }

  /** The generators of the main phase, or those that replay it. */
  mainPhase(
    generators: readonly GeneratorLike[],
    nemesis: Generator,
    isFault: (f: string) => boolean,
  ): readonly GeneratorLike[] {
    const main = this.#decisions?.main;
    if (main === undefined) return [...generators, this.#mark("healing")];
    const script = this.#script({
      lengthNs: main.lengthNs,
      operations: this.#fitting(main.operations, isFault),
      isFinal: false,
      // Nemeses of users look at the history.
      onOperation: (operation) => nemesis.update?.(operation),
    });
    return [script, this.#mark("healing")];
  }

  /** The generators of the phase after the faults have healed, or those that replay it. */
  finalPhase(generators: readonly GeneratorLike[]): readonly GeneratorLike[] {
    const final = this.#decisions?.final;
    const begin = this.#mark("final");
    const end = this.#mark("end");
    if (final === undefined) return [begin, ...generators, end];
    const operations = this.#fitting(final.operations);
    return [begin, this.#script({ ...final, operations, isFinal: true }), end];
  }

  /** The node of the operation that a script has just emitted. */
  nodeOf(thread: number): NodeId | undefined {
    for (const script of this.#scripts) {
      const node = script.takeNode(thread);
      if (node !== undefined) return node;
    }
    return undefined;
  }

  /** The clock of the generators: exact while a script runs. */
  generatorClock(late: (part: string | undefined) => Clock): Clock {
    const { clock } = this.#options;
    const [unnamed, healing] = [late(undefined), late("timers healing")];
    return {
      nowMs: () => clock.nowMs(),
      after: (delayMs, callback) => {
        if (this.#scripts.some(({ isRunning }) => isRunning)) {
          return afterExactly(clock, delayMs, callback);
        }
        return (this.#phase === "healing" ? healing : unnamed).after(delayMs, callback);
      },
    };
  }

  /** Called with each operation of the history. */
  observe(operation: Operation): void {
    if (this.#phase === "healing") {
      this.faults.end();
      return;
    }
    if (operation.process !== "nemesis") {
      if (operation.type === "invoke") {
        this.#recording.addOperation(operation, this.#options.concurrency, this.#phase === "final");
      }
      return;
    }
    // Both ends of an operation of the nemesis are of type info.
    if (this.faults.isActive) {
      this.faults.end();
      return;
    }
    const decided = this.#scripts.map((script) => script.takeFault()).find((fault) => fault);
    this.faults.begin(operation, decided);
  }

  #script(options: ConstructorParameters<typeof Script>[0]): Script {
    const script = new Script(options);
    this.#scripts.push(script);
    return script;
  }

  /** Leaves out the operations of threads, nodes and faults that do not exist. */
  #fitting(
    operations: readonly DecidedOperation[],
    isFault: (f: string) => boolean = () => false,
  ): readonly DecidedOperation[] {
    const { concurrency, nodeIds } = this.#options;
    const fitting = operations.filter((operation) =>
      operation.thread === "nemesis"
        ? isFault(operation.f)
        : operation.thread < concurrency && nodeIds.includes(operation.node),
    );
    this.#unmatchedCount += operations.length - fitting.length;
    return fitting;
  }

  /** A generator that emits nothing, and notes when the phase before it has ended. */
  #mark(next: Phase | "end"): Generator {
    return {
      next: ({ nowNs }) => {
        if (next === "healing") this.#recording.mainLengthNs = nowNs;
        if (next === "final") this.#recording.finalBeginNs = nowNs;
        if (next === "end") this.#recording.finalEndNs = nowNs;
        else this.#phase = next;
        return { type: "done" };
      },
    };
  }
}

/** The latency of a message that had not arrived at the end of the run, in ms. */
const NEVER_MS = 1e9;
