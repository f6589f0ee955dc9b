/**
 * Histories of transactions: written by hand in a short notation, or such as a simulated database
 * with chosen faults would make.
 */
import type { Json, Random } from "../../../lib/vortex/index.ts";
import type { History, Operation } from "../../../lib/workbench/history/history.ts";
import { pickOne, randomInteger } from "../../../lib/workbench/random.ts";
import { type Entry, invoke, ok, whole } from "./history.ts";

/**
 * Ways to write transactions by hand, as the text of their answers.
 *
 * @param parse Reads the notation. Whatever follows a read's key, `"r0=1"`, is its answer.
 */
export function handwritten(parse: (text: string) => Json) {
  const asked = (answer: string) => parse(answer.replace(/(r\d+)=[\w,]*/g, "$1"));
  return {
    /** A transaction of a process that ends before anything else begins. */
    did: (process: number, answer: string): Entry[] =>
      whole(process, "txn", asked(answer), parse(answer)),
    /** Transactions by a process each, all of them at once. */
    together: (...answers: readonly string[]): Entry[] => [
      ...answers.map((answer, process) => invoke(process, "txn", asked(answer))),
      ...answers.map((answer, process) => ok(process, parse(answer))),
    ],
  };
}

export interface Traffic {
  readonly workload: "txn-rw-register" | "txn-list-append";
  /** How many transactions there are. */
  readonly count: number;
  readonly processes: number;
  readonly keys: number;
  /** A key that was written so often is replaced by a fresh one. */
  readonly writesPerKey: number;
  readonly longest: number;
  /** Of a thousand transactions, how many end as `fail` or `info`. */
  readonly failures?: number;
  /**
   * What reads may show: the state at the end of the transaction, that of some transactions
   * earlier, or none at all. Only the first is strictly serializable.
   */
  readonly reads?: "current" | "stale" | "nothing";
}

type Step = readonly [f: string, key: number, value: Json];

/** What a transaction does to one copy of the data. */
class Store {
  readonly #isList: boolean;
  /** By key, the values that it had, oldest first; for lists all the elements. */
  readonly #values: number[][] = [];

  constructor(isList: boolean) {
    this.#isList = isList;
  }

  /** The steps with their reads filled in, as of `lag` writes ago. */
  run(steps: readonly Step[], lag: (key: number) => number): Step[] {
    const own: [key: number, value: number][] = [];
    const filled = steps.map((step): Step => {
      const [f, key, value] = step;
      if (f === "r") return [f, key, this.#read(key, lag(key), own)];
      own.push([key, value as number]);
      return step;
    });
    this.write(own);
    return filled;
  }

  write(writes: readonly (readonly [key: number, value: number])[]): void {
    for (const [key, value] of writes) {
      const values = this.#values[key] ?? [];
      this.#values[key] = values;
      values.push(value);
    }
  }

  #read(key: number, lag: number, own: readonly [key: number, value: number][]): Json {
    const values = this.#values[key] ?? [];
    const seen = [
      ...(this.#isList ? values.slice(0, Math.max(0, values.length - lag)) : []),
      ...own.filter(([k]) => k === key).map(([, value]) => value),
    ];
    if (this.#isList) return seen.length === 0 ? null : seen;
    return seen.at(-1) ?? values[values.length - 1 - lag] ?? null;
  }
}

/** Makes a history. */
export function transactions(random: Random, traffic: Traffic): History {
  const { workload, count, failures = 0, reads = "current" } = traffic;
  const isList = workload === "txn-list-append";
  const store = new Store(isList);
  const write = isList ? "append" : "w";
  const active = Array.from({ length: traffic.keys }, (_, key) => key);
  const written: number[] = [];
  const underWay = new Map<number, readonly Step[]>();
  const processes = Array.from({ length: traffic.processes }, (_, process) => process);
  const operations: Operation[] = [];
  const add = (type: Operation["type"], process: number, value: readonly Step[]) => {
    const index = operations.length;
    operations.push({ index, time: index * 1000, type, process, f: "txn", value });
  };

  const step = (): Step => {
    const slot = randomInteger(random, active.length);
    const key = active[slot] ?? 0;
    if (random.next() < 0.5) return ["r", key, null];
    const value = (written[key] ?? 0) + 1;
    if (value > traffic.writesPerKey) {
      active[slot] = Math.max(...active) + 1;
      return step();
    }
    written[key] = value;
    return [write, key, value];
  };

  for (let begun = 0; begun < count || underWay.size > 0; ) {
    const slot = randomInteger(random, processes.length);
    const process = processes[slot] ?? 0;
    const steps = underWay.get(process);
    if (steps === undefined) {
      if (begun === count) {
        processes.splice(slot, 1);
        continue;
      }
      begun++;
      const asked = Array.from({ length: 1 + randomInteger(random, traffic.longest) }, step);
      underWay.set(process, asked);
      add("invoke", process, asked);
      continue;
    }
    underWay.delete(process);
    if (randomInteger(random, 1000) < failures) {
      const happens = random.next() < 0.5;
      if (happens) store.run(steps, () => 0);
      add(happens || random.next() < 0.5 ? "info" : "fail", process, steps);
      if (operations.at(-1)?.type === "info") processes[slot] = process + traffic.processes;
      continue;
    }
    const lag =
      reads === "nothing"
        ? count
        : reads === "stale" && random.next() < 0.2
          ? pickOne(random, [1, 2, 3])
          : 0;
    add(
      "ok",
      process,
      store.run(steps, () => lag),
    );
  }
  return operations;
}
