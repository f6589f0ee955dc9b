/**
 * Connects the core to a node: its network, its clock, its storage, and the state machine.
 *
 * Messages and ticks go into the core. What it asks for goes to the parts of a node: writes to
 * `stable-storage.ts`, committed entries to the machine and `snapshots.ts`. The commands of clients
 * travel through `forwarder.ts` to the leader, whose part is `leading.ts`.
 */
import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { safeParse } from "../protocol/fast-parse.ts";
import type { Node, NodeId } from "../vortex/index.ts";
import { Forward, ForwardReply, sessionOf } from "./forward.ts";
import { Forwarder } from "./forwarder.ts";
import { Leading } from "./leading.ts";
import { apply, type Machine, type Outcome } from "./machine.ts";
import { MESSAGES, type RaftMessage } from "./messages.ts";
import { Raft } from "./raft.ts";
import { Snapshots } from "./snapshots.ts";
import { StableStorage } from "./stable-storage.ts";
import type { Committed } from "./state.ts";
import type { Timing } from "./timing.ts";

/** Options of `replicate`, all of them. */
export interface DriverOptions {
  readonly batchMs: number;
  readonly timeoutMs: number;
  readonly maxPending: number;
  readonly compactionLength: number;
  readonly timing: Timing;
}

/** How often time is looked at, in ms. */
const TICK_MS = 25;
/** After this time, in ms, all nodes have surely been started, so that messages to them are in order. */
const SETTLING_MS = 500;
/** How long a node with an empty disk delays its `init_ok` at most, until it has a leader, in ms. */
const MAX_INIT_DELAY_MS = 2000;

/** A command in the log: the start of the node that waits for it, its number there, the command. */
const LoggedCommand = v.tuple([v.string(), v.number(), v.unknown()]);

export class Driver {
  readonly #node: Node;
  readonly #machine: Machine;
  readonly #storage: StableStorage;
  readonly #raft: Raft;
  readonly #forwarder: Forwarder;
  readonly #leading: Leading;
  readonly #snapshots: Snapshots;
  readonly #startedAtMs: number;
  /** Whether other nodes may be sent messages. */
  #isStarted: boolean;
  /** Resolves when a node with an empty disk takes part. */
  readonly #joined = Promise.withResolvers<void>();

  constructor(node: Node, machine: Machine, options: DriverOptions) {
    this.#node = node;
    this.#machine = machine;
    this.#startedAtMs = node.nowMs();
    this.#isStarted = node.peers.length === 0;
    this.#storage = new StableStorage(node, (...stored) => this.#stored(...stored));
    this.#raft = new Raft(
      {
        id: node.id,
        nodeIds: node.nodeIds,
        newIncarnation: node.generateId(),
        random: { next: () => node.random() },
        timing: options.timing,
        checks: node,
      },
      this.#storage.read(),
      node.nowMs(),
    );
    this.#snapshots = new Snapshots(machine, options.compactionLength);
    this.#leading = new Leading(node, this.#raft, machine, {
      batchMs: options.batchMs,
      onInput: () => this.#handleOutput(),
      onReply: (reply) => this.#forwarder.receive(reply),
    });
    this.#forwarder = new Forwarder(node, this.#raft, {
      ...options,
      isReady: () => this.#storage.hasStored,
      executeHere: (requests) => this.#leading.execute(requests),
    });
    for (const [type, schema] of Object.entries(MESSAGES)) {
      node.handlePeer(type, schema, ({ src, body }) => this.#receive(src, body));
    }
    node.handlePeer("forward", Forward, ({ src, body }) => this.#leading.receive(src, body));
    node.handlePeer("forward_reply", ForwardReply, ({ body }) => this.#forwarder.receive(body));
    node.every(TICK_MS, () => this.#tick());
    // A new cluster needs every node once: see `joining.ts`. Faults must not come before that.
    if (!this.#raft.state.hardState.isVoter) {
      node.delayInit(this.#joined.promise);
      node.after(MAX_INIT_DELAY_MS, this.#joined.resolve);
    }
    this.#handleOutput();
  }

  get leaderId(): NodeId | undefined {
    return this.#raft.leaderId;
  }

  execute(command: unknown): Promise<Outcome> {
    this.#start();
    return this.#forwarder.execute(command);
  }

  transferLeadership(to: NodeId | undefined): boolean {
    const isOffered = this.#raft.transferLeadership(to, this.#node.nowMs());
    this.#handleOutput();
    return isOffered;
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#tick();
  }

  #tick(): void {
    const nowMs = this.#node.nowMs();
    if (!this.#isStarted && nowMs < this.#startedAtMs + SETTLING_MS) return;
    this.#isStarted = true;
    if (nowMs >= this.#raft.nextTickMs) {
      this.#raft.tick(nowMs);
      this.#handleOutput();
    }
    this.#forwarder.tick();
  }

  #receive(from: NodeId, message: RaftMessage): void {
    this.#start();
    this.#raft.receive(from, message, this.#node.nowMs());
    this.#handleOutput();
  }

  #stored(lastWrite: number, isFirst: boolean): void {
    if (isFirst) this.#forwarder.wake();
    this.#raft.stored(lastWrite, this.#node.nowMs());
    this.#handleOutput();
  }

  /** Does what the core asks for, until it asks for nothing more. */
  #handleOutput(): void {
    const output = this.#raft.takeOutput();
    this.#storage.add(output.writes, output.lastWrite);
    for (const { dest, body } of output.messages) this.#node.send(dest, body);
    if (output.restored !== undefined) {
      this.#snapshots.restore(output.restored);
      this.#forwarder.restored(output.restored.lastIncludedTerm);
    }
    for (const committed of output.committed) this.#apply(committed);
    this.#leading.follow();
    this.#forwarder.follow();
    if (this.leaderId !== undefined) this.#joined.resolve();
    this.#leading.serve(output.reads, output.refusedReads);
    if (output.committed.length > 0 && this.#snapshots.compact(this.#raft)) this.#handleOutput();
    void this.#storage.sync();
  }

  #apply({ entry }: Committed): void {
    this.#forwarder.enterTerm(entry.term);
    if (entry.command === undefined) return;
    const parsed = safeParse(LoggedCommand, entry.command);
    if (!parsed.success) throw new Error(`Not a command: ${describeIssues(parsed.issues)}`);
    const [session, number, command] = parsed.output;
    const outcome = apply(this.#machine, command);
    const isOwn = entry.origin === this.#node.id;
    if (isOwn && session === sessionOf(this.#raft.state.hardState)) {
      this.#forwarder.settle(number, outcome);
    }
  }
}
