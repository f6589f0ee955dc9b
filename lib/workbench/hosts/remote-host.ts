/** A host as the tester sees it: carries out commands in order, and has a clock of its own. */
import type { Cancel, Clock, NodeId } from "../../vortex/index.ts";
import type { HostSummary } from "../run/hosts-summary.ts";
import { type Bus, NoAnswer } from "./bus.ts";
import { pause, repeat } from "./repeat.ts";
import {
  Answer,
  type Command,
  type Identity,
  parseWire,
  printWire,
  type ReportItem,
  type Request,
  subjects,
  type TestPlan,
} from "./wire.ts";

/** How long an answer may take at most, in ms; then the request is sent again. */
const MAX_ANSWER_TIMEOUT_MS = 1000;
const RETRY_MS = 100;
const MAX_BEAT_INTERVAL_MS = 1000;
/** Least number of heartbeats in a lease: one that is lost must not end the test. */
const BEATS_PER_LEASE = 4;
/** Number of last round trips of which the shortest gives the difference of the clocks. */
const SAMPLE_COUNT = 16;
/** How long the start of the services may take, in ms: more than a sidecar waits for their buckets. */
const BEGIN_TIMEOUT_MS = 35_000;

export interface RemoteHostOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly identity: Identity;
  readonly plan: TestPlan;
  readonly clock: Clock;
  /** Called when the host cannot be reached any more, or its sidecar has lost the test. */
  readonly onLost: (reason: string) => void;
}

interface Sample {
  readonly roundTripMs: number;
  /** Reading of the host's clock minus that of the tester's. */
  readonly offsetMs: number;
}

/** The host has no answer to a command. */
export class HostError extends Error {
  override readonly name = "HostError";
}

export class RemoteHost {
  readonly #options: RemoteHostOptions;
  readonly #subject: string;
  #samples: readonly Sample[] = [];
  #number = 0;
  #lastCommand: Promise<unknown> = Promise.resolve();
  /** How long the host has been silent, without the time in which this process was suspended. */
  #silentMs = 0;
  #lastBeatMs = 0;
  #isOver = false;
  #cancelBeats: Cancel | undefined;
  #isBeating = false;
  #repeats = 0;
  #slowestCommandMs = 0;
  counts: Omit<Extract<ReportItem, { type: "counts" }>, "type"> = {
    effects: {},
    outages: 0,
    outageMs: 0,
    overflow: 0,
    unreported: 0,
  };

  constructor(options: RemoteHostOptions) {
    this.#options = options;
    this.#subject = subjects.control(options.cluster, options.identity.name);
  }

  get node(): NodeId {
    return this.#options.identity.name;
  }

  /**
   * Begins the test there.
   *
   * @throws {HostError} if another test runs, the services cannot be started, or an answer is missing.
   */
  async begin(): Promise<void> {
    const { plan, cluster, clock } = this.#options;
    const answer = await this.#ask({ type: "begin", plan }, BEGIN_TIMEOUT_MS);
    switch (answer.type) {
      case "done":
        break;
      case "busy":
        throw new HostError(
          `Cluster "${cluster}" runs another test, of ${answer.tester.host}, process ${answer.tester.pid}. Wait for its end; if that tester has gone, the cluster is free within the --lease`,
        );
      default:
        throw new HostError(`${this.#where} cannot begin a test: ${reasonOf(answer)}`);
    }
    for (let count = 0; count < 3; count++) await this.#beat();
    this.#lastBeatMs = clock.nowMs();
    this.#cancelBeats = repeat(clock, this.#beatMs, () => void this.#beat());
  }

  /**
   * Has a command carried out after those before, however often it must be sent.
   *
   * @throws {HostError} if it is refused or not answered within the limit, or the test is over.
   */
  command(command: Command, limitMs = Number.POSITIVE_INFINITY): Promise<void> {
    const number = ++this.#number;
    const sent = this.#lastCommand.then(() => this.#carryOut(number, command, limitMs));
    this.#lastCommand = sent.catch(() => {});
    return sent;
  }

  /** Ends the heartbeats and the commands that have no answer yet. */
  close(): void {
    this.#isOver = true;
    this.#cancelBeats?.();
  }

  /** Converts a time of the host's clock to one of the tester's. */
  toLocalMs(hostMs: number): number {
    return hostMs - this.#best.offsetMs;
  }

  summary(): HostSummary {
    const { outages, outageMs, overflow, unreported } = this.counts;
    return {
      host: this.#options.identity.host,
      roundTripMs: rounded(this.#best.roundTripMs),
      slowestCommandMs: rounded(this.#slowestCommandMs),
      repeats: this.#repeats,
      outages,
      outageMs: rounded(outageMs),
      overflow,
      unreported,
    };
  }

  get #beatMs(): number {
    return Math.min(MAX_BEAT_INTERVAL_MS, this.#options.plan.leaseMs / BEATS_PER_LEASE);
  }

  get #timeoutMs(): number {
    return Math.min(MAX_ANSWER_TIMEOUT_MS, this.#options.plan.leaseMs / BEATS_PER_LEASE);
  }

  get #where(): string {
    const { name, host } = this.#options.identity;
    return `${name} on ${host}`;
  }

  get #best(): Sample {
    return this.#samples.reduce(
      (best, sample) => (sample.roundTripMs < best.roundTripMs ? sample : best),
      this.#samples[0] ?? { roundTripMs: 0, offsetMs: 0 },
    );
  }

  async #carryOut(number: number, command: Command, limitMs: number): Promise<void> {
    const { plan, clock } = this.#options;
    const startMs = clock.nowMs();
    const request: Request = { type: "command", test: plan.test, number, command };
    const answer = await this.#ask(request, limitMs);
    const isWaiting = command.type === "stop" || command.type === "report";
    if (!isWaiting) {
      this.#slowestCommandMs = Math.max(this.#slowestCommandMs, clock.nowMs() - startMs);
    }
    if (answer.type === "done") return;
    // The answer to the first request was lost.
    if (answer.type === "no-test" && command.type === "stop") return;
    if (answer.type === "no-test") this.#lose(`${this.#where} has left the test: ${answer.reason}`);
    throw new HostError(reasonOf(answer));
  }

  /** Sends a request until it is answered. */
  async #ask(request: Request, limitMs: number): Promise<Answer> {
    const { bus, clock } = this.#options;
    const startMs = clock.nowMs();
    const text = printWire(request);
    while (!this.#isOver) {
      try {
        const answer = parseWire(Answer, await bus.request(this.#subject, text, this.#timeoutMs));
        this.#silentMs = 0;
        return answer;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
      }
      if (clock.nowMs() - startMs > limitMs) {
        throw new HostError(`${this.#where} has not answered for ${limitMs / 1000} s`);
      }
      this.#repeats++;
      await pause(clock, RETRY_MS);
    }
    throw new HostError(`The test is over for ${this.#where}`);
  }

  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    const { bus, clock, plan } = this.#options;
    const sentMs = clock.nowMs();
    const text = printWire({ type: "beat", test: plan.test });
    try {
      const answer = parseWire(Answer, await bus.request(this.#subject, text, this.#timeoutMs));
      if (answer.type === "done") {
        const receivedMs = clock.nowMs();
        this.#silentMs = 0;
        const roundTripMs = receivedMs - sentMs;
        const offsetMs = answer.nowMs - (sentMs + receivedMs) / 2;
        this.#samples = [...this.#samples.slice(1 - SAMPLE_COUNT), { roundTripMs, offsetMs }];
      } else if (answer.type === "no-test") {
        this.#lose(`${this.#where} has left the test: ${answer.reason}`);
      }
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.#repeats++;
      this.#silentMs += Math.min(clock.nowMs() - this.#lastBeatMs, this.#timeoutMs + this.#beatMs);
      if (this.#silentMs > plan.leaseMs) {
        this.#lose(
          `${this.#where} cannot be reached for ${plan.leaseMs / 1000} s. Look at its sidecar and its connection to NATS; a longer --lease bridges longer cuts`,
        );
      }
    } finally {
      this.#lastBeatMs = clock.nowMs();
      this.#isBeating = false;
    }
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onLost(reason);
  }
}

function reasonOf(answer: Answer): string {
  return "reason" in answer ? answer.reason : `unexpected answer "${answer.type}"`;
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
