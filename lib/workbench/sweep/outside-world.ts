/**
 * Detects what a simulated program does behind its node's back: real timers, sockets, processes.
 *
 * They belong to real time, which does not pass while a simulation runs. Timers are not started; calls
 * that would reach other machines or processes throw.
 */
import { programPlaceIn } from "../program-place.ts";

export interface Use {
  /** The function that the program called: `setTimeout`. */
  readonly name: string;
  /** File and line, if known. */
  readonly place: string | undefined;
  /** The replacement, as the object of "use". */
  readonly instead: string;
  /** Whether the program behaves differently as a process, so that the run has no verdict. */
  readonly isMisleading: boolean;
}

const FILES =
  "messages to a service: simulated nodes share the files of this machine, and keep them when they are killed";
const TIMERS = "node.after, node.every or node.sleep: real timers do not fire in virtual time";
const MESSAGES = "messages: a simulation has no network but that of its nodes";
const NO_PROCESSES = "messages: a simulated node can start no processes";

/** A timer that never fires. */
function deadTimer() {
  const timer = {
    ref: () => timer,
    unref: () => timer,
    hasRef: () => false,
    refresh: () => timer,
    close: () => timer,
    [Symbol.toPrimitive]: () => 0,
    [Symbol.dispose]: () => {},
  };
  return timer;
}

interface Stub {
  readonly name: string;
  readonly instead: string;
  /** Makes the call's result. Without it, the call throws. */
  readonly result?: () => unknown;
}

function refusal(name: string, instead: string): Error {
  return new Error(`${name} does not work in a simulation. Use ${instead}`);
}

const never = () => new Promise(() => {});

const GLOBAL_STUBS: readonly Stub[] = [
  { name: "setTimeout", instead: TIMERS, result: deadTimer },
  { name: "setInterval", instead: TIMERS, result: deadTimer },
  { name: "setImmediate", instead: TIMERS, result: deadTimer },
  { name: "fetch", instead: MESSAGES, result: () => Promise.reject(refusal("fetch", MESSAGES)) },
  { name: "WebSocket", instead: MESSAGES },
  { name: "Worker", instead: NO_PROCESSES },
];

const BUN_STUBS: readonly Stub[] = [
  { name: "sleep", instead: TIMERS, result: never },
  { name: "sleepSync", instead: TIMERS, result: () => undefined },
  { name: "serve", instead: MESSAGES },
  { name: "listen", instead: MESSAGES },
  { name: "connect", instead: MESSAGES },
  { name: "udpSocket", instead: MESSAGES },
  { name: "spawn", instead: NO_PROCESSES },
  { name: "spawnSync", instead: NO_PROCESSES },
  { name: "write", instead: FILES },
  { name: "file", instead: FILES },
];

/** Functions of Node's modules that are not called in a simulation, by module. */
const MODULE_STUBS: Readonly<Record<string, readonly Stub[]>> = {
  timers: ["setTimeout", "setInterval", "setImmediate"].map((name) => ({
    name,
    instead: TIMERS,
    result: deadTimer,
  })),
  "timers/promises": ["setTimeout", "setInterval", "setImmediate"].map((name) => ({
    name,
    instead: TIMERS,
    result: never,
  })),
  net: refused(MESSAGES, ["connect", "createConnection", "createServer"]),
  tls: refused(MESSAGES, ["connect", "createServer"]),
  http: refused(MESSAGES, ["request", "get", "createServer"]),
  https: refused(MESSAGES, ["request", "get", "createServer"]),
  http2: refused(MESSAGES, ["connect", "createServer"]),
  dgram: refused(MESSAGES, ["createSocket"]),
  dns: refused(MESSAGES, ["lookup", "resolve"]),
  "dns/promises": refused(MESSAGES, ["lookup", "resolve"]),
  child_process: refused(NO_PROCESSES, [
    ...["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"],
  ]),
};

function refused(instead: string, names: readonly string[]): Stub[] {
  return names.map((name) => ({ name, instead }));
}

/** Called for each use while a simulation runs. */
let onUseOfModule: ((use: Use) => void) | undefined;

/**
 * Wraps functions of Node's modules, for good, before a program imports them: later, its imports would
 * be bound to the originals. Outside of a simulation the wrappers only call them. Named imports from
 * modules that this command itself imports, such as `node:fs`, are bound already and go unnoticed.
 */
export function wrapModules(): void {
  for (const [module, stubs] of Object.entries(MODULE_STUBS)) {
    const exports = builtin(module);
    for (const { name, instead, result } of stubs) {
      wrap(exports, name, (call) => {
        if (onUseOfModule === undefined) return call();
        const fullName = `${name} of node:${module}`;
        noteUse(onUseOfModule, fullName, instead, true);
        if (result === undefined) throw refusal(fullName, instead);
        return result();
      });
    }
  }
  for (const module of ["fs", "fs/promises"]) {
    const exports = builtin(module);
    for (const name of Object.keys(exports)) {
      if (!/^[a-z]/.test(name)) continue; // A class, such as Stats.
      // Only what is synchronous ends while a simulation runs.
      const isMisleading = !name.endsWith("Sync");
      wrap(exports, name, (call) => {
        if (onUseOfModule !== undefined) {
          noteUse(onUseOfModule, `${name} of node:${module}`, FILES, isMisleading);
        }
        return call();
      });
    }
  }
}

function builtin(name: string): object {
  const exports: unknown = process.getBuiltinModule(`node:${name}`);
  return typeof exports === "object" && exports !== null ? exports : {};
}

const WRAPPED: unique symbol = Symbol("wrapped");

function wrap(owner: object, name: string, around: (call: () => unknown) => unknown): void {
  const own: unknown = Reflect.get(owner, name);
  if (typeof own !== "function" || WRAPPED in own) return;
  const wrapper = function (this: unknown, ...args: unknown[]) {
    return around(() => Reflect.apply(own, this, args));
  };
  Reflect.set(owner, name, Object.assign(wrapper, own, { [WRAPPED]: true }));
}

function noteUse(
  onUse: (use: Use) => void,
  name: string,
  instead: string,
  isMisleading: boolean,
): void {
  onUse({ name, place: programPlaceIn(new Error().stack), instead, isMisleading });
}

/** Replaces functions until it is undone; `onUse` is called when the program calls one. */
export function divertOutsideWorld(onUse: (use: Use) => void): () => void {
  onUseOfModule = onUse;
  const undo = [
    ...GLOBAL_STUBS.map((stub) => replace(globalThis, stub, stub.name, onUse)),
    ...BUN_STUBS.map((stub) => replace(Bun, stub, `Bun.${stub.name}`, onUse)),
    replace(
      AbortSignal,
      { name: "timeout", instead: TIMERS, result: () => new AbortController().signal },
      "AbortSignal.timeout",
      onUse,
    ),
  ];
  return () => {
    onUseOfModule = undefined;
    for (const restore of undo) restore();
  };
}

function replace(
  owner: object,
  { name, instead, result }: Stub,
  fullName: string,
  onUse: (use: Use) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  if (own?.configurable !== true && own?.writable !== true) return () => {};
  // A function, not an arrow function: it may be called with `new`.
  function stub() {
    noteUse(onUse, fullName, instead, true);
    if (result !== undefined) return result();
    throw refusal(fullName, instead);
  }
  if (own.configurable) {
    Object.defineProperty(owner, name, {
      value: stub,
      configurable: true,
      writable: true,
      enumerable: own.enumerable ?? true,
    });
    return () => void Object.defineProperty(owner, name, own);
  }
  Reflect.set(owner, name, stub);
  return () => void Reflect.set(owner, name, own.value);
}
