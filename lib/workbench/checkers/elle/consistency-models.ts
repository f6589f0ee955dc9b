/**
 * Relates consistency models and anomalies: which imply which, and which forbid which.
 *
 * Elle's data are three small graphs: anomalies imply weaker anomalies (a G0 is also a G1c), models
 * imply weaker models (serializable implies snapshot isolation), and models forbid anomalies. All
 * queries are closures. A model forbids what it or any weaker model forbids, and whatever implies
 * that. An anomaly rules out the models that forbid it or anything it implies, and all stronger ones.
 *
 * Internally models have Adya's names ("PL-3"), externally the usual ones ("serializable").
 *
 * @see Adya, "Weak Consistency" (1999); Bailis et al., "Highly Available Transactions" (2013);
 *   Cerone et al., "A Framework for Transactional Consistency Models" (2015); Elle 0.2.2,
 *   elle.consistency-model
 */

/** The name of an anomaly, such as `"G1a"` or `"G-single-item-realtime"`. */
export type AnomalyName = string;
/** The name of a consistency model, such as `"read-committed"`. */
export type ModelName = string;

type Edges = Readonly<Record<string, readonly string[]>>;

/** For each anomaly, the anomalies that it implies. */
const IMPLIED_ANOMALIES: Edges = {
  G0: ["G1c", "G0-process"],
  "G0-process": ["G1c-process", "G0-realtime"],
  "G0-realtime": ["G1c-realtime"],
  G1a: ["G1"],
  G1b: ["G1"],
  G1c: ["G1", "G1c-process"],
  "G1c-process": ["G1c-realtime", "G1-process"],
  "G1c-realtime": ["G1-realtime"],
  G1: ["G1-process"],
  "G1-process": ["G1-realtime"],
  "G-single-item": ["G-single", "G-single-item-process", "G-nonadjacent-item"],
  "G-single-item-process": [
    "G-single-process",
    "G-single-item-realtime",
    "G-nonadjacent-item-process",
  ],
  "G-single-item-realtime": ["G-single-realtime", "G-nonadjacent-item-realtime"],
  "G-single": ["G-nonadjacent", "GSIb", "G-single-process"],
  "G-single-process": ["G-nonadjacent-process", "G-single-realtime"],
  "G-single-realtime": ["G-nonadjacent-realtime"],
  "G-nonadjacent-item": ["G-nonadjacent", "G2-item", "G-nonadjacent-item-process"],
  "G-nonadjacent-item-process": [
    "G-nonadjacent-process",
    "G2-item-process",
    "G-nonadjacent-item-realtime",
  ],
  "G-nonadjacent-item-realtime": ["G2-item-realtime", "G-nonadjacent-realtime"],
  "G-nonadjacent": ["G2", "G-nonadjacent-process"],
  "G-nonadjacent-process": ["G2-process", "G-nonadjacent-realtime"],
  "G-nonadjacent-realtime": ["G2-realtime"],
  G2: ["G2-process"],
  "G2-item": ["G2", "G2-item-process"],
  "G2-item-process": ["G2-process", "G2-item-realtime"],
  "G2-item-realtime": ["G2-realtime"],
  "G2-process": ["G2-realtime"],
  GSIa: ["GSI"],
  GSIb: ["GSI"],
  // Two committed reads that fit no single order of appends: one of them read a dirty state.
  "incompatible-order": ["G1a"],
  // Reading one's own later write is a wr cycle of length one.
  "future-read": ["G1c"],
  "dirty-update": ["G1a"],
  "lost-update": ["write-skew", "G2-item"],
  "write-skew": ["G2"],
};

/** Adya's name for each usual one. A model missing here has a single name. */
const CANONICAL_NAMES: Readonly<Record<ModelName, ModelName>> = {
  "consistent-view": "PL-2+",
  "conflict-serializable": "PL-3",
  "cursor-stability": "PL-CS",
  "forward-consistent-view": "PL-FCV",
  "monotonic-snapshot-read": "PL-MSR",
  "monotonic-view": "PL-2L",
  "read-committed": "PL-2",
  "read-uncommitted": "PL-1",
  "repeatable-read": "PL-2.99",
  serializable: "PL-3",
  "snapshot-isolation": "PL-SI",
  "strict-serializable": "PL-SS",
  "strong-serializable": "PL-SS",
  "update-serializable": "PL-3U",
  "strong-session-read-uncommitted": "strong-session-PL-1",
  "strong-session-read-committed": "strong-session-PL-2",
  "strong-read-uncommitted": "strong-PL-1",
  "strong-read-committed": "strong-PL-2",
};

/** The name to show for models with two usual names. */
const SHOWN_NAMES: Readonly<Record<ModelName, ModelName>> = {
  "PL-3": "serializable",
  "PL-SS": "strong-serializable",
};

/** For each model, the weaker models that it implies. */
const IMPLIED_MODELS: Edges = {
  "causal-cerone": ["read-atomic"],
  "PL-2+": ["PL-CS", "PL-2L"],
  "PL-CS": ["PL-2"],
  "PL-FCV": ["PL-2+"],
  "PL-2": ["PL-1"],
  "PL-3": ["PL-2.99", "PL-3U", "PL-SI", "view-serializable"],
  "PL-3U": ["PL-FCV"],
  "monotonic-atomic-view": ["PL-2"],
  "PL-2L": ["PL-2"],
  "PL-MSR": ["PL-2"],
  "parallel-snapshot-isolation": ["causal-cerone", "update-atomic"],
  prefix: ["causal-cerone"],
  "read-atomic": ["monotonic-atomic-view"],
  "PL-2.99": ["PL-CS", "monotonic-atomic-view"],
  "update-atomic": ["read-atomic"],
  "session-serializable": ["1SR"],
  "PL-SI": ["PL-FCV", "monotonic-atomic-view", "PL-MSR", "parallel-snapshot-isolation", "prefix"],
  "PL-SS": [
    "PL-3",
    "linearizable",
    "PL-SI",
    "strong-snapshot-isolation",
    "strong-session-serializable",
    "session-serializable",
  ],
  "strong-session-PL-1": ["PL-1"],
  "strong-session-PL-2": ["PL-2", "strong-session-PL-1"],
  "strong-PL-1": ["strong-session-PL-1"],
  "strong-PL-2": ["strong-session-PL-2", "strong-PL-1"],
  "strong-session-serializable": ["PL-3", "strong-session-snapshot-isolation"],
  "strong-session-snapshot-isolation": ["PL-SI", "strong-session-PL-2"],
  "strong-snapshot-isolation": ["strong-session-snapshot-isolation", "strong-PL-2"],
  linearizable: ["sequential"],
  sequential: ["causal"],
  causal: ["writes-follow-reads", "PRAM"],
  PRAM: ["monotonic-reads", "monotonic-writes", "read-your-writes"],
};

/** For each model, the anomalies that it forbids beyond those that weaker models forbid. */
const FORBIDDEN_ANOMALIES: Edges = {
  "causal-cerone": ["internal", "G1a"],
  "PL-CS": ["G1", "G-cursor", "lost-update"],
  "PL-2L": ["G1", "G-monotonic"],
  "PL-MSR": ["G1", "G-MSR"],
  "PL-2+": ["G1", "G-single"],
  "PL-FCV": ["G1", "G-SIb"],
  "parallel-snapshot-isolation": ["internal", "G1a"],
  "PL-3": ["G1", "G2", "internal", "predicate-read-miss", "PL-3-cycle-exists"],
  "PL-2": ["G1", "PL-2-cycle-exists"],
  "PL-1": ["G0", "duplicate-elements", "cyclic-versions", "PL-1-cycle-exists"],
  prefix: ["internal", "G1a"],
  "PL-SI": ["internal", "G1", "G-SI", "G-nonadjacent", "PL-SI-cycle-exists"],
  "read-atomic": ["internal", "G1a", "future-read"],
  "PL-2.99": ["G1", "G2-item", "PL-2.99-cycle-exists", "lost-update"],
  "update-atomic": ["lost-update"],
  "PL-SS": ["G1", "G1c-realtime", "G2-realtime", "PL-SS-cycle-exists"],
  "strong-session-PL-1": ["strong-session-PL-1-cycle-exists", "G0-process"],
  "strong-session-PL-2": ["strong-session-PL-2-cycle-exists", "G1c-process"],
  "strong-PL-1": ["strong-PL-1-cycle-exists", "G0-realtime"],
  "strong-PL-2": ["strong-PL-2-cycle-exists", "G1c-realtime"],
  "strong-session-snapshot-isolation": [
    "internal",
    "G1-process",
    "G-nonadjacent-process",
    "strong-session-snapshot-isolation-cycle-exists",
  ],
  "strong-snapshot-isolation": [
    "internal",
    "G1-realtime",
    "G-nonadjacent-realtime",
    "strong-snapshot-isolation-cycle-exists",
  ],
  "strong-session-serializable": [
    "G1-process",
    "G2-process",
    "strong-session-serializable-cycle-exists",
  ],
  "PL-3U": ["G1", "G-update"],
};

const weaker = edges(IMPLIED_MODELS);
const stronger = reversed(weaker);
const implied = edges(IMPLIED_ANOMALIES);
const implying = reversed(implied);
const forbids = edges(FORBIDDEN_ANOMALIES);
const forbiddenBy = reversed(forbids);
const canonicalNames = new Map(Object.entries(CANONICAL_NAMES));
const shownNames = new Map([
  ...Object.entries(CANONICAL_NAMES).map(([shown, canonical]) => [canonical, shown] as const),
  ...Object.entries(SHOWN_NAMES),
]);

/** All names of models, sorted. */
export const modelNames: readonly ModelName[] = [
  ...new Set([...weaker.keys(), ...stronger.keys(), ...canonicalNames.keys()]),
].sort();

/**
 * Returns the anomalies that any of these models forbids.
 *
 * @throws {Error} if a name is not the name of a model.
 */
export function anomaliesForbiddenBy(models: Iterable<ModelName>): ReadonlySet<AnomalyName> {
  const direct = [...closure(weaker, canonical(models))].flatMap((model) => [
    ...(forbids.get(model) ?? []),
  ]);
  return closure(implying, direct);
}

/** Returns these anomalies and all that they imply. */
export function anomaliesImpliedBy(anomalies: Iterable<AnomalyName>): ReadonlySet<AnomalyName> {
  return closure(implied, anomalies);
}

/** Returns the models, by Adya's names, that these anomalies violate. */
export function modelsRuledOutBy(anomalies: Iterable<AnomalyName>): ReadonlySet<ModelName> {
  const direct = [...anomaliesImpliedBy(anomalies)].flatMap((anomaly) => [
    ...(forbiddenBy.get(anomaly) ?? []),
  ]);
  return closure(stronger, direct);
}

/** Returns these models, by Adya's names, and all stronger ones. */
export function modelsAtLeastAsStrongAs(models: Iterable<ModelName>): ReadonlySet<ModelName> {
  return closure(stronger, canonical(models));
}

/**
 * Returns the models that these anomalies violate: `not` the weakest ones, `alsoNot` all others.
 * Both are sorted, by their usual names.
 *
 * @see elle.consistency-model/friendly-boundary
 */
export function boundary(anomalies: Iterable<AnomalyName>): {
  readonly not: readonly ModelName[];
  readonly alsoNot: readonly ModelName[];
} {
  const ruledOut = modelsRuledOutBy(anomalies);
  const isWeakest = (model: ModelName) =>
    [...closure(weaker, [model])].every((other) => other === model || !ruledOut.has(other));
  const shown = (models: ModelName[]) => models.map(usualName).sort();
  return {
    not: shown([...ruledOut].filter(isWeakest)),
    alsoNot: shown([...ruledOut].filter((model) => !isWeakest(model))),
  };
}

/** Returns the usual name of a model, given Adya's. */
export function usualName(model: ModelName): ModelName {
  return shownNames.get(model) ?? model;
}

function canonical(models: Iterable<ModelName>): ModelName[] {
  return [...models].map((model) => {
    if (!modelNames.includes(model)) {
      throw new Error(`Unknown consistency model "${model}": known are ${modelNames.join(", ")}`);
    }
    return canonicalNames.get(model) ?? model;
  });
}

function edges(table: Edges): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(Object.entries(table).map(([from, to]) => [from, new Set(to)]));
}

function reversed(graph: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>();
  for (const [from, targets] of graph) {
    for (const to of targets) {
      const sources = result.get(to) ?? new Set();
      result.set(to, sources.add(from));
    }
  }
  return result;
}

/** Returns everything reachable from these, themselves included. */
function closure(
  graph: ReadonlyMap<string, ReadonlySet<string>>,
  from: Iterable<string>,
): Set<string> {
  // A set that grows while it is iterated over is a queue that visits everything once.
  const seen = new Set(from);
  for (const node of seen) {
    for (const next of graph.get(node) ?? []) seen.add(next);
  }
  return seen;
}
