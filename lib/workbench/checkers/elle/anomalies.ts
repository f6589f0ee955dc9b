/**
 * What was found in a transaction history, and the verdict that follows under given models.
 *
 * @see Elle 0.2.2, elle.txn/result-map
 */
import type { CheckOptions, Finding, Validity, Verdict } from "../checker.ts";
import { EXAMPLES_PER_KIND } from "../wording.ts";
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
  /** The sorts of anomalies that the models forbid, or that leave the verdict open; sorted. */
  readonly anomalyTypes: readonly AnomalyName[];
  /** How often each of these occurs; of cycles there is no number that means anything. */
  readonly counts: Readonly<Record<AnomalyName, number>>;
  /** The first ones of each sort. */
  readonly anomalies: Readonly<Record<AnomalyName, readonly Finding[]>>;
  readonly explanation: readonly Finding[];
  /** The weakest models that do not hold, whichever were asked for. Not on valid histories. */
  readonly not?: readonly ModelName[];
  /** The models that fall with them. */
  readonly alsoNot?: readonly ModelName[];
}

/** The models that must hold if nobody says which. */
export const DEFAULT_MODELS: readonly ModelName[] = ["strict-serializable"];

/** Nothing relates any two transactions. */
export const EMPTY_GRAPH = "empty-transaction-graph";
/** A component was too tangled to be searched through. */
export const SEARCH_TIMEOUT = "cycle-search-timeout";

const UNCOUNTED: ReadonlySet<AnomalyName> = new Set([
  ...CYCLE_TYPES.map(({ name }) => name),
  ...ACYCLIC_PARTS.map(({ name }) => name),
  EMPTY_GRAPH,
  SEARCH_TIMEOUT,
]);

/** Tells one thing that was found. */
export type Describe = () => Omit<Finding, "anomaly">;

/** Anomalies, as they are found. */
export class Anomalies {
  readonly #counts = new Map<AnomalyName, number>();
  /** How to tell the first ones of each sort. */
  readonly #examples = new Map<AnomalyName, Describe[]>();

  /** Adds one; it is told if it is among the first of its sort and its sort is reported. */
  add(anomaly: AnomalyName, describe: Describe): void {
    this.#counts.set(anomaly, (this.#counts.get(anomaly) ?? 0) + 1);
    const examples = this.#examples.get(anomaly) ?? [];
    if (examples.length < EXAMPLES_PER_KIND) examples.push(describe);
    this.#examples.set(anomaly, examples);
  }

  /**
   * The verdict if these models must hold.
   *
   * @param ignored Sorts that are left out of the verdict, but not of what it says of the models.
   * @param undecided Sorts that leave the verdict open rather than make it false.
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
    // That some cycle exists is no news where something specific rules out the same model.
    const specific = reportable.filter((name) => !name.endsWith("-cycle-exists"));
    const ruledOut = modelsRuledOutBy(specific);
    const redundant = ACYCLIC_PARTS.filter(({ model }) => ruledOut.has(model));
    const anomalyTypes = reportable
      .filter((name) => !redundant.some((part) => part.name === name) && !ignored.includes(name))
      .sort();

    const counted = anomalyTypes.filter((name) => !UNCOUNTED.has(name));
    const examples = anomalyTypes.map((anomaly) => {
      const examples = this.#examples.get(anomaly) ?? [];
      return [anomaly, examples.map((describe) => ({ anomaly, ...describe() }))] as const;
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
