/**
 * Consensus cores in virtual time, with faults: messages are lost, repeated and overtaken; links are cut,
 * one way too; nodes crash and lose what they have not synced, lose their disks, and pause.
 *
 * The safety properties of the paper's figure 3.2 are checked at every step, over all nodes.
 */
import TinyQueue from "tinyqueue";
import type { Snapshot } from "../../../lib/raft/log.ts";
import type { Entry, Outgoing, RaftMessage } from "../../../lib/raft/messages.ts";
import { Raft } from "../../../lib/raft/raft.ts";
import type { StoredState, Write } from "../../../lib/raft/state.ts";
import { DEFAULT_TIMING, type Timing } from "../../../lib/raft/timing.ts";
import { parseJson, type Random, stringifyJson } from "../../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../../lib/vortex/random.ts";
import { randomStream } from "../../../lib/workbench/random.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly nodeCount: number;
  readonly timing?: Partial<Timing>;
  /** Mean time between two faults, in ms; none by default. */
  readonly faultEveryMs?: number;
  /** How long a fault lasts at most, in ms. Defaults to 2500. */
  readonly faultMs?: number;
  /** The core. Defaults to that of `lib/raft`. */
  readonly Core?: typeof Raft;
}

/** Numbers of events, to show that the faults had an effect. */
export interface Counts {
  elections: number;
  crashes: number;
  lostDisks: number;
  pauses: number;
  cuts: number;
  truncations: number;
  installedSnapshots: number;
  lostMessages: number;
  committed: number;
  servedReads: number;
}

interface SimulatedNode {
  readonly id: string;
  disk: StoredState;
  /** Changes that the disk does not have yet. */
  unsynced: Write[];
  raft: Raft;
  /** Distinguishes the starts: events of an earlier one are void. */
  start: number;
  isSyncing: boolean;
  lastWrite: number;
  isUp: boolean;
  /** Events of a paused node; `undefined` while it runs. */
  postponed: (() => void)[] | undefined;
  tickAtMs: number;
  appliedIndex: number;
  /** The state machine: a sum over the commands, and their number. */
  machine: { readonly sum: number; readonly count: number };
  wasLeaderOfTerm: number;
}

/** A message on its way. */
interface HeldMessage {
  readonly from: string;
  readonly to: string;
  readonly body: RaftMessage;
}

const LATENCY_MS = 2;
const SNAPSHOT_EVERY = 40;

export class RaftSimulation {
  readonly counts: Counts = {
    elections: 0,
    crashes: 0,
    lostDisks: 0,
    pauses: 0,
    cuts: 0,
    truncations: 0,
    installedSnapshots: 0,
    lostMessages: 0,
    committed: 0,
    servedReads: 0,
  };
  nowMs = 0;
  messageCount = 0;
  /** Probability that a message is lost, and that it is repeated. */
  lossProbability = 0;
  duplicateProbability = 0;
  /** Maximum extra latency, in ms. */
  jitterMs = 0;
  /** Maximum duration of a sync, in ms. */
  syncMs = 1;
  /** Length of what snapshots hold besides the state, in characters. */
  snapshotPadding = 0;
  /** Whether to hold back a message until it is released. */
  isHeld: (message: HeldMessage) => boolean = () => false;
  readonly nodes: SimulatedNode[];
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #events = new TinyQueue<{ atMs: number; order: number; run: () => void }>(
    [],
    (one, other) => one.atMs - other.atMs || one.order - other.order,
  );
  #eventCount = 0;
  #nextCommand = 0;
  #nextRead = 0;
  readonly #cuts = new Set<string>();
  #held: { readonly message: HeldMessage; readonly send: () => void }[] = [];
  readonly #reads = new Map<number, number>();
  /** Election Safety: the leader of each term. */
  readonly #leaders = new Map<number, string>();
  /** Log Matching: what precedes an entry, and what it is, by index and term. */
  readonly #entries = new Map<string, string>();
  /** State Machine Safety: the entry that some node has applied, by index; in which term, at most. */
  readonly #applied: { readonly text: string; readonly committedIn: number }[] = [];

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = randomStream(options.seed, "raft simulation");
    const ids = Array.from({ length: options.nodeCount }, (_, index) => `n${index}`);
    this.nodes = ids.map((id) => this.#newNode(id));
    for (const node of this.nodes) this.#start(node);
  }

  get leader(): SimulatedNode | undefined {
    return this.nodes
      .filter(({ isUp, postponed, raft }) => isUp && postponed === undefined && raft.isLeader)
      .toSorted((one, other) => other.raft.currentTerm - one.raft.currentTerm)[0];
  }

  get committedCount(): number {
    return this.#applied.length;
  }

  runFor(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (let next = this.#events.peek(); next !== undefined; next = this.#events.peek()) {
      if (next.atMs > endMs) break;
      this.#events.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  after(delayMs: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + delayMs, order: this.#eventCount++, run });
  }

  /** Proposes a command at every leader there is, deposed ones too. */
  propose(origin = pickOne(this.#random, this.nodes).id): void {
    for (const node of this.nodes) {
      if (!node.isUp || !node.raft.isLeader) continue;
      this.#runIn(node, () => {
        const command = [this.#nextCommand++, "x".repeat(randomInteger(this.#random, 50))];
        node.raft.propose([{ origin, command }], this.nowMs);
      });
    }
  }

  /** Reads at every leader there is, deposed ones too. */
  read(): void {
    for (const node of this.nodes) {
      if (!node.isUp) continue;
      // A client may have seen whatever any node has applied.
      const neededIndex = this.#applied.length;
      this.#runIn(node, () => {
        const id = this.#nextRead++;
        this.#reads.set(id, neededIndex);
        node.raft.read(id, this.nowMs);
      });
    }
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from} ${to}`);
    this.counts.cuts++;
  }

  /** Cuts a node off from all others, in both directions. */
  cutOff(id: string): void {
    for (const node of this.nodes) {
      this.cut(id, node.id);
      this.cut(node.id, id);
    }
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** The messages that are held back. */
  get held(): readonly HeldMessage[] {
    return this.#held.map(({ message }) => message);
  }

  /** Sends messages that were held back. */
  release(isReleased: (message: HeldMessage) => boolean = () => true): void {
    const { released = [], others = [] } = Object.groupBy(this.#held, ({ message }) =>
      isReleased(message) ? "released" : "others",
    );
    this.#held = others;
    for (const { send } of released) send();
  }

  crash(node: SimulatedNode, { loseDisk = false } = {}): void {
    if (!node.isUp) return;
    node.isUp = false;
    node.start++;
    this.counts.crashes++;
    // A prefix of what was not synced may have reached the disk.
    const kept = node.unsynced.slice(0, randomInteger(this.#random, node.unsynced.length + 1));
    for (const write of kept) node.disk = written(node.disk, write);
    if (!loseDisk) return;
    node.disk = EMPTY_DISK;
    this.counts.lostDisks++;
  }

  restart(node: SimulatedNode): void {
    if (!node.isUp) this.#start(node);
  }

  pause(node: SimulatedNode): void {
    if (!node.isUp || node.postponed !== undefined) return;
    node.postponed = [];
    this.counts.pauses++;
  }

  resume(node: SimulatedNode): void {
    const postponed = node.postponed ?? [];
    node.postponed = undefined;
    for (const run of postponed) this.after(0, run);
  }

  /** Injects faults for a while, then heals everything. */
  runWithFaults(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    const everyMs = this.#options.faultEveryMs ?? Number.POSITIVE_INFINITY;
    const disturb = () => {
      if (this.nowMs >= endMs) return;
      this.#fault();
      this.after(2 * everyMs * this.#random.next(), disturb);
    };
    this.after(everyMs, disturb);
    this.runFor(durationMs);
    this.heal();
    this.lossProbability = 0;
    this.duplicateProbability = 0;
    this.jitterMs = 0;
    this.syncMs = 1;
    for (const node of this.nodes) {
      this.resume(node);
      this.restart(node);
    }
  }

  /**
   * Makes clients send commands and reads at a steady rate until a time.
   *
   * @param commandsPerRead A read waits for the commands before it, so a leader that gets many, and
   *   cannot commit them, serves no reads.
   */
  load(everyMs: number, untilMs: number, commandsPerRead = 1): void {
    const next = () => {
      if (this.nowMs >= untilMs) return;
      if (this.#random.next() < commandsPerRead) this.propose();
      this.read();
      this.after(2 * everyMs * this.#random.next(), next);
    };
    this.after(everyMs, next);
  }

  #fault(): void {
    const random = this.#random;
    const node = pickOne(random, this.nodes);
    const leader = this.leader ?? node;
    const victim = random.next() < 0.5 ? leader : node;
    const { faultMs = 2500 } = this.#options;
    const durationMs = faultMs * random.next();
    const fault = randomInteger(random, 8);
    if (fault === 0) {
      this.crash(victim);
      this.after(durationMs, () => this.restart(victim));
    } else if (fault === 1 && this.#mayLoseDisk(victim)) {
      this.crash(victim, { loseDisk: true });
      this.after(durationMs, () => this.restart(victim));
    } else if (fault === 2) {
      this.pause(victim);
      this.after(durationMs, () => this.resume(victim));
    } else if (fault === 3) {
      for (const other of this.nodes) {
        if (other === victim) continue;
        if (random.next() < 0.8) this.cut(victim.id, other.id);
        if (random.next() < 0.8) this.cut(other.id, victim.id);
      }
      this.after(durationMs, () => this.heal());
    } else if (fault === 4) {
      this.lossProbability = 0.3 * random.next();
      this.duplicateProbability = 0.3 * random.next();
      this.jitterMs = 0.12 * faultMs * random.next() ** 4;
    } else if (fault === 5) {
      this.syncMs = (random.next() < 0.2 ? 0.6 : 0.016 * random.next()) * faultMs;
    } else if (fault === 6) {
      leader.raft.transferLeadership(undefined, this.nowMs);
      this.#handleOutput(leader);
    } else {
      for (const every of this.nodes) this.crash(every);
      for (const every of this.nodes) {
        this.after(durationMs * random.next(), () => this.restart(every));
      }
    }
  }

  /** A minority of disks may be lost before the nodes are admitted again. */
  #mayLoseDisk(victim: SimulatedNode): boolean {
    const missing = this.nodes.filter(
      (node) => node === victim || node.disk.hardState?.isVoter !== true,
    );
    return victim.isUp && missing.length <= Math.floor((this.nodes.length - 1) / 2);
  }

  #newNode(id: string): SimulatedNode {
    return {
      id,
      disk: EMPTY_DISK,
      unsynced: [],
      raft: this.#newRaft(id, EMPTY_DISK),
      start: 0,
      isSyncing: false,
      lastWrite: 0,
      isUp: false,
      postponed: undefined,
      tickAtMs: 0,
      appliedIndex: 0,
      machine: { sum: 0, count: 0 },
      wasLeaderOfTerm: 0,
    };
  }

  #newRaft(id: string, disk: StoredState): Raft {
    const { nodeCount, seed, timing, Core = Raft } = this.#options;
    const options = {
      id,
      nodeIds: Array.from({ length: nodeCount }, (_, index) => `n${index}`),
      newIncarnation: `${id}@${this.nowMs.toFixed(1)}`,
      random: randomStream(seed, `${id} at ${this.nowMs}`),
      timing: { ...DEFAULT_TIMING, ...timing },
    };
    return new Core(options, disk, this.nowMs);
  }

  #start(node: SimulatedNode): void {
    node.start++;
    node.isUp = true;
    node.isSyncing = false;
    node.postponed = undefined;
    node.unsynced = [];
    node.lastWrite = 0;
    node.tickAtMs = Number.POSITIVE_INFINITY;
    node.appliedIndex = 0;
    node.machine = { sum: 0, count: 0 };
    node.wasLeaderOfTerm = 0;
    node.raft = this.#newRaft(node.id, node.disk);
    this.#handleOutput(node);
  }

  /** Runs a task of a node: later if it is paused, never if it has crashed since. */
  #runIn(node: SimulatedNode, task: () => void, start = node.start): void {
    if (node.start !== start || !node.isUp) return;
    if (node.postponed !== undefined) {
      node.postponed.push(() => this.#runIn(node, task, start));
      return;
    }
    task();
    this.#handleOutput(node);
  }

  #handleOutput(node: SimulatedNode): void {
    const { raft } = node;
    const output = raft.takeOutput();
    for (const write of output.writes) {
      if (write.type === "entries") this.#checkLogMatching(node, write.index, write.entries);
    }
    node.unsynced.push(...output.writes);
    node.lastWrite = output.lastWrite;
    this.#checkLeader(node);
    if (output.restored !== undefined) this.#restore(node, output.restored);
    for (const { index, entry } of output.committed) this.#apply(node, index, entry);
    for (const id of output.reads) this.#checkRead(node, id);
    for (const id of output.refusedReads) this.#reads.delete(id);
    for (const outgoing of output.messages) this.#send(node, outgoing);
    if (node.appliedIndex - raft.state.log.snapshotIndex >= SNAPSHOT_EVERY) {
      const padding = "x".repeat(this.snapshotPadding);
      raft.compact(stringifyJson({ ...node.machine, padding }), 10_000);
      this.#handleOutput(node);
      return;
    }
    this.#sync(node);
    this.#scheduleTick(node);
  }

  #sync(node: SimulatedNode): void {
    if (node.isSyncing || node.unsynced.length === 0) return;
    node.isSyncing = true;
    const { start, lastWrite } = node;
    const writes = node.unsynced.length;
    this.after(this.syncMs * this.#random.next(), () => {
      if (node.start !== start) return;
      for (const write of node.unsynced.splice(0, writes)) node.disk = written(node.disk, write);
      this.#runIn(node, () => {
        node.isSyncing = false;
        node.raft.stored(lastWrite, this.nowMs);
      });
    });
  }

  #scheduleTick(node: SimulatedNode): void {
    const { nextTickMs } = node.raft;
    const atMs = Math.max(nextTickMs, this.nowMs + 0.1);
    if (node.tickAtMs > this.nowMs && node.tickAtMs <= atMs) return;
    node.tickAtMs = atMs;
    const { start } = node;
    this.after(atMs - this.nowMs, () => {
      if (node.tickAtMs !== atMs) return;
      node.tickAtMs = Number.POSITIVE_INFINITY;
      this.#runIn(node, () => node.raft.tick(this.nowMs), start);
    });
  }

  #send(from: SimulatedNode, { dest, body }: Outgoing): void {
    this.messageCount++;
    const receiver = this.nodes.find(({ id }) => id === dest);
    if (receiver === undefined) throw new Error(`Unknown node ${dest}`);
    const message = { from: from.id, to: dest, body };
    const send = () => this.#transmit(message, receiver);
    if (this.isHeld(message)) this.#held.push({ message, send });
    else send();
  }

  #transmit({ from, to, body }: HeldMessage, receiver: SimulatedNode): void {
    const copies = this.#random.next() < this.duplicateProbability ? 2 : 1;
    for (let count = 0; count < copies; count++) {
      if (this.#random.next() < this.lossProbability) {
        this.counts.lostMessages++;
        continue;
      }
      const latencyMs = LATENCY_MS * this.#random.next() + this.jitterMs * this.#random.next();
      this.after(latencyMs, () => {
        if (this.#cuts.has(`${from} ${to}`)) {
          this.counts.lostMessages++;
          return;
        }
        this.#runIn(receiver, () => receiver.raft.receive(from, body, this.nowMs));
      });
    }
  }

  #restore(node: SimulatedNode, snapshot: Snapshot): void {
    if (snapshot.lastIncludedIndex < node.appliedIndex) {
      throw this.#violation(node, `goes back from ${node.appliedIndex} to a snapshot`);
    }
    const { sum, count: taken } = parseJson(snapshot.state) as SimulatedNode["machine"]; // As it was taken.
    node.machine = { sum, count: taken };
    node.appliedIndex = snapshot.lastIncludedIndex;
    this.counts.installedSnapshots++;
    const commands = this.#applied.slice(0, snapshot.lastIncludedIndex);
    const count = commands.filter(({ text }) => text.includes("command")).length;
    if (node.machine.count !== count) {
      throw this.#violation(node, `snapshot ${snapshot.lastIncludedIndex} holds another state`);
    }
  }

  /** State Machine Safety: all nodes apply the same entry at an index. */
  #apply(node: SimulatedNode, index: number, entry: Entry): void {
    if (index !== node.appliedIndex + 1) {
      throw this.#violation(node, `applies ${index} after ${node.appliedIndex}`);
    }
    node.appliedIndex = index;
    const text = stringifyJson(entry);
    const known = this.#applied[index - 1];
    if (known === undefined) {
      if (index !== this.#applied.length + 1) throw this.#violation(node, `skips to ${index}`);
      this.#applied.push({ text, committedIn: node.raft.currentTerm });
      this.counts.committed++;
    } else if (known.text !== text) {
      throw this.#violation(node, `State Machine Safety: applies ${text}, not ${known.text}`);
    }
    if (entry.command === undefined) return;
    const [number] = entry.command as [number];
    node.machine = { sum: node.machine.sum + number, count: node.machine.count + 1 };
  }

  /** Election Safety and Leader Completeness, when a node has become leader. */
  #checkLeader(node: SimulatedNode): void {
    const { isLeader, currentTerm, state } = node.raft;
    if (!isLeader || node.wasLeaderOfTerm === currentTerm) return;
    node.wasLeaderOfTerm = currentTerm;
    this.counts.elections++;
    const other = this.#leaders.get(currentTerm);
    if (other !== undefined) {
      throw this.#violation(node, `Election Safety: ${other} leads term ${currentTerm}, too`);
    }
    this.#leaders.set(currentTerm, node.id);
    for (const [at, { text, committedIn }] of this.#applied.entries()) {
      const index = at + 1;
      if (index < state.log.firstIndex || committedIn >= currentTerm) continue;
      if (stringifyJson(state.log.entry(index)) !== text) {
        throw this.#violation(node, `Leader Completeness: lacks committed entry ${index}`);
      }
    }
  }

  /** Log Matching: an entry is determined by index and term, and so is the one before it. */
  #checkLogMatching(node: SimulatedNode, index: number, entries: readonly Entry[]): void {
    const { log } = node.raft.state;
    if (node.disk.entries.length + (node.disk.snapshot?.lastIncludedIndex ?? 0) >= index) {
      this.counts.truncations++;
    }
    for (const [at, entry] of entries.entries()) {
      const previous = at === 0 ? log.term(index - 1) : entries[at - 1]?.term;
      const key = `${index + at} ${entry.term}`;
      const text = `${previous} ${stringifyJson(entry)}`;
      const known = this.#entries.get(key);
      if (known !== undefined && known !== text) {
        throw this.#violation(node, `Log Matching: entry ${key} is ${text}, and ${known}`);
      }
      this.#entries.set(key, text);
    }
  }

  /** Linearizability: a read sees whatever a client may have seen before it began. */
  #checkRead(node: SimulatedNode, id: number): void {
    const neededIndex = this.#reads.get(id) ?? 0;
    this.#reads.delete(id);
    this.counts.servedReads++;
    if (node.appliedIndex < neededIndex) {
      throw this.#violation(node, `stale read: of ${node.appliedIndex}, not ${neededIndex}`);
    }
  }

  #violation(node: SimulatedNode, text: string): Error {
    const { seed, nodeCount } = this.#options;
    return new Error(`${node.id} at ${this.nowMs} ms, seed ${seed}, ${nodeCount} nodes: ${text}`);
  }
}

export const EMPTY_DISK: StoredState = { hardState: undefined, snapshot: undefined, entries: [] };

/** Returns what a disk holds after a change. */
export function written(disk: StoredState, write: Write): StoredState {
  switch (write.type) {
    case "hard-state":
      return { ...disk, hardState: write.hardState };
    case "entries": {
      const first = (disk.snapshot?.lastIncludedIndex ?? 0) + 1;
      const kept = disk.entries.slice(0, write.index - first);
      return { ...disk, entries: [...kept, ...write.entries] };
    }
    case "snapshot": {
      const { type: _, ...state } = write;
      return state;
    }
    default:
      throw new Error("Unexpected write", { cause: write satisfies never });
  }
}
