/** Formats a run's verdict in one sentence. */

import type { Validity } from "../../checkers/checker.ts";
import { mayNeverBeOk } from "../../checkers/every-test/stats.ts";
import { enumerate, plural } from "../../checkers/wording.ts";
import type { WorkloadName } from "../../workloads/index.ts";

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
    const operations = count === undefined ? "" : `, and ${plural(count, "operation")} succeeded`;
    return `Valid: ${phrasesOf(workload)?.valid ?? "no checker found an anomaly"}${operations}.`;
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
  const { stats, availability, convergence, assertions } = results;
  const clauses: string[] = [];
  if (assertions !== undefined) {
    const names = [...new Set(assertions.failures.map(({ name }) => `"${name}"`))];
    const noun = names.length === 1 ? "assertion" : "assertions";
    clauses.push(`the program's ${noun} ${enumerate(names, (name) => name)} failed`);
  }
  if (results.workload?.valid === false) {
    const phrases = phrasesOf(workload);
    clauses.push(phrases?.invalid(new Fields(results.workload)) ?? anomaliesOf(results.workload));
  }
  if (stats?.valid === false) {
    const failing = Object.entries(stats.byF ?? {})
      .filter(([f, { valid }]) => valid === false && !mayNeverBeOk(f))
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

/** Names what the checker of a user's workload found. */
function anomaliesOf({ explanation = [] }: NonNullable<Results["workload"]>): string {
  const names = [...new Set(explanation.map(({ anomaly }) => anomaly))];
  return `the checker found ${names.length === 0 ? "an anomaly" : enumerate(names, (name) => name)}`;
}

interface Phrases {
  /** What a valid verdict states. */
  readonly valid: string;
  /** What an invalid verdict states. */
  readonly invalid: (verdict: Fields) => string;
}

/** A workload's result, field by field. */
class Fields {
  readonly #verdict: NonNullable<Results["workload"]>;

  constructor(verdict: NonNullable<Results["workload"]>) {
    this.#verdict = verdict;
  }

  count(field: string): number {
    const value = this.#verdict[field];
    return typeof value === "number" ? value : Array.isArray(value) ? value.length : 0;
  }

  listed(field: string): string {
    const value = this.#verdict[field];
    return Array.isArray(value) ? value.map(String).join(", ") : "";
  }
}

const wasOrWere = (count: number) => (count === 1 ? "was" : "were");

const setOf = (noun: string): Phrases => ({
  valid: `every acknowledged ${noun} was read in the end`,
  invalid: (fields) => {
    const lost = fields.count("lostCount");
    const attempted = plural(fields.count("attemptCount"), noun);
    return `${lost} of ${attempted} ${wasOrWere(lost)} lost: acknowledged, but missing from the final reads`;
  },
});
const COUNTER: Phrases = {
  valid: "every final read was a possible sum of the additions",
  invalid: (fields) =>
    `${plural(fields.count("errorCount"), "final read")} returned an impossible sum`,
};
const TRANSACTIONS: Phrases = {
  valid: "the transactions satisfied their consistency model",
  invalid: (fields) =>
    `the transactions violate their consistency model (${fields.listed("anomalyTypes")})`,
};

const PHRASES: Readonly<Record<WorkloadName, Phrases>> = {
  echo: {
    valid: "every reply echoed its request",
    invalid: (fields) =>
      `${plural(fields.count("errorCount"), "reply", "replies")} did not echo the request`,
  },
  "unique-ids": {
    valid: "all ids were unique",
    invalid: (fields) => {
      const count = fields.count("duplicatedCount");
      return `${plural(count, "id")} ${wasOrWere(count)} returned more than once`;
    },
  },
  broadcast: setOf("value"),
  "g-set": setOf("element"),
  "g-counter": COUNTER,
  "pn-counter": COUNTER,
  "lin-kv": {
    valid: "every key was linearizable",
    invalid: (fields) => {
      const count = fields.count("failures");
      return `${plural(count, "key")} ${wasOrWere(count)} not linearizable (${fields.listed("failures")})`;
    },
  },
  kafka: {
    valid: "every log kept its messages, in order",
    invalid: (fields) => `the logs have anomalies (${fields.listed("badErrorTypes")})`,
  },
  "txn-rw-register": TRANSACTIONS,
  "txn-list-append": TRANSACTIONS,
};

/** A stored run may be of a workload that this version does not know. */
function phrasesOf(workload: string): Phrases | undefined {
  return Object.entries(PHRASES).find(([name]) => name === workload)?.[1];
}
