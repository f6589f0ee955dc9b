/**
 * The cycles among a history's transactions, as anomalies.
 *
 * Which models they rule out, and so the verdict, is certain. Which sorts of cycles there are is
 * searched for, component by component: Elle's way, then a quicker one where that takes too long.
 * A component that is too tangled even for this gives `cycle-search-timeout`, and one cycle of it
 * nonetheless.
 *
 * @see Elle 0.2.2, elle.txn/cycle-cases-in-scc
 */

import { bifurcanOperationHash } from "../../clojure/set-order.ts";
import { SEARCH_TIMEOUT } from "../anomalies.ts";
import {
  type AnomalyName,
  anomaliesForbiddenBy,
  anomaliesImpliedBy,
  modelsAtLeastAsStrongAs,
} from "../consistency-models.ts";
import type { Transaction } from "../transactions.ts";
import { Budget, BudgetExceeded } from "./budget.ts";
import { stronglyConnectedComponents } from "./components.ts";
import { CycleSearch } from "./cycle-search.ts";
import { ACYCLIC_PARTS, type AcyclicPart, CYCLE_TYPES, classify } from "./cycle-types.ts";
import { type Cycle, cyclicParts } from "./cyclic-parts.ts";
import { Dependencies } from "./dependencies.ts";
import { at, type Graph, type Subgraph, SubgraphExtractor } from "./graph.ts";
import { ALL_RELATIONS, type Relations } from "./relations.ts";
import type { RealtimeOrder } from "./session-order.ts";

/** Transactions and what is known of their order. */
export interface DependencyGraph {
  readonly graph: Graph;
  readonly transactions: readonly Transaction[];
  /** The real-time order, if the graph has it. */
  readonly realtime: RealtimeOrder | undefined;
  /** Of several reasons why one transaction precedes another, the one that counts: the first. */
  readonly precedence: readonly Relations[];
}

/** That a component of the graph has a cycle of some sort. */
export interface CycleCase {
  readonly anomaly: AnomalyName;
  /** How many transactions the component has. */
  readonly componentSize: number;
  /** Exhibits one, unless the search for it was given up. */
  readonly exhibit?: () => Cycle;
}

/** Steps that a search in one component may take, in Elle's way and then in the quick way. */
const THOROUGH_STEPS = 300_000;
const QUICK_STEPS = 2_000_000;
/** Steps for all components of a history together, ... */
const TOTAL_STEPS = 10_000_000;
/** ... and those that each has in any case, so that small ones are always searched. */
const LEAST_STEPS = 2_000;

/** All cases of cycles in a history's dependency graph. */
export function* cycleCases(
  problem: DependencyGraph,
  maxSteps = TOTAL_STEPS,
): Generator<CycleCase> {
  const { graph } = problem;
  const extractor = new SubgraphExtractor(graph);
  const total = new Budget(maxSteps);
  for (const nodes of stronglyConnectedComponents(graph, ALL_RELATIONS, { selfEdges: false })) {
    yield* casesInComponent(extractor.extract(nodes), problem, total);
  }
}

function* casesInComponent(
  component: Subgraph,
  problem: DependencyGraph,
  total: Budget,
): Generator<CycleCase> {
  const componentSize = component.transactionCount;
  const asCase = (anomaly: AnomalyName, exhibit: () => Cycle): CycleCase => ({
    anomaly,
    componentSize,
    exhibit: () => {
      const { transactions, steps } = exhibit();
      return { transactions: transactions.map((node) => at(component.originals, node)), steps };
    },
  });
  const parts = cyclicParts(component);
  for (const { name, exhibit } of parts) yield asCase(name, exhibit);

  const settled = new Set(impossibleCycles(parts));
  let found = 0;
  for (const isThorough of [true, false]) {
    const budget = total.portion(isThorough ? THOROUGH_STEPS : QUICK_STEPS, LEAST_STEPS);
    try {
      for (const cycle of cyclesInComponent(component, problem, { isThorough, settled, budget })) {
        found++;
        yield asCase(classify(cycle.steps), () => cycle);
      }
      return;
    } catch (error) {
      if (!(error instanceof BudgetExceeded)) throw error;
    }
  }
  yield { anomaly: SEARCH_TIMEOUT, componentSize };
  const [weakest] = parts;
  if (found === 0 && weakest !== undefined) {
    const cycle = weakest.exhibit();
    yield asCase(classify(cycle.steps), () => cycle);
  }
}

/**
 * Searches a component for one cycle of each sort.
 *
 * @param settled Sorts that need no search; those that are searched for are added, and those that
 *   are implied by a cycle that is found.
 * @throws {BudgetExceeded} if the budget did not suffice.
 */
function* cyclesInComponent(
  component: Subgraph,
  { transactions, realtime, precedence }: DependencyGraph,
  {
    isThorough,
    settled,
    budget,
  }: { readonly isThorough: boolean; readonly settled: Set<AnomalyName>; readonly budget: Budget },
): Generator<Cycle> {
  const dependencies = new Dependencies(component, realtime, budget);
  const hashOf = component.originals
    .subarray(0, dependencies.count)
    .map((node) => bifurcanOperationHash(transactions[node]?.completion.index ?? 0));
  for (const type of CYCLE_TYPES) {
    if (settled.has(type.name)) continue;
    const search = new CycleSearch(dependencies, type, budget);
    const nodes = isThorough ? search.firstCycle(hashOf) : search.quickCycle();
    settled.add(type.name);
    if (nodes === undefined) continue;
    const steps = nodes.map((node, i) => {
      const relations = dependencies.relations(node, nodes[(i + 1) % nodes.length] ?? node);
      return precedence.find((relation) => (relations & relation) !== 0) ?? 0;
    });
    // By what its edges count as, a cycle found for its read-write edges may have none, or others.
    // It is not reported then, and no second one is looked for.
    if (type.readWrites !== "none" && classify(steps) !== type.name) continue;
    for (const name of anomaliesImpliedBy([type.name])) settled.add(name);
    yield { transactions: nodes, steps };
  }
}

/** The sorts of cycles that cannot exist where only these parts are cyclic. */
function impossibleCycles(parts: readonly AcyclicPart[]): ReadonlySet<AnomalyName> {
  const fallen = modelsAtLeastAsStrongAs(parts.map(({ model }) => model));
  const standing = ACYCLIC_PARTS.map(({ model }) => model).filter((model) => !fallen.has(model));
  return anomaliesForbiddenBy(standing);
}
