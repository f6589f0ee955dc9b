/** Formats a run's verdict in one sentence. */
import type { Validity } from "../../checkers/checker.ts";
import { enumerate } from "../../checkers/wording.ts";
import { isWorkloadName, WORKLOADS } from "../../workloads/index.ts";
import type { Summary } from "../../workloads/summary.ts";

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
    readonly neverOk?: readonly string[];
  };
  /** The verdict of a user's checker, in a clause. */
  readonly summary?: string;
  readonly availability?: { readonly valid: Validity; readonly okFraction?: number };
  readonly convergence?: { readonly valid: Validity };
  readonly liveness?: {
    readonly valid: Validity;
    readonly limitS: number;
    readonly probes: readonly {
      readonly node?: string | undefined;
      readonly answeredMs?: number;
    }[];
  };
  readonly assertions?: { readonly failures: readonly { readonly name: string }[] };
  readonly findings: readonly Sentence[];
}

interface Sentence {
  readonly anomaly: string;
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
    const operations = count === undefined ? "" : `, and ${operationCount(count)} succeeded`;
    return `Valid: ${results.summary ?? summaryOf(workload)?.valid ?? "no checker found an anomaly"}${operations}.`;
  }
  if (results.valid === "unknown") {
    const reason = results.error ?? results.workload?.["error"] ?? doubt(results);
    return `Unknown: ${reason}.`;
  }
  const [first, ...others] = faultsOf(workload, results);
  if (first === undefined) return "Invalid: see the findings.";
  return `Invalid: ${[first, ...others].join("; ")}.`;
}

function operationCount(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "operation" : "operations"}`;
}

function doubt({ workload, findings }: Results): string {
  const first = workload?.explanation?.[0] ?? findings[0];
  return first === undefined
    ? "a checker could not reach a verdict"
    : `a checker could not reach a verdict: ${first.sentence}`;
}

/** Returns a clause for each false verdict. */
function faultsOf(workload: string, results: Results): string[] {
  const { stats, availability, convergence, assertions, liveness } = results;
  const clauses: string[] = [];
  if (assertions !== undefined) {
    const names = [...new Set(assertions.failures.map(({ name }) => `"${name}"`))];
    const noun = names.length === 1 ? "assertion" : "assertions";
    clauses.push(`the program's ${noun} ${enumerate(names, (name) => name)} failed`);
  }
  if (results.workload?.valid === false) {
    const { explanation: _, ...verdict } = results.workload;
    const { summary = summaryOf(workload)?.invalid(verdict) } = results;
    clauses.push(summary ?? anomaliesOf(results.workload));
  }
  if (stats?.valid === false) {
    const failing = (stats.neverOk ?? []).map((f) => `"${f}"`);
    clauses.push(`no ${failing.join(" and no ") || "operation"} ever succeeded`);
  }
  if (availability?.valid === false) {
    const { okFraction } = availability;
    const part = okFraction === undefined ? "too few" : `only ${(100 * okFraction).toFixed(2)} %`;
    clauses.push(`${part} of the operations succeeded`);
  }
  if (convergence?.valid === false) clauses.push("the nodes did not converge");
  if (liveness?.valid === false) {
    const stuck = liveness.probes.filter(({ answeredMs }) => answeredMs === undefined);
    const nodes = [...new Set(stuck.map(({ node = "no node" }) => node))];
    const verb = nodes.includes("no node") ? "answered" : "did not answer";
    clauses.push(
      `${enumerate(nodes, (node) => node)} ${verb} every type of operation within ${liveness.limitS} s of the recovery`,
    );
  }
  return clauses;
}

/** Names what the checker of a user's workload found. */
function anomaliesOf({ explanation = [] }: NonNullable<Results["workload"]>): string {
  const names = [...new Set(explanation.map(({ anomaly }) => anomaly))];
  return `the checker found ${names.length === 0 ? "an anomaly" : enumerate(names, (name) => name)}`;
}

/** The summary of a workload of Maelstrom; a user's is stored with its verdict. */
function summaryOf(workload: string): Summary | undefined {
  return isWorkloadName(workload) ? WORKLOADS[workload].summary : undefined;
}
