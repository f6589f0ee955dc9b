/** The records that a node stores: the writes of the core, as JSON. */
import * as v from "valibot";
import type { Storage } from "../vortex/index.ts";
import { Entry } from "./messages.ts";
import type { HardState, StoredState, Write } from "./state.ts";

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const HardStateRecord = v.object({
  hardState: v.object({
    currentTerm: Count,
    votedFor: v.nullable(v.string()),
    incarnation: v.string(),
    boot: Count,
    isVoter: v.boolean(),
  }),
});

/** Entries that replace all that the log holds from their index on. */
const EntriesRecord = v.object({ index: Count, entries: v.array(Entry) });

const SnapshotRecord = v.object({
  snapshot: v.object({
    lastIncludedIndex: Count,
    lastIncludedTerm: Count,
    admitted: v.array(v.tuple([v.string(), v.string()])),
    state: v.string(),
  }),
});

export const RaftRecord = v.union([HardStateRecord, EntriesRecord, SnapshotRecord]);
export type RaftRecord = v.InferOutput<typeof RaftRecord>;

/** Makes a change in the node's storage; a sync makes it durable. */
export function write(storage: Storage<RaftRecord, RaftRecord>, change: Write): void {
  switch (change.type) {
    case "hard-state":
      storage.append({ hardState: change.hardState });
      break;
    case "entries":
      storage.append({ index: change.index, entries: [...change.entries] });
      break;
    case "snapshot":
      storage.replace(recordsOf(change));
      break;
    default:
      throw new Error("Unexpected write", { cause: change satisfies never });
  }
}

/** Returns the state that records describe. */
export function readRecords(records: readonly RaftRecord[]): StoredState {
  let hardState: HardState | undefined;
  let snapshot: StoredState["snapshot"];
  let entries: Entry[] = [];
  for (const record of records) {
    if ("hardState" in record) {
      hardState = record.hardState;
    } else if ("snapshot" in record) {
      snapshot = record.snapshot;
      entries = [];
    } else {
      const firstIndex = (snapshot?.lastIncludedIndex ?? 0) + 1;
      entries = [...entries.slice(0, record.index - firstIndex), ...record.entries];
    }
  }
  return { hardState, snapshot, entries };
}

function recordsOf({ hardState, snapshot, entries }: Required<StoredState>): RaftRecord[] {
  return [
    ...(snapshot === undefined
      ? []
      : [{ snapshot: { ...snapshot, admitted: snapshot.admitted.map(([...pair]) => pair) } }]),
    ...(hardState === undefined ? [] : [{ hardState }]),
    ...(entries.length === 0
      ? []
      : [{ index: (snapshot?.lastIncludedIndex ?? 0) + 1, entries: [...entries] }]),
  ];
}
