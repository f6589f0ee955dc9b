import type { Replicate } from "../../../challenges/txn-rw-register/messages.ts";
import { Replica } from "../../../challenges/txn-rw-register/replica.ts";
import { parseJson, stringifyJson } from "../../../lib/vortex/index.ts";
import { randomStream } from "../../../lib/workbench/random.ts";

/** Keys 0 and 1, and keys 2 and 3. */
const PAIRS = [0, 1] as const;

/**
 * Three replicas, and a network that keeps every message it has ever seen.
 *
 * Transactions write one value to both keys of a pair, or of both pairs, so that a replica which shows
 * a transaction in part is easy to recognise.
 */
export class Replicas {
  readonly names: readonly string[] = ["n0", "n1", "n2"];
  readonly #messages: { src: string; dest: string; text: string }[] = [];
  readonly #replicas = new Map<string, Replica>();
  readonly #maxLength: number | undefined;
  #startCount = 0;
  #lastValue = 0;

  /** @param maxLength Length of the writes in one message, in characters. */
  constructor(maxLength?: number) {
    this.#maxLength = maxLength;
    for (const name of this.names) this.restart(name);
  }

  get(name: string): Replica {
    const replica = this.#replicas.get(name);
    if (replica === undefined) throw new Error(`Unknown replica ${name}`);
    return replica;
  }

  restart(name: string): void {
    const peers = this.names.filter((other) => other !== name);
    const incarnation = `${name}-${++this.#startCount}`;
    const replica = new Replica({ incarnation, peers, maxLength: this.#maxLength });
    this.#replicas.set(name, replica);
  }

  /** Writes a new value to pairs of keys. */
  write(name: string, pairs: readonly number[]): void {
    const value = ++this.#lastValue;
    const keys = pairs.flatMap((pair) => [2 * pair, 2 * pair + 1]);
    this.get(name).commit(keys.map((key) => [key, value]));
  }

  /** Returns the values of all four keys on a node. */
  read(name: string) {
    return PAIRS.flatMap((pair) => [2 * pair, 2 * pair + 1]).map((key) => this.get(name).read(key));
  }

  /** Sends a message if one is due; returns whether it was. */
  send(src: string, dest: string): boolean {
    const message = this.get(src).message(dest);
    if (message === undefined) return false;
    this.#messages.push({ src, dest, text: stringifyJson(message) });
    return true;
  }

  /** Sends a message if one is due, and delivers it; returns whether it was. */
  sendAndDeliver(src: string, dest: string): boolean {
    if (!this.send(src, dest)) return false;
    this.#deliver(this.#messages.length - 1);
    return true;
  }

  /** Delivers one of all messages ever sent; it can be delivered again. */
  deliver(fraction: number): void {
    const { length } = this.#messages;
    if (length > 0) this.#deliver(Math.floor(fraction * length));
  }

  #deliver(index: number): void {
    const { src, dest, text } = this.#messages[index] ?? { src: "", dest: "", text: "" };
    // Cast: the text of a message that a replica has made.
    this.get(dest).receive(src, parseJson(text) as Replicate);
    this.checkInvariants();
  }

  /** Delivers everything that is due, until nothing is; returns the number of rounds. */
  settle(): number {
    this.#forEachPair((src, dest) => this.get(src).timeOut(dest));
    for (let round = 1; round <= 50; round++) {
      let isSilent = true;
      this.#forEachPair((src, dest) => {
        if (this.sendAndDeliver(src, dest)) isSilent = false;
      });
      if (isSilent) return round;
    }
    throw new Error("The replicas never stop sending");
  }

  /** Throws if an invariant of a replica, or between two of them, does not hold. */
  checkInvariants(): void {
    for (const name of this.names) {
      for (const [invariant, holds] of this.get(name).invariants) {
        if (!holds()) throw new Error(`Invariant broken at ${name}: ${invariant}`);
      }
    }
    this.#forEachPair((src, dest) => {
      if (!this.get(src).isReplicatedTo(dest, this.get(dest))) {
        throw new Error(`${dest} lacks a transaction that it has acknowledged to ${src}`);
      }
    });
  }

  #forEachPair(visit: (src: string, dest: string) => void): void {
    for (const src of this.names) {
      for (const dest of this.names) if (src !== dest) visit(src, dest);
    }
  }
}

interface Run {
  readonly seed: number;
  readonly steps: number;
  readonly maxLength: number | undefined;
  /** Called after every step. */
  readonly onStep?: (replicas: Replicas) => void;
}

/** Takes random steps: writes, lost, repeated and reordered messages, time-outs and restarts. */
export function runRandomly({ seed, steps, maxLength, onStep }: Run): Replicas {
  const replicas = new Replicas(maxLength);
  const random = randomStream(seed, "replicas");
  const name = () => `n${Math.floor(random.next() * 3)}`;
  for (let step = 0; step < steps; step++) {
    const choice = random.next();
    const [one, other] = [name(), name()];
    if (choice < 0.3) {
      const pairs = random.next() < 0.5 ? PAIRS : [random.next() < 0.5 ? 0 : 1];
      replicas.write(one, pairs);
    } else if (choice < 0.6 && one !== other) replicas.send(one, other);
    else if (choice < 0.9) replicas.deliver(random.next());
    else if (choice < 0.98 && one !== other) replicas.get(one).timeOut(other);
    else if (choice >= 0.98) replicas.restart(one);
    replicas.checkInvariants();
    onStep?.(replicas);
  }
  return replicas;
}
