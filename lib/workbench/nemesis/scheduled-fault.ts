import {
  type Clock,
  isRpcError,
  type Json,
  parseJson,
  type Random,
  stringifyJson,
} from "../../vortex/index.ts";
import { MalformedReply } from "../clients/client-errors.ts";
import {
  clients,
  type Generator,
  type Invocation,
  nemesis,
  onNemesis,
  sleep,
  stagger,
  toGenerator,
} from "../clients/generator.ts";
import { generatorParts } from "../clients/generator-parts.ts";
import { OPERATION_LIMIT, withinLimit } from "../clients/operation-limit.ts";
import type { Eventually, Injector, NamedNemesis } from "./definition.ts";
import { isFault } from "./faults.ts";
import type { FaultChoices, TestControlOptions } from "./test-control.ts";

/** The completion of an operation of the nemesis. */
export interface NemesisCompletion {
  readonly value: Json;
  /** The error of a request of the nemesis, as in clients' operations: `["timeout", text]`. */
  readonly error?: Json;
}

/** A fault whose `stop` failed before the final operations. */
export interface UnhealedFault {
  readonly fault: string;
  readonly reason: string;
}

/** The code of a nemesis threw, returned what is not JSON, or did not end. */
export class NemesisError extends Error {
  override readonly name = "NemesisError";
}

/** How often a fault is stopped at most before the final operations, and the pause between, in s. */
const HEALING_TRIES = 5;
const HEALING_PAUSE_S = 1;

const NEVER_ENDED = `it has not ended for ${OPERATION_LIMIT} of the test's time`;

/** One fault of a test: its operations, and when they come. */
export class ScheduledFault {
  readonly name: string;
  /** Starts and stops in turn, as soon as it is asked. */
  readonly alternating: Generator;
  /** Stops the fault, again if that fails. */
  readonly healing: Generator;
  readonly #definition: NamedNemesis;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #choices: FaultChoices | undefined;
  readonly #injector: Injector;
  /** Whether the next alternating operation is a stop. */
  #isStarted = false;
  /** Whether it was started, and not stopped since. */
  #isActive = false;
  /** Why the last stop failed. */
  #failure: string | undefined;
  #healingTries = 0;
  #doneCount = 0;

  constructor(
    definition: NamedNemesis,
    random: Random,
    make: () => Injector,
    { clock, choices }: Pick<TestControlOptions, "clock" | "choices">,
  ) {
    this.name = definition.name;
    this.#choices = choices;
    this.#definition = definition;
    this.#random = random;
    this.#clock = clock;
    this.#injector = this.#attempt("its fault", () => requireInjector(make()));
    this.alternating = nemesis(() => this.#invocation(this.#nextAlternating()));
    this.healing = this.#makeHealing();
  }

  /** Why it was active during the final operations, if so. */
  get unhealed(): UnhealedFault | undefined {
    if (this.#healingTries === 0 || this.#failure === undefined) return undefined;
    return { fault: this.name, reason: this.#failure };
  }

  get effectCount(): number {
    return this.#injector.effectCount ?? this.#doneCount;
  }

  /** The operations of the main phase. */
  schedule(intervalS: number): Generator {
    const { schedule } = this.#definition;
    const random = this.#random;
    if (schedule === undefined) return stagger(intervalS, random, this.alternating);
    const alternating = clients(() => ({ f: this.#nextAlternating() }));
    const own = this.#attempt("its schedule", () => {
      const parts = { ...generatorParts(random), alternating, intervalS, random };
      return onNemesis(toGenerator(schedule(parts)), ({ f }) => this.#invocation(f));
    });
    const pace = new Pace();
    return {
      next: (context) =>
        this.#attempt("its schedule", () => {
          const step = own.next(context);
          if (step.type === "operation") pace.count(context.nowNs);
          return step;
        }),
      update: (operation) => this.#attempt("its schedule", () => own.update?.(operation)),
    };
  }

  async invoke(operation: string, value: Json): Promise<NemesisCompletion> {
    if (operation === "start" && this.#isActive) {
      // Its schedule says so, or it was due when a stop failed. What is active would be forgotten.
      return { value, error: ["already-active", "It was not stopped since its last start"] };
    }
    if (operation === "start") this.#isActive = true;
    const wait = this.#choices?.wait();
    if (wait !== undefined) await wait;
    try {
      const task = this.#carryOut(operation, value);
      // A built-in operation ends: it needs no timer, and its histories show no other order.
      const did = jsonOf(
        (await (isFault(this.name) ? task : withinLimit(task, this.#clock, NEVER_ENDED))) ?? value,
      );
      if (operation === "stop") {
        this.#failure = undefined;
        this.#isActive = false;
      } else if (hasHappened(did)) {
        this.#doneCount++;
      }
      return { value: did };
    } catch (thrown) {
      const error = errorOf(thrown);
      if (error === undefined) throw this.#errorOf(operation, thrown);
      if (operation === "stop") {
        [, this.#failure] = error;
        this.#isStarted = true;
      }
      return { value, error };
    }
  }

  #carryOut(operation: string, value: Json): Eventually<Json | undefined> {
    const injector = this.#injector;
    if (operation === "start") return injector.start(value);
    return operation === "stop" ? injector.stop() : injector.operations?.[operation]?.();
  }

  #nextAlternating(): "start" | "stop" {
    this.#isStarted = !this.#isStarted;
    return this.#isStarted ? "start" : "stop";
  }

  #invocation(operation: string): Invocation {
    this.#requireOperation(operation);
    const draw = () => this.#attempt("draw", () => jsonOf(this.#injector.draw?.()));
    if (operation !== "start") return { f: `${operation}-${this.name}`, value: null };
    // Not `??`: null is a value that a nemesis may draw, and to draw again would change those that follow.
    const value = this.#choices === undefined ? draw() : this.#choices.unrecorded(draw);
    return { f: `${operation}-${this.name}`, value };
  }

  has(operation: string): boolean {
    return this.#operations.includes(operation);
  }

  get #operations(): readonly string[] {
    return ["start", "stop", ...Object.keys(this.#injector.operations ?? {})];
  }

  /** @throws {RangeError} if the fault has no such operation. */
  #requireOperation(operation: string): void {
    if (this.has(operation)) return;
    const known = this.#operations.join(", ");
    throw new RangeError(`it has no operation "${operation}", only ${known}`);
  }

  #makeHealing(): Generator {
    let pause: Generator | undefined;
    return {
      next: (context) => {
        if (!context.isFree("nemesis")) return { type: "pending" };
        if (this.#healingTries > 0) {
          const isOver = this.#failure === undefined || this.#healingTries === HEALING_TRIES;
          if (isOver) return { type: "done" };
          pause ??= sleep(HEALING_PAUSE_S);
          const step = pause.next(context);
          if (step.type !== "done") return step;
          pause = undefined;
        }
        this.#healingTries++;
        return { type: "operation", invocation: this.#invocation("stop"), thread: "nemesis" };
      },
    };
  }

  /** Runs code of the definition, and names the nemesis in what it throws. */
  #attempt<T>(what: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw this.#errorOf(what, error);
    }
  }

  #errorOf(what: string, thrown: unknown): unknown {
    if (isFault(this.name) || thrown instanceof NemesisError) return thrown;
    const { name, message } = thrown instanceof Error ? thrown : { name: "", message: thrown };
    const kind = name === "" || name === "Error" ? "" : `${name}: `;
    return new NemesisError(`The nemesis ${this.name} failed in ${what}: ${kind}${message}`, {
      cause: thrown,
    });
  }
}

/** Maximum number of operations of a schedule within one second of the test's time. */
const MAX_OPERATIONS = 1000;

/** Ends a test whose schedule leaves no time between operations: in virtual time it would never end. */
class Pace {
  #sinceNs = Number.NEGATIVE_INFINITY;
  #operationCount = 0;

  /** @throws {Error} when there are too many operations. */
  count(nowNs: number): void {
    if (nowNs >= this.#sinceNs + 1e9) {
      this.#sinceNs = nowNs;
      this.#operationCount = 0;
    }
    this.#operationCount++;
    if (this.#operationCount <= MAX_OPERATIONS) return;
    throw new Error(
      `it emitted more than ${MAX_OPERATIONS} operations within a second. Space them with stagger or sleep`,
    );
  }
}

/** @throws {TypeError} when a fault lacks an operation. */
function requireInjector(injector: Injector): Injector {
  const { start, stop, operations = {} } = injector ?? {};
  for (const [name, operation] of Object.entries({ start, stop, ...operations })) {
    if (typeof operation === "function") continue;
    throw new TypeError(`it must return { start, stop }, but ${name} is not a function`);
  }
  const dashed = Object.keys(operations).find((name) => !OPERATION_NAME.test(name));
  if (dashed !== undefined) {
    throw new TypeError(`"${dashed}" cannot be an operation. Use letters and digits`);
  }
  return injector;
}

const OPERATION_NAME = /^(?!start$|stop$)[a-z][a-zA-Z\d]*$/;

/**
 * Copies a value that a nemesis returned, as histories store it.
 *
 * @throws {TypeError} when it is not JSON.
 */
function jsonOf(value: Json | undefined): Json {
  try {
    return parseJson(stringifyJson(value ?? null)) as Json; // What `parseJson` returns.
  } catch (error) {
    throw new TypeError(`it returned a value that is not JSON`, { cause: error });
  }
}

/** Whether the value that an operation returned says that it did something. */
function hasHappened(did: Json): boolean {
  return did !== null && !(typeof did === "object" && Object.keys(did).length === 0);
}

/** The error of a request, as histories store it; `undefined` if another part failed. */
function errorOf(thrown: unknown): readonly [string, string] | undefined {
  if (isRpcError(thrown)) return [thrown.kind, thrown.message];
  return thrown instanceof MalformedReply ? ["malformed-reply", thrown.message] : undefined;
}
