/** From the dependencies of transactions to the anomalies that their cycles are. */
import type { CheckOptions } from "../../checker.ts";
import { type Anomalies, DEFAULT_MODELS, EMPTY_GRAPH } from "../anomalies.ts";
import { anomaliesForbiddenBy } from "../consistency-models.ts";
import type { TransactionHistory } from "../transactions.ts";
import { cycleCases } from "./cycle-cases.ts";
import { CYCLE_TYPES } from "./cycle-types.ts";
import { explainCycle, type TransactionDependencies } from "./explain-cycle.ts";
import { PROCESS, REALTIME, type Relations } from "./relations.ts";
import { linkProcesses, RealtimeOrder } from "./session-order.ts";

/** Where to look for cycles. */
export interface CycleProblem {
  readonly history: TransactionHistory;
  readonly dependencies: TransactionDependencies;
  /** If several relations hold between two transactions, the first of these counts. */
  readonly precedence: readonly Relations[];
}

/**
 * Finds the cycles of transactions, with the orders that the models ask for: real time or each
 * process's.
 */
export function findCycles(
  { history, dependencies, precedence }: CycleProblem,
  anomalies: Anomalies,
  { consistencyModels = DEFAULT_MODELS, maxSteps }: CheckOptions,
): void {
  const forbidden = anomaliesForbiddenBy(consistencyModels);
  const forbidsCycles = (suffix: string) =>
    CYCLE_TYPES.some(({ name }) => name.endsWith(suffix) && forbidden.has(name));
  const { builder } = dependencies;
  let isEmpty = dependencies.isEmpty;
  let realtime: RealtimeOrder | undefined;
  if (forbidsCycles("-realtime")) {
    realtime = new RealtimeOrder(history);
    realtime.link(builder);
    isEmpty &&= !history.hasRealtimeOrder;
  } else if (forbidsCycles("-process")) {
    linkProcesses(builder, history);
    isEmpty &&= builder.isEmpty;
  }
  if (isEmpty) {
    anomalies.add(EMPTY_GRAPH, () => ({
      sentence:
        "No transaction depends on any other, so nothing can be said of their order: too little was read, or written",
      operations: [],
    }));
  }

  const { transactions } = history;
  const options = {
    graph: builder.build(),
    transactions,
    realtime,
    precedence: [...precedence, PROCESS, REALTIME],
  };
  for (const found of cycleCases(options, maxSteps)) {
    anomalies.add(found.anomaly, () => explainCycle(found, transactions, dependencies));
  }
}
