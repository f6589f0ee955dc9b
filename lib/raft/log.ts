/**
 * The log of a node: a snapshot of the state machine, and the entries since.
 *
 * Indices start at 1; the entry before the first one has index 0 and term 0.
 *
 * @see Raft thesis, §3.5 (log), §5 (compaction)
 */
import { jsonLength, type NodeId, takeChunk } from "../vortex/index.ts";
import type { Entry, Incarnation } from "./messages.ts";

/** The state of the state machine after an entry; the log before that entry is no longer needed. */
export interface Snapshot {
  readonly lastIncludedIndex: number;
  readonly lastIncludedTerm: number;
  /** The nodes that the log up to here has admitted with an empty disk. */
  readonly admitted: readonly (readonly [NodeId, Incarnation])[];
  /** The state, as text: the JSON of the program's own snapshot. */
  readonly state: string;
}

/** An entry with its index and its length in characters, roughly. */
interface StoredEntry {
  readonly entry: Entry;
  readonly length: number;
}

interface Admission {
  readonly index: number;
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

export class RaftLog {
  #snapshot: Snapshot | undefined;
  /** Index and term of the entry before the first one that is kept. */
  #base = { index: 0, term: 0 };
  #entries: StoredEntry[] = [];
  #length = 0;
  /** Length of the kept entries that the snapshot covers. */
  #lengthBeforeSnapshot = 0;
  /** The admissions in the entries since the snapshot; there are hardly ever any. */
  #admissions: Admission[] = [];

  constructor(snapshot: Snapshot | undefined, entries: readonly Entry[]) {
    if (snapshot !== undefined) this.restore(snapshot);
    for (const entry of entries) this.append(entry);
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Index of the last entry in the snapshot; 0 without one. */
  get snapshotIndex(): number {
    return this.#snapshot?.lastIncludedIndex ?? 0;
  }

  /** Index of the first entry that is kept. */
  get firstIndex(): number {
    return this.#base.index + 1;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.entry.term ?? this.#base.term;
  }

  /** Length of the kept entries in characters, roughly. */
  get length(): number {
    return this.#length;
  }

  /** Length of the entries after the snapshot in characters, roughly. */
  get lengthSinceSnapshot(): number {
    return this.#length - this.#lengthBeforeSnapshot;
  }

  /** Returns the entry at an index, or `undefined` outside the kept ones. */
  entry(index: number): Entry | undefined {
    return this.#entries[index - this.firstIndex]?.entry;
  }

  /** Returns the term of the entry at an index, or `undefined` where it is unknown. */
  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    if (index === this.snapshotIndex) return this.#snapshot?.lastIncludedTerm;
    return this.entry(index)?.term;
  }

  /**
   * Whether the log holds an entry with this index and term, or did before it was compacted.
   *
   * Compacted entries are committed, and every leader has them (Leader Completeness).
   */
  matches(index: number, term: number): boolean {
    return index < this.#base.index || this.term(index) === term;
  }

  /** Whether a log that ends with this entry is at least as up-to-date as this one (§3.6.1). */
  isUpToDate(lastLogIndex: number, lastLogTerm: number): boolean {
    if (lastLogTerm !== this.lastTerm) return lastLogTerm > this.lastTerm;
    return lastLogIndex >= this.lastIndex;
  }

  /** Returns the entries from an index on: as many as `maxLength` characters allow, at least one. */
  from(index: number, maxLength: number): Entry[] {
    const entries = this.#entriesFrom(index);
    return takeChunk(entries, maxLength, ({ length }) => length).map(({ entry }) => entry);
  }

  append(entry: Entry): void {
    const length = entryLength(entry);
    this.#entries.push({ entry, length });
    this.#length += length;
    if (entry.admits !== undefined) {
      this.#admissions.push({ index: this.lastIndex, ...entry.admits });
    }
  }

  /** Removes the entries from an index on. */
  truncate(index: number): void {
    for (const { length } of this.#entries.splice(index - this.firstIndex)) this.#length -= length;
    this.#admissions = this.#admissions.filter((admission) => admission.index < index);
  }

  /** Replaces the snapshot by a newer one, and removes the entries before `firstIndex`. */
  compact(snapshot: Snapshot, firstIndex: number): void {
    const index = Math.min(firstIndex - 1, snapshot.lastIncludedIndex);
    if (index > this.#base.index) {
      const term = this.term(index) ?? snapshot.lastIncludedTerm;
      const removed = this.#entries.splice(0, index - this.#base.index);
      for (const { length } of removed) this.#length -= length;
      this.#base = { index, term };
    }
    this.#setSnapshot(snapshot);
  }

  /** Replaces the whole log by the snapshot of a leader. */
  restore(snapshot: Snapshot): void {
    this.#entries = [];
    this.#length = 0;
    this.#base = { index: snapshot.lastIncludedIndex, term: snapshot.lastIncludedTerm };
    this.#setSnapshot(snapshot);
  }

  /** Returns the last admission of a node: its incarnation, and the index that admits it. */
  admissionOf(node: NodeId): { readonly index: number; readonly incarnation: string } | undefined {
    const recent = this.#admissions.findLast((admission) => admission.node === node);
    if (recent !== undefined) return recent;
    const [, incarnation] = this.#snapshot?.admitted.find(([name]) => name === node) ?? [];
    return incarnation === undefined ? undefined : { index: this.snapshotIndex, incarnation };
  }

  /** Returns the incarnations of the nodes that the log has admitted up to an index. */
  admittedUpTo(index: number): (readonly [NodeId, Incarnation])[] {
    const admitted = new Map(this.#snapshot?.admitted);
    for (const admission of this.#admissions) {
      if (admission.index <= index) admitted.set(admission.node, admission.incarnation);
    }
    return [...admitted];
  }

  *#entriesFrom(index: number): Generator<StoredEntry> {
    for (let at = index - this.firstIndex; at < this.#entries.length; at++) {
      const stored = this.#entries[at];
      if (stored !== undefined) yield stored;
    }
  }

  #setSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#lengthBeforeSnapshot = this.#entries
      .slice(0, snapshot.lastIncludedIndex - this.#base.index)
      .reduce((sum, { length }) => sum + length, 0);
    this.#admissions = this.#admissions.filter(({ index }) => index > snapshot.lastIncludedIndex);
  }
}

/** Length of what surrounds a command in an entry, in characters. */
const ENTRY_OVERHEAD = 40;

function entryLength({ command }: Entry): number {
  return ENTRY_OVERHEAD + (command === undefined ? 0 : jsonLength(command));
}
