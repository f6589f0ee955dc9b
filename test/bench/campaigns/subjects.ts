/** The broken programs that a search has to find. */
import type { AnyProgram } from "../../../lib/vortex/index.ts";
import type { WorkloadName } from "../../../lib/workbench/workloads/index.ts";
import { BROKEN } from "../../broken/index.ts";
import {
  FREQUENT_SNAPSHOTS,
  linKvOn,
  listAppendOn,
  RAFT_BUGS,
  type RaftBug,
} from "../../broken/raft.ts";
import { SUBTLE } from "../../broken/subtle/index.ts";
import { loadMutatedRaft, type Replacement } from "../../support/mutated-raft.ts";
import type { SimulatedOptions } from "../../support/simulations/simulate.ts";

export const GROUPS = ["subtle", "raft", "easy"] as const;
/** Few seeds show the bug; a bug of Raft; one of the first seeds shows it. */
export type Group = (typeof GROUPS)[number];

export interface Subject {
  readonly group: Group;
  /** Unique: the workload and the bug. */
  readonly name: string;
  readonly workload: WorkloadName;
  readonly options: SimulatedOptions;
  /** The anomaly that its bug results in, as of `symptomsOf`; any other counts, too. */
  readonly shows?: string;
  load(): Promise<AnyProgram>;
}

/** Some bugs are in what a leader does without a lease. */
const NO_LEASE: Replacement = { from: "hasLease: true,", to: "hasLease: false," };

/** Raft stays available enough under these: with all faults at once, it may commit nothing at all. */
const ALL_FAULTS: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 50,
  timeLimitS: 20,
  recoveryS: 3,
  latency: { meanMs: 5, distribution: "exponential" },
  nemesis: ["kill", "disk", "partition"],
  nemesisIntervalS: 2,
};

function raftSubject({ bug, setting, replacements }: RaftBug): Subject {
  const workload = setting === "txn-list-append" ? setting : "lin-kv";
  return {
    group: "raft",
    name: `Raft that ${bug}`,
    workload,
    options: setting.startsWith("5")
      ? { ...ALL_FAULTS, nodeCount: 5, concurrency: 10 }
      : ALL_FAULTS,
    async load() {
      const timing = setting === "3 cores without lease, few commands" ? [NO_LEASE] : [];
      const raft = await loadMutatedRaft([...FREQUENT_SNAPSHOTS, ...timing, ...replacements]);
      return workload === "lin-kv" ? linKvOn(raft) : listAppendOn(raft);
    },
  };
}

export const SUBJECTS: readonly Subject[] = [
  ...SUBTLE.map(({ bug, workload, options, shows, make }) => ({
    group: "subtle" as const,
    name: `${workload} that ${bug}`,
    workload,
    options,
    shows,
    load: async () => make("broken"),
  })),
  ...RAFT_BUGS.map(raftSubject),
  ...BROKEN.map(({ bug, workload, options, shows, program }) => ({
    group: "easy" as const,
    name: `${workload} that ${bug}`,
    workload,
    options,
    shows,
    load: async () => program,
  })),
];
