/**
 * Detects what a simulated program does behind its node's back: real timers, sockets, processes.
 *
 * They belong to real time, which does not pass while a simulation runs. Timers are not started; what
 * would reach other machines or processes throws.
 */
import { programPlaceIn } from "./progress-watch.ts";

export interface Use {
  /** What the program called: `setTimeout`. */
  readonly name: string;
  /** File and line, if known. */
  readonly place: string | undefined;
  /** What to use in its place. */
  readonly instead: string;
}

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
  /** What the call returns; it throws without. */
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
  { name: "write", instead: "messages to a service: files are outside of the simulation" },
  { name: "file", instead: "messages to a service: files are outside of the simulation" },
];

/** Replaces functions until it is undone; `onUse` is called when the program calls one. */
export function divertOutsideWorld(onUse: (use: Use) => void): () => void {
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
    const place = programPlaceIn(new Error().stack);
    onUse({ name: fullName, place, instead });
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
