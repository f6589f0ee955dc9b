/** Carries out what nemeses do to a test, each through a {@link NemesisTest} of its own. */
import * as v from "valibot";
import {
  type Clock,
  type NodeId,
  parseJson,
  type Random,
  RpcError,
  stringifyJson,
} from "../../vortex/index.ts";
import { requireMilliseconds } from "../../vortex/milliseconds.ts";
import type { Client } from "../clients/client.ts";
import { ErrorReply, NetTimeout } from "../clients/client-errors.ts";
import type { ReplyLike } from "../clients/reply.ts";
import { replySchemaOf } from "../clients/reply-schema.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { SimulatedDisks } from "../clusters/simulated-disks.ts";
import type { Operation } from "../history/history.ts";
import type { FaultControl } from "../network/carrier.ts";
import type { DiskFaultControl, KillOptions, NemesisTest } from "./definition.ts";

/** The parts of a test that nemeses act on. */
export interface TestControlOptions {
  readonly network: FaultControl;
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Clock zero, as a reading of the clock. */
  readonly zeroMs: () => number;
  readonly nodeIds: readonly NodeId[];
  /** Restarts a killed node, and resolves when it has replied to `init`. */
  readonly restart: (node: NodeId) => Promise<true>;
  readonly openClient: () => Client;
  readonly choices?: FaultChoices | undefined;
}

/** Decides on what nemeses do, in place of chance. */
export interface FaultChoices {
  /** The stream of a nemesis. */
  randomOf(nemesis: string, shared: Random): Random;
  /** Draws what its operation shows in the history. */
  unrecorded<T>(draw: () => T): T;
  /** Waits until the operation that has begun last takes effect, unless that is at once. */
  wait(): Promise<void> | undefined;
  /** Decides on the targets of the operation that has begun last. */
  targets(draw: () => readonly string[]): readonly string[];
}

const RPC_TIMEOUT_MS = 1000;
const AnyReply = v.looseObject({});

/** Keeps apart what several nemeses do to the same nodes, links and messages. */
export class TestControl {
  readonly history: Operation[] = [];
  readonly #options: TestControlOptions;
  /** The nemesis that killed each node that is down, and the one that paused it. */
  readonly #killers = new Map<NodeId, string>();
  readonly #pausers = new Map<NodeId, string>();
  readonly #restarts = new Set<Promise<unknown>>();
  /** Clients without a request in flight. They stay open: a late reply then finds its receiver. */
  readonly #idle: Client[] = [];
  #hasPaused = false;

  constructor(options: TestControlOptions) {
    this.#options = options;
  }

  /** Whether any node was paused so far. */
  get hasPaused(): boolean {
    return this.#hasPaused;
  }

  /** Makes the test as one nemesis sees it. */
  testOf(name: string, random: Random, targets?: readonly NodeId[]): NemesisTest {
    const { network, clock, zeroMs, nodeIds, choices } = this.#options;
    let partCount = 0;
    const nameOfPart = () => `${name} ${partCount++}`;
    return {
      nodes: targets ?? nodeIds,
      random: choices?.randomOf(name, random) ?? random,
      choose: (draw) => choices?.targets(draw) ?? draw(),
      history: this.history,
      nowMs: () => clock.nowMs() - zeroMs(),
      sleep: (ms) => this.#sleep(ms),
      // Forced: the compiler does not resolve ReplyOf<R>.
      rpc: (node, body, reply, timeoutMs) => this.#rpc(node, body, reply, timeoutMs) as never,
      isUp: (node) => {
        this.#requireNode(node);
        return !this.#killers.has(node) && !this.#pausers.has(node);
      },
      kill: (node, options) => this.#kill(name, node, options),
      restart: (node) => this.#restart(name, node),
      pause: (node) => this.#pause(name, node),
      resume: (node) => this.#resume(name, node),
      diskFault: () => this.#diskFault(),
      cuts: () => {
        const part = nameOfPart();
        return {
          set: (grudge) => {
            for (const [dest, refused] of grudge) {
              for (const node of [dest, ...refused]) this.#requireNode(node);
            }
            network.partition(part, grudge);
          },
          heal: () => network.heal(part),
          get count() {
            return network.effectCount(part);
          },
        };
      },
      messageFault: (kind) => {
        const part = nameOfPart();
        return {
          set: (value, affects) => {
            const isValid = kind === "slow" ? value >= 1 : value >= 0 && value <= 1;
            if (!isValid || value === Number.POSITIVE_INFINITY) {
              const wanted = kind === "slow" ? "a factor of at least 1" : "a fraction from 0 to 1";
              throw new RangeError(`${kind} needs ${wanted}, not ${value}`);
            }
            network.setFault(part, { kind, value, ...(affects === undefined ? {} : { affects }) });
          },
          heal: () => network.endFault(part),
          get count() {
            return network.effectCount(part);
          },
        };
      },
    };
  }

  /** Makes a nemesis responsible for a node that another one has killed or paused. */
  takeOver(name: string, node: NodeId): void {
    for (const owners of [this.#killers, this.#pausers]) {
      if (owners.has(node)) owners.set(node, name);
    }
  }

  /** Resolves when no node is being restarted. */
  async settled(): Promise<void> {
    while (this.#restarts.size > 0) await Promise.allSettled(this.#restarts);
  }

  #requireNode(node: NodeId): void {
    const { nodeIds } = this.#options;
    if (nodeIds.includes(node)) return;
    throw new RangeError(`${JSON.stringify(node)} is not among the nodes ${nodeIds.join(", ")}`);
  }

  #sleep(ms: number): Promise<void> {
    requireMilliseconds("The duration of test.sleep", ms, this.#sleep);
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }

  async #rpc(
    node: NodeId,
    body: Parameters<NemesisTest["rpc"]>[1],
    reply: ReplyLike = AnyReply,
    timeoutMs = RPC_TIMEOUT_MS,
  ): Promise<unknown> {
    requireMilliseconds("timeoutMs of test.rpc", timeoutMs, this.#rpc);
    const client = this.#idle.pop() ?? this.#options.openClient();
    try {
      // A copy, as a node would get it: the caller may change its own later.
      const copy = parseJson(stringifyJson(body)) as typeof body; // JSON of the same shape.
      return await client.rpc(node, copy, replySchemaOf(body.type, reply), timeoutMs);
    } catch (error) {
      if (error instanceof NetTimeout) throw new RpcError("timeout", error.message);
      if (error instanceof ErrorReply) {
        throw new RpcError(error.code ?? NO_CODE, error.message, { cause: error });
      }
      throw error;
    } finally {
      this.#idle.push(client);
    }
  }

  #kill(nemesis: string, node: NodeId, { losesDisk = false }: KillOptions = {}): boolean {
    this.#requireNode(node);
    const disks = losesDisk ? this.#disks() : undefined;
    if ((this.#killers.get(node) ?? nemesis) !== nemesis) return false;
    this.#killers.set(node, nemesis);
    const wasRunning = this.#options.cluster.kill(node);
    disks?.erase(node);
    return wasRunning;
  }

  #diskFault(): DiskFaultControl {
    const disks = this.#disks();
    const affected = new Set<NodeId>();
    let count = 0;
    return {
      set: (node, kind) => {
        this.#requireNode(node);
        affected.add(node);
        disks.setFault(node, kind, () => count++);
      },
      heal: () => {
        for (const node of affected) disks.heal(node);
        affected.clear();
      },
      get count() {
        return count;
      },
    };
  }

  #disks(): SimulatedDisks {
    const { disks } = this.#options.cluster;
    if (disks !== undefined) return disks;
    throw new Error("disks fail in simulations only, and these nodes are processes");
  }

  #restart(nemesis: string, node: NodeId): Promise<boolean> {
    this.#requireNode(node);
    if (this.#killers.get(node) !== nemesis) return Promise.resolve(false);
    this.#killers.delete(node);
    const restart = this.#options.restart(node);
    const forget = () => void this.#restarts.delete(restart);
    this.#restarts.add(restart);
    restart.then(forget, forget);
    return restart;
  }

  #pause(nemesis: string, node: NodeId): boolean {
    this.#requireNode(node);
    if ((this.#pausers.get(node) ?? nemesis) !== nemesis) return false;
    this.#pausers.set(node, nemesis);
    this.#hasPaused = true;
    return this.#options.cluster.pause(node);
  }

  #resume(nemesis: string, node: NodeId): boolean {
    this.#requireNode(node);
    if (this.#pausers.get(node) !== nemesis) return false;
    this.#pausers.delete(node);
    this.#options.cluster.resume(node);
    return true;
  }
}

/** The code of an error reply without a valid one: not in the protocol, so indefinite. */
const NO_CODE = -1;
