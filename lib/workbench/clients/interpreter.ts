/**
 * Carries out the operations of a generator, and records the history.
 *
 * It acts only when an operation completes or a timer fires, so the same code runs in real and in
 * virtual time.
 *
 * @see Jepsen, `generator/interpreter.clj`
 */
import type { Cancel, Clock, Json, NodeId } from "../../vortex/index.ts";
import type { Operation, OperationException, Process } from "../history/history.ts";
import type { Context, Generator, Invocation, InvocationLike, Thread } from "./generator.ts";

/** The end of an operation. */
export interface Completion {
  readonly type: "ok" | "fail" | "info";
  readonly value: Json;
  readonly error?: Json;
  readonly exception?: OperationException;
}

/** Carries out an operation of a thread. A rejection ends the run with its reason. */
export type Invoke = (
  thread: Thread,
  invocation: Invocation,
  /** Node that the operation is sent to. */
  node: NodeId | undefined,
) => Promise<Completion>;

export interface InterpreterOptions {
  readonly clock: Clock;
  /** Clock zero, as a reading of the clock. Times in the history count from it. */
  readonly zeroMs: number;
  /** Maximum lateness of the clock's timers, in ms. */
  readonly timerSlackMs: number;
  /** Number of client threads. */
  readonly concurrency: number;
  /** Chooses the node of an operation. */
  readonly nodeOf?: (thread: number, invocation: Invocation) => NodeId;
  readonly invoke: Invoke;
  /** Called with each operation as it enters the history. */
  readonly onOperation?: (operation: Operation) => void;
  /**
   * Called at the start with a function that adds entries to the history which are not operations of the
   * generator: changes by hand.
   */
  readonly onStart?: (record: RecordIntervention) => void;
  /** Ends the run early: the returned promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Adds an entry of the nemesis to the history. */
export type RecordIntervention = (invocation: Invocation, value: Json) => void;

/** Runs a generator to its end, and resolves with the history when the last operation completes. */
export function interpret(generator: Generator, options: InterpreterOptions): Promise<Operation[]> {
  return new Interpreter(generator, options).run();
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** The common part of an invocation and its completion. */
interface Asked {
  readonly process: Process;
  readonly node: NodeId | undefined;
  readonly invocation: Invocation;
}

/** The fields in which an operation's invocation and its completion differ. */
type Entry = Pick<Operation, "type" | "value" | "error" | "exception">;

class Interpreter {
  readonly #generator: Generator;
  readonly #options: InterpreterOptions;
  readonly #history: Operation[] = [];
  /** Each client thread's process. */
  readonly #processes: number[];
  readonly #busy = new Set<Thread>();
  readonly #end = Promise.withResolvers<Operation[]>();
  readonly #context: Mutable<Context>;
  #lastClient = -1;
  #hasFailed = false;
  #cancelWait: Cancel = () => {};

  constructor(generator: Generator, options: InterpreterOptions) {
    this.#generator = generator;
    this.#options = options;
    this.#processes = Array.from({ length: options.concurrency }, (_, thread) => thread);
    this.#context = this.#makeContext();
  }

  run(): Promise<Operation[]> {
    const { signal } = this.#options;
    const onAbort = () => this.#fail(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#options.onStart?.((invocation, value) =>
      this.#record({ process: "nemesis", node: undefined, invocation }, { type: "info", value }),
    );
    if (signal?.aborted) onAbort();
    else this.#advance();
    return this.#end.promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  #advance(): void {
    this.#cancelWait();
    try {
      while (!this.#hasFailed) {
        const step = this.#generator.next(this.#contextNow());
        switch (step.type) {
          case "operation":
            this.#dispatch(step.thread, step.invocation);
            continue;
          case "wait":
            this.#waitUntil(step.untilNs);
            return;
          case "pending":
            if (this.#busy.size > 0) return;
            throw new Error("The generator waits for an operation, but none is in flight");
          case "done":
            if (this.#busy.size === 0) this.#end.resolve(this.#history);
            return;
          default:
            throw new Error("Unexpected step", { cause: step satisfies never });
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(reason: unknown): void {
    this.#hasFailed = true;
    this.#cancelWait();
    this.#end.reject(reason);
  }

  #dispatch(thread: Thread, emitted: InvocationLike): void {
    const { f, value = null, ...rest } = emitted;
    const invocation: Invocation = { f, value, ...rest };
    const process = thread === "nemesis" ? thread : this.#processOf(thread);
    if (this.#busy.has(thread)) throw new Error(`Thread ${thread} is busy already`);
    this.#busy.add(thread);
    if (typeof thread === "number") this.#lastClient = thread;
    // Both ends of a nemesis operation are of type info, as in Jepsen.
    const type = thread === "nemesis" ? "info" : "invoke";
    const node = thread === "nemesis" ? undefined : this.#options.nodeOf?.(thread, invocation);
    const asked = { process, node, invocation };
    this.#record(asked, { type, value: invocation.value });
    this.#options.invoke(thread, invocation, node).then(
      (completion) => this.#complete(thread, asked, completion),
      (error) => this.#fail(error),
    );
  }

  #complete(thread: Thread, asked: Asked, completion: Completion): void {
    this.#busy.delete(thread);
    // The operation may still take effect, so its process must not act again.
    if (completion.type === "info" && thread !== "nemesis") {
      this.#processes[thread] = this.#processOf(thread) + this.#options.concurrency;
    }
    this.#record(asked, completion);
    this.#advance();
  }

  #processOf(thread: number): number {
    const process = this.#processes[thread];
    if (process === undefined) throw new Error(`Unknown thread ${thread}`);
    return process;
  }

  #record({ process, node, invocation }: Asked, { type, value, error, exception }: Entry): void {
    const { f, final, seekToBeginning } = invocation;
    const [index, time] = [this.#history.length, this.#nowNs()];
    // Without a spread per field: those took a twentieth of a test of many operations.
    const operation: Mutable<Operation> =
      node === undefined
        ? { index, time, type, process, f, value }
        : { index, time, type, process, node, f, value };
    if (final !== undefined) operation.final = final;
    if (seekToBeginning !== undefined) operation.seekToBeginning = seekToBeginning;
    if (error !== undefined) operation.error = error;
    if (exception !== undefined) operation.exception = exception;
    this.#history.push(operation);
    this.#generator.update?.(operation);
    this.#options.onOperation?.(operation);
  }

  #waitUntil(untilNs: number): void {
    const { clock } = this.#options;
    this.#cancelWait = clock.after((untilNs - this.#nowNs()) / 1e6, () => this.#advance());
  }

  #nowNs(): number {
    return Math.round((this.#options.clock.nowMs() - this.#options.zeroMs) * 1e6);
  }

  #makeContext(): Mutable<Context> {
    const { concurrency, timerSlackMs } = this.#options;
    return {
      nowNs: 0,
      timerSlackNs: timerSlackMs * 1e6,
      concurrency,
      isIdle: true,
      isFree: (thread) => !this.#busy.has(thread),
      freeClient: () => {
        for (let step = 1; step <= concurrency; step++) {
          const thread = (this.#lastClient + step) % concurrency;
          if (!this.#busy.has(thread)) return thread;
        }
        return undefined;
      },
      processOf: (thread) => this.#processOf(thread),
    };
  }

  /** The present state. One object for the whole test: generators are asked at every event. */
  #contextNow(): Context {
    this.#context.nowNs = this.#nowNs();
    this.#context.isIdle = this.#busy.size === 0;
    return this.#context;
  }
}
