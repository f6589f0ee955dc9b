/** Formats a run's verdict in one sentence. */

import type { Validity } from "../../checkers/checker.ts";
import { plural } from "../../checkers/wording.ts";

/** The property that each workload checks. */
const PROMISES: Readonly<Record<string, string>> = {
  echo: "every reply echoed its request",
  "unique-ids": "all ids were unique",
  broadcast: "every acknowledged value was read in the end",
  "g-set": "every acknowledged element was read in the end",
  "g-counter": "every final read was a possible sum of the additions",
  "pn-counter": "every final read was a possible sum of the additions",
  "lin-kv": "every key was linearizable",
  kafka: "every log kept its messages, in order",
  "txn-rw-register": "the transactions satisfied their consistency model",
  "txn-list-append": "the transactions satisfied their consistency model",
};

/** The fields that the sentence uses, of results or stored results. */
interface Results {
  readonly valid: Validity;
  readonly error?: string;
  readonly workload?: {
    readonly valid: Validity;
    readonly explanation?: readonly Sentence[];
    readonly [field: string]: unknown;
  };
  readonly stats?: {
    readonly valid: Validity;
    readonly okCount?: number;
    readonly byF?: Readonly<Record<string, { readonly valid: boolean }>>;
  };
  readonly availability?: { readonly valid: Validity; readonly okFraction?: number };
  readonly convergence?: { readonly valid: Validity };
  readonly findings: readonly Sentence[];
}

interface Sentence {
  readonly sentence: string;
}

/** @param results `undefined` if the run has none. */
export function verdictSentence(
  workload: string,
  results: Results | undefined,
  crash?: string,
): string {
  if (results === undefined) {
    return crash === undefined
      ? "No verdict: the run crashed or was interrupted before it was checked."
      : `No verdict: the run crashed. ${crash}`;
  }
  if (results.valid === true) {
    const count = results.stats?.okCount;
    const operations = count === undefined ? "" : `, and ${plural(count, "operation")} succeeded`;
    return `Valid: ${PROMISES[workload] ?? "no checker found an anomaly"}${operations}.`;
  }
  if (results.valid === "unknown") {
    const reason = results.error ?? results.workload?.["error"] ?? doubt(results);
    return `Unknown: ${reason}.`;
  }
  const [first, ...others] = faultsOf(workload, results);
  if (first === undefined) return "Invalid: see the findings.";
  return `Invalid: ${[first, ...others].join("; ")}.`;
}

function doubt({ workload, findings }: Results): string {
  const first = workload?.explanation?.[0] ?? findings[0];
  return first === undefined
    ? "a checker could not reach a verdict"
    : `a checker could not reach a verdict: ${first.sentence}`;
}

/** Returns a clause for each false verdict. */
function faultsOf(workload: string, results: Results): string[] {
  const { stats, availability, convergence } = results;
  const clauses: string[] = [];
  if (results.workload?.valid === false) clauses.push(workloadFault(workload, results.workload));
  if (stats?.valid === false) {
    const failing = Object.entries(stats.byF ?? {})
      .filter(([, { valid }]) => valid === false)
      .map(([f]) => `"${f}"`);
    clauses.push(`no ${failing.join(" and no ") || "operation"} ever succeeded`);
  }
  if (availability?.valid === false) {
    const { okFraction } = availability;
    const part = okFraction === undefined ? "too few" : `only ${(100 * okFraction).toFixed(2)} %`;
    clauses.push(`${part} of the operations succeeded`);
  }
  if (convergence?.valid === false) clauses.push("the nodes did not converge");
  return clauses;
}

function workloadFault(workload: string, verdict: NonNullable<Results["workload"]>): string {
  const count = (field: string) => {
    const value = verdict[field];
    return typeof value === "number" ? value : Array.isArray(value) ? value.length : 0;
  };
  const listed = (field: string) => {
    const value = verdict[field];
    return Array.isArray(value) ? value.map(String).join(", ") : "";
  };
  switch (workload) {
    case "echo":
      return `${plural(count("errorCount"), "reply", "replies")} did not echo the request`;
    case "unique-ids":
      return `${plural(count("duplicatedCount"), "id")} ${count("duplicatedCount") === 1 ? "was" : "were"} returned more than once`;
    case "broadcast":
    case "g-set":
      return `${count("lostCount")} of ${plural(count("attemptCount"), "value")} ${count("lostCount") === 1 ? "was" : "were"} lost: acknowledged, but missing from the final reads`;
    case "g-counter":
    case "pn-counter":
      return `${plural(count("errorCount"), "final read")} returned an impossible sum`;
    case "lin-kv":
      return `${plural(count("failures"), "key")} ${count("failures") === 1 ? "was" : "were"} not linearizable (${listed("failures")})`;
    case "kafka":
      return `the logs have anomalies (${listed("badErrorTypes")})`;
    default:
      return `the transactions violate their consistency model (${listed("anomalyTypes")})`;
  }
}
