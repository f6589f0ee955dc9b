import type {
  Context,
  Generator,
  Invocation,
  Thread,
} from "../../../lib/workbench/clients/generator.ts";
import {
  type Completion,
  type Invoke,
  interpret,
} from "../../../lib/workbench/clients/interpreter.ts";
import { Scheduler } from "../../../lib/workbench/clusters/scheduler.ts";
import type { Operation } from "../../../lib/workbench/history/history.ts";

export interface Run {
  readonly concurrency?: number;
  /** Duration of an operation, in virtual ms. Defaults to 0. */
  readonly tookMs?: (invocation: Invocation, thread: Thread) => number;
  readonly complete?: (invocation: Invocation, thread: Thread) => Completion;
}

/** Runs a generator in virtual time; `run` sets the duration and completion of its operations. */
export function runGenerator(generator: Generator, run: Run = {}): Operation[] {
  const { concurrency = 1, tookMs = () => 0, complete = completeAsOk } = run;
  const scheduler = new Scheduler();
  const invoke: Invoke = (thread, invocation) =>
    new Promise((resolve) => {
      const end = () => resolve(complete(invocation, thread));
      scheduler.after(tookMs(invocation, thread), end);
    });
  return scheduler.run(
    interpret(generator, { clock: scheduler, zeroMs: 0, timerSlackMs: 0, concurrency, invoke }),
  );
}

function completeAsOk({ value }: Invocation, thread: Thread): Completion {
  return { type: thread === "nemesis" ? "info" : "ok", value };
}

/** The invocations of a history, the nemesis's included. */
export function invocations(history: readonly Operation[]): Operation[] {
  const underWay = new Set();
  return history.filter(({ process }) => !underWay.delete(process) && underWay.add(process));
}

/** A context in which every thread is free. */
export function idleContext(nowNs: number, concurrency = 1): Context {
  return {
    nowNs,
    timerSlackNs: 0,
    concurrency,
    isIdle: true,
    isFree: () => true,
    freeClient: () => 0,
    processOf: (thread) => thread,
  };
}
