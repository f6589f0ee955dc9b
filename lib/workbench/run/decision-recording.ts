/** Records what chance decides in a run. */
import {
  type ClientOperation,
  DECISIONS_VERSION,
  type DecidedOperation,
  type Decisions,
  type Fate,
} from "../decisions.ts";
import type { Operation } from "../history/history.ts";

/** The decisions so far. */
export class DecisionRecording {
  readonly operations: DecidedOperation[] = [];
  readonly #finalOperations: ClientOperation[] = [];
  readonly #delays = new Map<string, number[]>();
  readonly #starts = new Map<string, number[]>();
  readonly #nemeses = new Map<string, number[]>();
  readonly #messages = new Map<string, Map<number, Fate>>();
  mainLengthNs: number | undefined;
  finalBeginNs: number | undefined;
  finalEndNs: number | undefined;
  hasExactLatencies = false;

  addOperation(operation: Operation, concurrency: number, isFinal: boolean): void {
    const { time, process, node = "", f, value, final, seekToBeginning } = operation;
    const operations = isFinal ? this.#finalOperations : this.operations;
    operations.push({
      atNs: time - (isFinal ? (this.finalBeginNs ?? 0) : 0),
      thread: Number(process) % concurrency,
      node,
      f,
      value,
      ...(final === undefined ? {} : { final }),
      ...(seekToBeginning === undefined ? {} : { seekToBeginning }),
    });
  }

  addDelay(part: string, delayNs: number): void {
    push(this.#delays, part, delayNs);
  }

  addStart(node: string, stream: number): void {
    push(this.#starts, node, stream);
  }

  addNemesisDraw(nemesis: string, drawn: number): void {
    push(this.#nemeses, nemesis, drawn);
  }

  addFate(link: string, number: number, fate: Fate): void {
    this.#messages.getOrInsertComputed(link, () => new Map()).set(number, fate);
  }

  setLatency(link: string, number: number, copy: number, latencyMs: number): void {
    const fates = this.#messages.getOrInsertComputed(link, () => new Map());
    const fate = [...(fates.get(number) ?? [])];
    fate[copy] = latencyMs;
    if (fate.length === 1 && latencyMs === 0) fates.delete(number);
    else fates.set(number, fate);
  }

  /** @param replayed What the run replayed: it has drawn the rest from the streams of parts. */
  decisions(replayed: Decisions | undefined, limitNs: number): Decisions {
    // A run that crashes has no end: its last phase is as long as it may be.
    const { finalBeginNs, mainLengthNs = limitNs } = this;
    const { finalEndNs = (finalBeginNs ?? 0) + limitNs } = this;
    const messages = [...this.#messages]
      .filter(([, fates]) => fates.size > 0)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([link, fates]) => {
        return [link, Object.fromEntries([...fates].map(([key, fate]) => [key, fate.map(toNs)]))];
      });
    const draws = {
      ...replayed?.draws,
      ...fieldOf("delays", this.#delays),
      ...fieldOf("starts", this.#starts),
      ...fieldOf("nemeses", this.#nemeses),
    };
    const { interventions } = replayed ?? {};
    return {
      version: DECISIONS_VERSION,
      ...(interventions === undefined ? {} : { interventions }),
      main: { lengthNs: mainLengthNs, operations: this.operations },
      ...(finalBeginNs === undefined
        ? {}
        : {
            final: { lengthNs: finalEndNs - finalBeginNs, operations: this.#finalOperations },
          }),
      messages: Object.fromEntries(messages),
      ...(this.hasExactLatencies ? { exactLatencies: true } : {}),
      ...(Object.keys(draws).length === 0 ? {} : { draws }),
    };
  }
}

/** Latencies are whole nanoseconds, and thousandths for the order within one: see `exact-time.ts`. */
function toNs(latencyMs: number): number {
  return Math.round(latencyMs * 1e9) / 1000;
}

function fieldOf<Name extends string>(name: Name, lists: ReadonlyMap<string, number[]>) {
  return lists.size === 0 ? {} : { [name]: Object.fromEntries(lists) };
}

function push(lists: Map<string, number[]>, key: string, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
