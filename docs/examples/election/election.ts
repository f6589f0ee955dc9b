import * as v from "valibot";
import {
  defineWorkload,
  type History,
  type HistoryEntry,
  type InvariantFinding,
  invariant,
  rpc,
} from "vortex/workload";

/** The fields of a reply: the leader that the node follows, and its term. */
const View = { term: v.number(), leader: v.nullable(v.string()) };

export const election = defineWorkload({
  doc: "Nodes elect a leader: at most one in each term, and in the end all follow the same.",
  operations: {
    leader: rpc({
      reply: View,
      outcome: ({ term, leader }) => ({ term, leader }),
      idempotent: true,
    }),
  },
  generators: ({ eachClient, once }) => ({
    main: () => ({ f: "leader" }),
    final: eachClient(() => once({ f: "leader", final: true })),
  }),
  check: invariant((history) => [...twoLeaders(history), ...disagreement(history)]),
});

/** The answers of nodes that know a leader. */
function answers(history: History) {
  return history.flatMap((entry) => {
    if (entry.f !== "leader" || entry.type !== "ok") return [];
    const { term, leader } = v.parse(v.object(View), entry.value);
    return [{ term, leader, entry }];
  });
}

function twoLeaders(history: History): InvariantFinding[] {
  const known = answers(history).filter(({ leader }) => leader !== null);
  const byTerm = [...Map.groupBy(known, ({ term }) => term).values()];
  return byTerm.flatMap((views) => {
    const [first] = views;
    const other = views.find(({ leader }) => leader !== first?.leader);
    if (first === undefined || other === undefined) return [];
    const says = ({ leader, entry }: typeof first) => `${leader} according to ${entry.node}`;
    return {
      anomaly: "two-leaders",
      sentence: `term ${first.term} has two leaders: ${says(first)}, ${says(other)}`,
      operations: [first.entry, other.entry],
    };
  });
}

function disagreement(history: History): InvariantFinding[] {
  const last = answers(history.filter((entry: HistoryEntry) => entry.final === true));
  const leaders = new Set(last.map(({ leader }) => leader));
  if (leaders.size === 1 && !leaders.has(null)) return [];
  const views = last.map(({ leader, entry }) => `${entry.node} follows ${leader ?? "no node"}`);
  return [
    {
      anomaly: "no-common-leader",
      sentence: `after the faults ${views.join(", ") || "no node replied"}`,
      operations: last.map(({ entry }) => entry),
    },
  ];
}
