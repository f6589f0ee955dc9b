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
import { loadMutatedRaft } from "../../support/mutated-raft.ts";
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
  load(): Promise<AnyProgram>;
}

/** Everything that Raft claims to survive. */
const ALL_FAULTS: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 50,
  timeLimitS: 10,
  recoveryS: 3,
  latency: { meanMs: 5, distribution: "exponential" },
  nemesis: ["kill", "disk", "partition", "pause", "loss", "duplicate"],
  nemesisIntervalS: 1,
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
      const raft = await loadMutatedRaft([...FREQUENT_SNAPSHOTS, ...replacements]);
      return workload === "lin-kv" ? linKvOn(raft) : listAppendOn(raft);
    },
  };
}

export const SUBJECTS: readonly Subject[] = [
  ...SUBTLE.map(({ bug, workload, options, make }) => ({
    group: "subtle" as const,
    name: `${workload} that ${bug}`,
    workload,
    options,
    load: async () => make("broken"),
  })),
  ...RAFT_BUGS.map(raftSubject),
  ...BROKEN.map(({ bug, workload, options, program }) => ({
    group: "easy" as const,
    name: `${workload} that ${bug}`,
    workload,
    options,
    load: async () => program,
  })),
];
