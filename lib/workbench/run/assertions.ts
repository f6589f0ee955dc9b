/** Records the outcomes of the program's assertions in a test. */
import * as v from "valibot";
import { AssertionCounts } from "../../vortex/assertion-counts.ts";
import type { AssertionFailure, AssertionObserver, NodeId } from "../../vortex/index.ts";
import type { FailedAssertion } from "../checkers/every-test/assertions.ts";

const NamedCount = v.object({ name: v.string(), count: v.number() });

/** The coverage of a program's assertions; empty lists if it has none. */
export const Coverage = v.object({
  /** How often each `node.sometimes` was reached; 0 if its condition never held. */
  sometimes: v.array(NamedCount),
  /** How often each `node.always` was evaluated. One that never was has checked nothing. */
  always: v.array(NamedCount),
});
export type Coverage = v.InferOutput<typeof Coverage>;

/** The names of a program's assertions, as far as they are known before it runs. */
export interface AssertionCatalog {
  readonly sometimes: readonly string[];
  readonly always: readonly string[];
}

/** A failed assertion in the log of a process. */
export interface LoggedAssertion {
  readonly node: NodeId;
  readonly text: string;
}

/** Maximum number of failures to record. */
const MAX_FAILURES = 1000;
const MAX_LOGGED = 100;
/** The line by which a node logs the first failure of an assertion. */
const FAILURE_LINE = /^AssertionFailure: (.+)$/;

/** Records the assertions of all nodes. */
export class AssertionRecord implements AssertionObserver {
  readonly #catalog: AssertionCatalog | undefined;
  readonly #nowNs: () => number;
  readonly #counts = new AssertionCounts();
  readonly #failures = new Map<string, FailedAssertion>();
  readonly #logged: LoggedAssertion[] = [];

  /** @param nowNs Returns the time in nanoseconds since the test's clock zero; negative before it. */
  constructor(nowNs: () => number, catalog: AssertionCatalog | undefined) {
    this.#nowNs = nowNs;
    this.#catalog = catalog;
  }

  onEvaluation(kind: "always" | "sometimes", name: string, condition: boolean): void {
    this.#counts.add(kind, name, condition);
  }

  onFailure({ kind, assertion: name, node, circumstances }: AssertionFailure): void {
    // A node that is killed and restarted reports its first failures again.
    const key = JSON.stringify([kind, name, node]);
    if (this.#failures.has(key) || this.#failures.size >= MAX_FAILURES) return;
    this.#failures.set(key, { kind, name, node, time: this.#nowNs(), circumstances });
  }

  /** Takes in a line of a node's log: that of a process is all that is known of its assertions. */
  addLogLine(node: NodeId, line: string): void {
    const [, text] = FAILURE_LINE.exec(line) ?? [];
    if (text !== undefined && this.#logged.length < MAX_LOGGED) this.#logged.push({ node, text });
  }

  /** The failures in the logs of nodes that were not observed. */
  get logged(): readonly LoggedAssertion[] {
    return this.#failures.size > 0 ? [] : this.#logged;
  }

  /** The failures in order of time. */
  get failures(): readonly FailedAssertion[] {
    return [...this.#failures.values()];
  }

  /** The counts, by name; `undefined` without any assertion. */
  get coverage(): Coverage | undefined {
    const { sometimes, always } = this.#counts;
    const coverage = {
      sometimes: countsOf(this.#catalog?.sometimes, sometimes, ({ trueCount }) => trueCount),
      always: countsOf(
        this.#catalog?.always,
        always,
        ({ trueCount, falseCount }) => trueCount + falseCount,
      ),
    };
    const isEmpty = coverage.sometimes.length === 0 && coverage.always.length === 0;
    return isEmpty ? undefined : coverage;
  }
}

interface Count {
  readonly trueCount: number;
  readonly falseCount: number;
}

function countsOf(
  known: readonly string[] = [],
  counted: ReadonlyMap<string, Count>,
  total: (count: Count) => number,
): Coverage["sometimes"] {
  const names = [...new Set([...known, ...counted.keys()])].sort();
  return names.map((name) => {
    const count = counted.get(name);
    return { name, count: count === undefined ? 0 : total(count) };
  });
}
