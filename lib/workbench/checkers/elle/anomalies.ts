/**
 * Collects the anomalies of a transaction history, and derives the verdict under given models.
 *
 * @see Elle 0.2.2, elle.txn/result-map
 */
import type { CheckOptions, Finding, Validity, Verdict } from "../checker.ts";
import { EXAMPLES_PER_KIND, withMore } from "../wording.ts";
import {
  type AnomalyName,
  anomaliesForbiddenBy,
  boundary,
  type ModelName,
  modelsRuledOutBy,
} from "./consistency-models.ts";
import { ACYCLIC_PARTS, CYCLE_TYPES } from "./cycles/cycle-types.ts";

/** The verdict on a history of transactions. */
export interface TransactionVerdict extends Verdict {
  /** The types of anomalies that the models forbid, or that leave the verdict open; sorted. */
  readonly anomalyTypes: readonly AnomalyName[];
  /** The number of anomalies of each type, except cycles, whose number has no meaning. */
  readonly counts: Readonly<Record<AnomalyName, number>>;
  /** The first anomalies of each type. */
  readonly anomalies: Readonly<Record<AnomalyName, readonly Finding[]>>;
  readonly explanation: readonly Finding[];
  /** The weakest models that are violated, requested or not. Absent if nothing was reported. */
  readonly not?: readonly ModelName[];
  /** The stronger models that are therefore violated too. */
  readonly alsoNot?: readonly ModelName[];
}

/** The models that are checked by default. */
export const DEFAULT_MODELS: readonly ModelName[] = ["strict-serializable"];

/** No transaction depends on another. */
export const EMPTY_GRAPH = "empty-transaction-graph";
/** The search for cycles in a component was given up. */
export const SEARCH_TIMEOUT = "cycle-search-timeout";

const UNCOUNTED: ReadonlySet<AnomalyName> = new Set([
  ...CYCLE_TYPES.map(({ name }) => name),
  ...ACYCLIC_PARTS.map(({ name }) => name),
  EMPTY_GRAPH,
  SEARCH_TIMEOUT,
]);

/** An occurrence of an anomaly, described. */
export type Example = Omit<Finding, "anomaly">;

/** Describes an occurrence of an anomaly. */
export type Describe = () => Example;

/** The anomalies found so far. */
export class Anomalies {
  readonly #counts = new Map<AnomalyName, number>();
  /** Describes the first anomalies of each type. */
  readonly #examples = new Map<AnomalyName, Describe[]>();

  /** Adds an anomaly; `describe` is called only if it is among the first of a reported type. */
  add(anomaly: AnomalyName, describe: Describe): void {
    this.#counts.set(anomaly, (this.#counts.get(anomaly) ?? 0) + 1);
    const examples = this.#examples.get(anomaly) ?? [];
    if (examples.length < EXAMPLES_PER_KIND) examples.push(describe);
    this.#examples.set(anomaly, examples);
  }

  /**
   * Derives the verdict under the requested models.
   *
   * @param ignored Types that are omitted from the verdict, but count for `not` and `alsoNot`.
   * @param undecided Types that make the verdict `"unknown"` rather than `false`.
   * @throws {Error} if a model is unknown.
   */
  verdict(
    { consistencyModels = DEFAULT_MODELS }: CheckOptions,
    {
      ignored = [],
      undecided,
    }: { readonly ignored?: readonly AnomalyName[]; readonly undecided: readonly AnomalyName[] },
  ): TransactionVerdict {
    const forbidden = anomaliesForbiddenBy(consistencyModels);
    const reportable = [...this.#counts.keys()].filter(
      (name) => forbidden.has(name) || name === EMPTY_GRAPH || name === SEARCH_TIMEOUT,
    );
    // That some cycle exists is redundant if a more specific anomaly rules out the same model.
    const specific = reportable.filter((name) => !name.endsWith("-cycle-exists"));
    const ruledOut = modelsRuledOutBy(specific);
    const redundant = ACYCLIC_PARTS.filter(({ model }) => ruledOut.has(model));
    const anomalyTypes = reportable
      .filter((name) => !redundant.some((part) => part.name === name) && !ignored.includes(name))
      .sort();

    const counted = anomalyTypes.filter((name) => !UNCOUNTED.has(name));
    const examples = anomalyTypes.map((anomaly) => {
      const examples = this.#examples.get(anomaly) ?? [];
      const findings = examples.map((describe) => ({ anomaly, ...describe() }));
      const count = UNCOUNTED.has(anomaly) ? 0 : (this.#counts.get(anomaly) ?? 0);
      return [anomaly, withMore(findings, count)] as const;
    });
    return {
      valid: validity(anomalyTypes, undecided),
      anomalyTypes,
      counts: Object.fromEntries(counted.map((name) => [name, this.#counts.get(name) ?? 0])),
      anomalies: Object.fromEntries(examples),
      explanation: examples.flatMap(([, findings]) => findings),
      ...(reportable.length > 0 && boundary(this.#counts.keys())),
    };
  }
}

function validity(anomalyTypes: readonly AnomalyName[], undecided: readonly string[]): Validity {
  if (anomalyTypes.length === 0) return true;
  return anomalyTypes.every((name) => undecided.includes(name)) ? "unknown" : false;
}
