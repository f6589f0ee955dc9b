import type { TestResult } from "../../../lib/workbench/run/results.ts";

/** What a result says of the program, by the names that the field has for it. */
export function signsOf(result: TestResult): ReadonlySet<string> {
  const { workload = { valid: "unknown" }, stats, availability, exceptions, badLines } = result;
  const { convergence } = result;
  const signs = new Set<string>();
  const add = (name: string, isSet: boolean) => isSet && signs.add(name);
  const list = (field: string): readonly unknown[] => {
    const value = workload[field];
    return Array.isArray(value) ? value : [];
  };

  for (const name of list("anomalyTypes")) signs.add(String(name));
  for (const name of list("badErrorTypes")) signs.add(String(name));
  add("lost", list("lost").length > 0);
  add("duplicated", list("duplicated").length > 0);
  add("not linearizable", list("failures").length > 0);
  add("wrong answers", Number(workload["errorCount"] ?? 0) > 0);
  add("no verdict", workload.valid === "unknown");
  add("never ok", stats?.valid === false);
  add("unavailable", availability?.valid === false);
  add("divergence", convergence?.valid === false);
  add("malformed replies", exceptions?.["exceptions"] !== undefined);
  add("bad line", badLines.length > 0);
  return signs;
}

/** The sentences that explain why a result is not valid. */
export function sentencesOf({ workload, stats, availability, error }: TestResult): string[] {
  const findings = [workload, stats, availability].flatMap((verdict) => verdict?.explanation ?? []);
  const told = findings.map(({ sentence }) => sentence);
  return error === undefined ? told : [error, ...told];
}
