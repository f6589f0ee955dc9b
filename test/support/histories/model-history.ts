/** Generates histories of objects that are linearizable by construction, and changes their results. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Json } from "../../../lib/vortex/index.ts";
import type { History } from "../../../lib/workbench/history/history.ts";
import { type Entry, history, info, invoke, ok } from "./history.ts";

/** Returns an integer from 0 up to, but not including, the bound. */
type Below = (bound: number) => number;

/** An object that executes operations. */
export interface Subject<State> {
  readonly initial: State;
  /** Draws an operation. */
  draw(below: Below): { readonly f: string; readonly value: Json };
  /** Returns the state after an operation, and its result. */
  execute(state: State, f: string, value: Json): readonly [state: State, result: Json];
  /** Draws some result. */
  drawResult(f: string, below: Below): Json;
}

export interface ModelHistoryOptions {
  readonly seed: number;
  readonly operations: number;
  readonly concurrency: number;
  /** Fraction of operations that end as `info`; half of these take effect. */
  readonly indefinite?: number;
  /** Fraction of results that are drawn at random. */
  readonly wrong?: number;
}

interface Running {
  readonly f: string;
  readonly value: Json;
  result: Json | undefined;
}

export function modelHistory<State>(
  { initial, draw, execute, drawResult }: Subject<State>,
  { seed, operations, concurrency, indefinite = 0, wrong = 0 }: ModelHistoryOptions,
): History {
  const random = xoroshiro128plus(seed);
  const below: Below = (bound) => uniformInt(random, 0, bound - 1);
  const chance = (probability: number) => below(1_000_000) < probability * 1_000_000;
  const processes = Array.from({ length: concurrency }, (_, thread) => thread);
  const running = new Map<number, Running>();
  const entries: Entry[] = [];
  let state = initial;
  let invoked = 0;

  const takeEffect = (operation: Running) => {
    if (operation.result !== undefined) return;
    [state, operation.result] = execute(state, operation.f, operation.value);
  };

  while (invoked < operations || running.size > 0) {
    const thread = below(concurrency);
    const process = processes[thread] ?? thread;
    const operation = running.get(process);
    if (operation === undefined) {
      if (invoked++ >= operations) continue;
      const { f, value } = draw(below);
      running.set(process, { f, value, result: undefined });
      entries.push(invoke(process, f, value));
    } else if (operation.result === undefined && chance(0.5)) {
      takeEffect(operation);
    } else if (chance(indefinite)) {
      if (chance(0.5)) takeEffect(operation);
      running.delete(process);
      processes[thread] = process + concurrency;
      entries.push(info(process));
    } else {
      takeEffect(operation);
      running.delete(process);
      entries.push(ok(process, chance(wrong) ? drawResult(operation.f, below) : operation.result));
    }
  }
  return history(...entries);
}
