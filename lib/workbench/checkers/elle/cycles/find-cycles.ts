/** Adds the cycles among transactions to the anomalies of a history. */
import type { CheckOptions } from "../../checker.ts";
import { type Anomalies, DEFAULT_MODELS, EMPTY_GRAPH } from "../anomalies.ts";
import { anomaliesForbiddenBy } from "../consistency-models.ts";
import type { TransactionHistory } from "../transactions.ts";
import { cycleCases } from "./cycle-cases.ts";
import { CYCLE_TYPES } from "./cycle-types.ts";
import { explainCycle, type TransactionDependencies } from "./explain-cycle.ts";
import { PROCESS, REALTIME, type Relations } from "./relations.ts";
import { linkProcesses, RealtimeOrder } from "./session-order.ts";

/** The input of the search for cycles. */
export interface CycleProblem {
  readonly history: TransactionHistory;
  readonly dependencies: TransactionDependencies;
  /** If several relations hold between two transactions, the first of these counts. */
  readonly precedence: readonly Relations[];
}

/** Finds the cycles of data dependencies, plus real-time or process order if a model requires it. */
export function findCycles(
  { history, dependencies, precedence }: CycleProblem,
  anomalies: Anomalies,
  { consistencyModels = DEFAULT_MODELS, maxSteps, mayNeverBeOk }: CheckOptions,
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
  if (isEmpty && mayNeverBeOk !== true) {
    anomalies.add(EMPTY_GRAPH, () => ({
      sentence:
        "no transaction depends on another, so their order cannot be checked: " +
        "too few reads of what other transactions wrote",
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
