/** Records what chance decides on faults, or replays decisions on them. */
import type { Clock, Random } from "../../vortex/index.ts";
import type { Decisions, FaultOperation } from "../decisions.ts";
import type { Operation } from "../history/history.ts";
import { isFault } from "../nemesis/faults.ts";
import type { FaultChoices } from "../nemesis/test-control.ts";
import type { DecisionRecording } from "./decision-recording.ts";
import { afterExactly } from "./exact-time.ts";
import type { PartStreams } from "./part-streams.ts";

interface FaultDecisionsOptions {
  /** The decisions to replay. Absent: what the seed decides is recorded. */
  readonly decisions: Decisions | undefined;
  readonly recording: DecisionRecording;
  readonly streams: PartStreams;
  /** Exact time. */
  readonly clock: Clock;
}

export class FaultDecisions implements FaultChoices {
  readonly #options: FaultDecisionsOptions;
  /** Whether built-in faults wait for moments, which a replay does not know. */
  recordsWaits = false;
  /** The present operation of the nemesis, with its targets. */
  #present: FaultOperation | undefined;
  /** The time of its beginning. */
  #beganAtMs = 0;
  #hasChosen = false;
  #isUnrecorded = false;

  constructor(options: FaultDecisionsOptions) {
    this.#options = options;
  }

  /** Whether an operation of the nemesis has begun and not ended. */
  get isActive(): boolean {
    return this.#present !== undefined;
  }

  /**
   * Records the beginning of an operation of the nemesis.
   *
   * @param decided The operation that is replayed, with its targets.
   */
  begin({ time: atNs, f, value }: Operation, decided: FaultOperation | undefined): void {
    this.#hasChosen = false;
    this.#beganAtMs = this.#options.clock.nowMs();
    this.#present = { ...decided, atNs, thread: "nemesis", f, value };
    this.#options.recording.operations.push(this.#present);
  }

  end(): void {
    this.#present = undefined;
  }

  randomOf(nemesis: string, shared: Random): Random {
    const { decisions, recording, streams } = this.#options;
    return {
      next: () => {
        if (this.#isUnrecorded) return shared.next();
        if (decisions === undefined) {
          const drawn = shared.next();
          recording.addNemesisDraw(nemesis, drawn);
          return drawn;
        }
        const part = `nemesis ${nemesis}`;
        const decided = decisions.draws?.nemeses?.[nemesis]?.[streams.nextNumber(part)];
        return decided ?? streams.of(part).next();
      },
    };
  }

  unrecorded<T>(draw: () => T): T {
    this.#isUnrecorded = true;
    try {
      return draw();
    } finally {
      this.#isUnrecorded = false;
    }
  }

  targets(draw: () => readonly string[]): readonly string[] {
    const present = this.#present;
    // An operation has one list of targets: what else a nemesis chooses is recorded as it is drawn.
    if (present === undefined || this.#hasChosen) return draw();
    this.#hasChosen = true;
    present.targets ??= [...this.unrecorded(draw)];
    const waitNs = Math.round((this.#options.clock.nowMs() - this.#beganAtMs) * 1e6);
    if (this.recordsWaits && waitNs > 0 && startsBuiltIn(present)) present.waitNs = waitNs;
    return present.targets;
  }

  wait(): Promise<void> | undefined {
    const { decisions, clock } = this.#options;
    const { waitNs = 0 } = this.#present ?? {};
    if (decisions?.main === undefined || waitNs === 0) return undefined;
    return new Promise((resolve) => {
      afterExactly(clock, waitNs / 1e6, resolve);
    });
  }
}

function startsBuiltIn({ f }: FaultOperation): boolean {
  return f.startsWith("start-") && isFault(f.slice("start-".length));
}
