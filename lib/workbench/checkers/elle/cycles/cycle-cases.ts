/**
 * Finds the cycles in a dependency graph, and classifies them as anomalies.
 *
 * The models that cycles rule out, and so the verdict, are certain. The types of cycles are searched
 * for in each component: by Elle's search, then by a quicker one if that takes too long. A component
 * that exceeds both searches gets `cycle-search-timeout` and one example of a cycle.
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

/** Transactions and their dependencies. */
export interface DependencyGraph {
  readonly graph: Graph;
  readonly transactions: readonly Transaction[];
  /** The real-time order, if the graph includes it. */
  readonly realtime: RealtimeOrder | undefined;
  /** If several relations hold between two transactions, the first of these counts. */
  readonly precedence: readonly Relations[];
}

/** A type of cycle that a component of the graph has. */
export interface CycleCase {
  readonly anomaly: AnomalyName;
  /** Number of transactions in the component. */
  readonly componentSize: number;
  /** Returns an example; absent if the search was given up. */
  readonly exhibit?: () => Cycle;
}

/** Maximum number of steps in a component, of Elle's search and of the quick one. */
const THOROUGH_STEPS = 300_000;
const QUICK_STEPS = 2_000_000;
/** Maximum number of steps in all components together. */
const TOTAL_STEPS = 10_000_000;
/** Steps that every component gets even beyond the total, so that small ones are always searched. */
const LEAST_STEPS = 2_000;

/** Finds all types of cycles in a dependency graph, component by component. */
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
    const budget = total.slice(isThorough ? THOROUGH_STEPS : QUICK_STEPS, LEAST_STEPS);
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
 * Searches a component for a cycle of each type.
 *
 * @param settled Types that need no search. Types that were searched are added, and types that a
 *   found cycle implies.
 * @throws {BudgetExceeded} if the budget does not suffice.
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
    // An edge with several relations counts as the first by precedence. So a cycle found for its
    // read-write edges may classify as another type: then it is not reported, and, as in Elle, the
    // search for this type ends.
    if (type.readWrites !== "none" && classify(steps) !== type.name) continue;
    for (const name of anomaliesImpliedBy([type.name])) settled.add(name);
    yield { transactions: nodes, steps };
  }
}

/** Returns the types of cycles that cannot exist if only these parts are cyclic. */
function impossibleCycles(parts: readonly AcyclicPart[]): ReadonlySet<AnomalyName> {
  const ruledOut = modelsAtLeastAsStrongAs(parts.map(({ model }) => model));
  const remaining = ACYCLIC_PARTS.map(({ model }) => model).filter((model) => !ruledOut.has(model));
  return anomaliesForbiddenBy(remaining);
}
