/**
 * The state of a node, as in figure 3.1 of the Raft thesis, and what is to be done about changes of it:
 * writes for the disk, messages for the network, committed entries for the state machine.
 *
 * A message may leave only when the disk has the term and the vote that it was sent under. So
 * messages wait in an outbox for the last change of those.
 */
import type { NodeId } from "../vortex/index.ts";
import { type Checks, UNCHECKED } from "./checks.ts";
import { RaftLog, type Snapshot } from "./log.ts";
import type { Entry, Incarnation, Outgoing, RaftMessage } from "./messages.ts";

/** The state besides the log that a node must find again after a restart. */
export interface HardState {
  readonly currentTerm: number;
  readonly votedFor: NodeId | null;
  readonly incarnation: Incarnation;
  /** Number of starts with this incarnation. */
  readonly boot: number;
  /**
   * Whether the node may vote and its acknowledgements count: not if its disk was found empty, until
   * the cluster has admitted it.
   */
  readonly isVoter: boolean;
}

/** The content of a node's disk. */
export interface StoredState {
  readonly hardState: HardState | undefined;
  readonly snapshot: Snapshot | undefined;
  /** The entries after the snapshot. */
  readonly entries: readonly Entry[];
}

/** A change for the disk. */
export type Write =
  | { readonly type: "hard-state"; readonly hardState: HardState }
  /** The entries replace all that the log holds from their index on. */
  | { readonly type: "entries"; readonly index: number; readonly entries: readonly Entry[] }
  /** Replaces everything that is stored. */
  | ({ readonly type: "snapshot" } & Required<StoredState>);

/** An entry to apply to the state machine. */
export interface Committed {
  readonly index: number;
  readonly entry: Entry;
}

/** Messages of a node whose disk does not answer; older ones are dropped, as by a network. */
const MAX_WAITING_MESSAGES = 100;

export class RaftState {
  readonly id: NodeId;
  readonly nodeIds: readonly NodeId[];
  readonly peers: readonly NodeId[];
  readonly checks: Checks;
  readonly log: RaftLog;
  /** Whether the node has started with an empty disk. */
  readonly isNew: boolean;
  #hardState: HardState;
  #commitIndex: number;
  /** Index of the last entry that was handed out to be applied. */
  #appliedIndex: number;
  #restored: Snapshot | undefined;
  /** The incarnations of nodes with an empty disk that have asked for a history. */
  readonly #greeted = new Map<NodeId, Incarnation>();
  #writes: Write[] = [];
  /** Number of writes handed out so far. */
  #writeCount = 0;
  /** Number of the last write of a hard state. */
  #lastHardStateWrite = 0;
  #storedCount = 0;
  /** The writes of entries that are not stored: each with the first index that it changes. */
  #unstored: { readonly number: number; readonly index: number; readonly sinceMs: number }[] = [];
  #outbox: { readonly message: Outgoing; readonly afterWrite: number }[] = [];
  #nowMs: number;

  constructor(
    identity: {
      readonly id: NodeId;
      readonly nodeIds: readonly NodeId[];
      /** Its incarnation if the disk is empty. */
      readonly newIncarnation: Incarnation;
      readonly checks?: Checks;
    },
    { hardState, snapshot, entries }: StoredState,
    nowMs: number,
  ) {
    this.id = identity.id;
    this.nodeIds = identity.nodeIds;
    this.checks = identity.checks ?? UNCHECKED;
    this.peers = identity.nodeIds.filter((node) => node !== identity.id);
    this.log = new RaftLog(snapshot, entries);
    this.isNew = hardState === undefined;
    this.#commitIndex = this.log.snapshotIndex;
    this.#appliedIndex = this.log.snapshotIndex;
    this.#restored = snapshot;
    this.#nowMs = nowMs;
    this.#hardState = {
      currentTerm: 0,
      votedFor: null,
      incarnation: identity.newIncarnation,
      isVoter: false,
      ...hardState,
      boot: (hardState?.boot ?? 0) + 1,
    };
    this.#writeHardState();
  }

  /** The time of the input that is being handled, in ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  set nowMs(nowMs: number) {
    this.#nowMs = Math.max(nowMs, this.#nowMs);
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  get currentTerm(): number {
    return this.#hardState.currentTerm;
  }

  get commitIndex(): number {
    return this.#commitIndex;
  }

  /** Whether the node has ever had an entry. */
  get hasHistory(): boolean {
    return this.log.lastIndex > 0;
  }

  /** The log is stored up to this index. */
  get stableIndex(): number {
    const changed = this.#unstored.map(({ index }) => index - 1);
    return Math.min(this.log.lastIndex, ...changed);
  }

  /** For how long the oldest change of the log has waited for the disk, in ms. */
  get storingForMs(): number {
    const [oldest] = this.#unstored;
    return oldest === undefined ? 0 : this.#nowMs - oldest.sinceMs;
  }

  /** Whether the disk has the current term and vote. */
  get isHardStateStored(): boolean {
    return this.#lastHardStateWrite <= this.#storedCount;
  }

  /** Notes that this node has replied to an incarnation of another that it has no entry. */
  greet(node: NodeId, incarnation: Incarnation): void {
    this.#greeted.set(node, incarnation);
  }

  /** Whether a node's promises count that it has made as this incarnation: see `joining.ts`. */
  isCurrent(node: NodeId, incarnation: Incarnation): boolean {
    const admitted = this.log.admissionOf(node)?.incarnation;
    const known = this.hasHistory ? admitted : this.#greeted.get(node);
    return known === undefined || known === incarnation;
  }

  setHardState(change: Partial<HardState>): void {
    const before = this.#hardState;
    this.#hardState = { ...before, ...change };
    const { currentTerm, votedFor } = this.#hardState;
    const isSameTerm = currentTerm === before.currentTerm;
    this.checks.always(currentTerm >= before.currentTerm, "the term never decreases");
    this.checks.always(
      !isSameTerm || before.votedFor === null || votedFor === before.votedFor,
      "a node votes once in a term",
      () => ({ currentTerm, votedFor, before: before.votedFor }),
    );
    this.#writeHardState();
  }

  /** Appends entries after the entry before `index`; removes what the log held from there on. */
  append(index: number, entries: readonly Entry[]): void {
    this.checks.always(index > this.#commitIndex, "a committed entry is never replaced", () => ({
      index,
      commitIndex: this.#commitIndex,
    }));
    this.checks.sometimes(index <= this.log.lastIndex, "the log is truncated on a conflict");
    if (index <= this.#commitIndex) {
      throw new Error(`Committed entry ${index} of ${this.id} would be replaced`);
    }
    if (index <= this.log.lastIndex) this.log.truncate(index);
    for (const entry of entries) this.log.append(entry);
    this.#write({ type: "entries", index, entries });
    this.#unstored.push({ number: this.#writeCount, index, sinceMs: this.#nowMs });
  }

  /** Commits the log up to an index. */
  commitTo(index: number): void {
    if (index <= this.#commitIndex) return;
    this.checks.always(index <= this.log.lastIndex, "what is committed is in the log", () => ({
      index,
      lastIndex: this.log.lastIndex,
    }));
    if (index > this.log.lastIndex) throw new Error(`${this.id} has no entry ${index} to commit`);
    this.#commitIndex = index;
    const admission = this.log.admissionOf(this.id);
    if (this.#hardState.isVoter || admission === undefined) return;
    const { incarnation } = this.#hardState;
    if (admission.index <= index && admission.incarnation === incarnation) {
      this.setHardState({ isVoter: true });
    }
  }

  /** Replaces the entries up to the last applied one by the state machine's state. */
  compact(state: string, keepFrom: number): void {
    const lastIncludedIndex = this.#appliedIndex;
    const lastIncludedTerm = this.log.term(lastIncludedIndex);
    if (lastIncludedTerm === undefined || lastIncludedIndex <= this.log.snapshotIndex) return;
    const admitted = this.log.admittedUpTo(lastIncludedIndex);
    this.checks.sometimes(true, "the log is compacted");
    this.log.compact({ lastIncludedIndex, lastIncludedTerm, admitted, state }, keepFrom);
    this.#writeSnapshot();
  }

  /** Replaces the log and the state machine's state by a leader's snapshot (§5.1). */
  restore(snapshot: Snapshot): void {
    const { lastIncludedIndex } = snapshot;
    this.checks.always(
      lastIncludedIndex > this.#commitIndex,
      "a snapshot never replaces newer state",
      () => ({ lastIncludedIndex, commitIndex: this.#commitIndex }),
    );
    this.checks.sometimes(true, "a snapshot is installed");
    this.log.restore(snapshot);
    this.#commitIndex = snapshot.lastIncludedIndex;
    this.#appliedIndex = snapshot.lastIncludedIndex;
    this.#restored = snapshot;
    const { incarnation, isVoter } = this.#hardState;
    const isAdmitted = this.log.admissionOf(this.id)?.incarnation === incarnation;
    if (isAdmitted && !isVoter) this.setHardState({ isVoter: true });
    this.#writeSnapshot();
    const index = snapshot.lastIncludedIndex;
    this.#unstored.push({ number: this.#writeCount, index, sinceMs: this.#nowMs });
  }

  send(dest: NodeId, body: RaftMessage): void {
    this.#outbox.push({ message: { dest, body }, afterWrite: this.#lastHardStateWrite });
    if (this.#outbox.length > MAX_WAITING_MESSAGES && !this.isHardStateStored) {
      this.#outbox.shift();
    }
  }

  /** Notes that the disk has all writes up to the one with this number. */
  stored(number: number): void {
    this.#storedCount = Math.max(this.#storedCount, number);
    this.#unstored = this.#unstored.filter((write) => write.number > this.#storedCount);
  }

  /** Returns the messages that may leave. */
  takeMessages(): Outgoing[] {
    const isFree = ({ afterWrite }: { readonly afterWrite: number }) =>
      afterWrite <= this.#storedCount;
    const free = this.#outbox.filter(isFree).map(({ message }) => message);
    this.#outbox = this.#outbox.filter((waiting) => !isFree(waiting));
    return free;
  }

  /** Returns the changes for the disk, with the number of the last one. */
  takeWrites(): { readonly writes: readonly Write[]; readonly lastWrite: number } {
    return { writes: this.#writes.splice(0), lastWrite: this.#writeCount };
  }

  /** Returns the snapshot to start from, if there is one, and the committed entries since. */
  takeCommitted(): { restored: Snapshot | undefined; committed: Committed[] } {
    const restored = this.#restored;
    this.#restored = undefined;
    const committed: Committed[] = [];
    while (this.#appliedIndex < this.#commitIndex) {
      const index = this.#appliedIndex + 1;
      const entry = this.log.entry(index);
      if (entry === undefined) throw new Error(`${this.id} has no committed entry ${index}`);
      committed.push({ index, entry });
      this.#appliedIndex = index;
    }
    return { restored, committed };
  }

  #writeHardState(): void {
    this.#write({ type: "hard-state", hardState: this.#hardState });
    this.#lastHardStateWrite = this.#writeCount;
  }

  #writeSnapshot(): void {
    const { snapshot, snapshotIndex } = this.log;
    const entries = this.log.from(snapshotIndex + 1, Number.POSITIVE_INFINITY);
    this.#write({ type: "snapshot", hardState: this.#hardState, snapshot, entries });
  }

  #write(write: Write): void {
    this.#writes.push(write);
    this.#writeCount++;
  }
}
