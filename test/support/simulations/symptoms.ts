import type { TestResult } from "../../../lib/workbench/run/results.ts";

/** Names of all faults that a result shows, such as `"lost"` or `"G1a"`, and of failed assertions. */
export function symptomsOf(result: TestResult): ReadonlySet<string> {
  const { workload = { valid: "unknown" }, stats, availability, exceptions, badLines } = result;
  const { convergence } = result;
  const symptoms = new Set<string>();
  const add = (name: string, isSet: boolean) => isSet && symptoms.add(name);
  const list = (field: string): readonly unknown[] => {
    const value = workload[field];
    return Array.isArray(value) ? value : [];
  };

  for (const name of list("anomalyTypes")) symptoms.add(String(name));
  for (const name of list("badErrorTypes")) symptoms.add(String(name));
  add("lost", list("lost").length > 0);
  add("duplicated", list("duplicated").length > 0);
  add("not linearizable", list("failures").length > 0);
  add("wrong results", Number(workload["errorCount"] ?? 0) > 0);
  add("no verdict", workload.valid === "unknown");
  add("never ok", stats?.valid === false);
  add("unavailable", availability?.valid === false);
  add("divergence", convergence?.valid === false);
  add("malformed replies", exceptions?.["exceptions"] !== undefined);
  add("bad line", badLines.length > 0);
  for (const { anomaly } of result.liveness?.explanation ?? []) symptoms.add(anomaly);
  for (const { name } of result.assertions?.failures ?? []) symptoms.add(name);
  return symptoms;
}

/** Sentences that explain why a result is not valid. */
export function sentencesOf({ workload, stats, availability, error }: TestResult): string[] {
  const findings = [workload, stats, availability].flatMap((verdict) => verdict?.explanation ?? []);
  const sentences = findings.map(({ sentence }) => sentence);
  return error === undefined ? sentences : [error, ...sentences];
}
