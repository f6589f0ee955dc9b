/**
 * The nemesis starts and stops faults.
 *
 * By default each fault alternates between start and stop. The first start comes at once; the time
 * between two operations of a fault is uniform in [0, 2 × interval).
 *
 * @see Maelstrom, `nemesis.clj`; Jepsen, `nemesis/combined.clj`
 */
import {
  type Clock,
  isRpcError,
  type Json,
  type NodeId,
  parseJson,
  type Random,
  stringifyJson,
} from "../../vortex/index.ts";
import { MalformedReply } from "../clients/client-errors.ts";
import {
  any,
  clients,
  type Generator,
  type Invocation,
  nemesis,
  onNemesis,
  phases,
  sleep,
  stagger,
  toGenerator,
} from "../clients/generator.ts";
import { generatorParts } from "../clients/generator-parts.ts";
import { OPERATION_LIMIT, withinLimit } from "../clients/operation-limit.ts";
import type { FaultIntervention } from "../decisions.ts";
import type { Eventually, Injector, NamedNemesis } from "./definition.ts";
import { type FaultCounts, isFault } from "./faults.ts";
import { Interventions } from "./interventions.ts";
import { type FaultChoices, TestControl, type TestControlOptions } from "./test-control.ts";

export interface Nemesis {
  /** The main phase: by default starts each fault at once, then stops and starts it in turn. */
  readonly generator: Generator;
  /** Stops all faults. */
  readonly healing: Generator;
  /**
   * Carries out an operation of its generators. Resolves with what it did.
   *
   * @throws {NemesisError} when the code of a nemesis throws, or does not end.
   */
  invoke(invocation: Invocation): Promise<NemesisCompletion>;
  /** Carries out a change by hand. Resolves with what it did. */
  intervene(intervention: FaultIntervention): Promise<Json>;
  /** Whether it has an operation of this name, such as `start-kill`. */
  has(f: string): boolean;
  /** How often each fault has taken effect. */
  effects(): FaultCounts;
  /** The faults that were active during the final operations, because they could not be stopped. */
  unhealed(): readonly UnhealedFault[];
  /** Whether any node was paused so far. */
  hasPaused(): boolean;
}

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

export interface NemesesOptions extends TestControlOptions {
  readonly faults: readonly NamedNemesis[];
  /** A stream of randomness for each fault. */
  readonly randomOf: (fault: string) => Random;
  /** Mean time between two operations of one fault, in seconds. */
  readonly intervalS: number;
  /** The nodes that a fault may affect. Defaults to all. */
  readonly targets?: Readonly<Record<string, readonly NodeId[]>>;
  /** The times of starts and stops. Defaults to those of each fault. */
  readonly timing?: FaultTiming;
}

/**
 * Schedules the operations of faults. Each fault's generator emits its starts and stops in turn, as
 * soon as it is asked.
 */
export type FaultTiming = (operations: ReadonlyMap<string, Generator>) => Generator;

/** How often a fault is stopped at most before the final operations, and the pause between, in s. */
const HEALING_TRIES = 5;
const HEALING_PAUSE_S = 1;

const NEVER_ENDED = `it has not ended for ${OPERATION_LIMIT} of the test's time`;

export function makeNemesis(options: NemesesOptions): Nemesis {
  const { faults, intervalS, randomOf, targets = {}, timing, ...rest } = options;
  const control = new TestControl(rest);
  const parts = faults.map((definition) => {
    const random = randomOf(definition.name);
    const test = control.testOf(definition.name, random, targets[definition.name]);
    return new Part(definition, random, () => definition.fault(test), rest);
  });
  const named = new Map(parts.map((part) => [part.name, part]));
  const interventions = new Interventions(control, rest.network);
  const main =
    timing?.(new Map(parts.map((part) => [part.name, part.alternating]))) ??
    any(parts.map((part) => part.schedule(intervalS)));
  const isOwn = (part: Part) => !isFault(part.name);
  const needsHistory = parts.some(isOwn);

  return {
    generator: needsHistory
      ? {
          next: (context) => main.next(context),
          update(operation) {
            control.history.push(operation);
            main.update?.(operation);
          },
        }
      : main,
    // Those that send requests come last, when nodes run and receive messages again.
    healing: phases([
      interventions.healing,
      ...[...parts.filter((part) => !isOwn(part)), ...parts.filter(isOwn)].map(
        (part) => part.healing,
      ),
    ]),
    intervene: (intervention) => interventions.carryOut(intervention),
    has(f) {
      const [operation, fault] = parseOperation(f);
      return named.get(fault)?.has(operation) === true;
    },
    invoke({ f, value }) {
      const undoing = interventions.undoing(f);
      if (undoing !== undefined) {
        return interventions.carryOut(undoing).then((did) => ({ value: did }));
      }
      const [operation, fault] = parseOperation(f);
      const part = named.get(fault);
      if (part === undefined) throw new Error(`Unknown operation of the nemesis: "${f}"`);
      return part.invoke(operation, value);
    },
    effects: () => Object.fromEntries(parts.map((part) => [part.name, part.effectCount])),
    unhealed: () => parts.flatMap((part) => part.unhealed ?? []),
    hasPaused: () => control.hasPaused,
  };
}

/** Splits the name of an operation, such as `start-kill`. */
function parseOperation(f: string): readonly [operation: string, fault: string] {
  const [, operation = "", fault = ""] = /^([^-]*)-(.*)$/.exec(f) ?? [];
  return [operation, fault];
}

/** One fault of a test: its operations, and when they come. */
class Part {
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
    const value = this.#choices?.unrecorded(draw) ?? draw();
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
