/** Describes where a simulation makes no progress. */
import { shorten } from "../../protocol/shorten.ts";
import { type NodeId, stringifyJson } from "../../vortex/index.ts";
import type { Delivery } from "../network/delivery.ts";
import { TestCrash } from "../run/test-crash.ts";

/** The simulated program does not return from a message or a timer. */
export class StalledProgram extends TestCrash {
  /** Number of events that ran before. */
  readonly eventCount: number;
  readonly #beginning: string;

  constructor(stalled: string, limitS: number, eventCount: number) {
    const beginning = `${stalled} for ${limitS} s of real time`;
    super(describeStall(beginning, []));
    this.#beginning = beginning;
    this.eventCount = eventCount;
  }

  /** Names the places where the program stands, innermost first. */
  setPlaces(places: readonly string[]): void {
    this.message = describeStall(this.#beginning, places);
  }
}

function describeStall(beginning: string, [innermost, ...callers]: readonly string[]): string {
  const where = innermost === undefined ? "" : `, at ${innermost}`;
  return [
    `${beginning}${where}: a loop that does not end, or a call that blocks. A handler must return, or await what its node provides`,
    ...callers.map((place) => `    called from ${place}`),
  ].join("\n");
}

/** The node that runs, and why. */
export class Turn {
  node: NodeId = "";
  #received: Delivery | undefined;

  set(node: NodeId, received: Delivery | undefined): void {
    this.node = node;
    this.#received = received;
  }

  describe(): string {
    if (this.node === "") return "The simulation has not returned from starting the nodes";
    const received = this.#received;
    if (received === undefined) return `${this.node} has not returned from a timer`;
    const { src, dest, body } = received;
    return `${this.node} has not returned from the message ${shorten(stringifyJson({ src, dest, body }), MAX_MESSAGE_LENGTH)}`;
  }
}

const MAX_MESSAGE_LENGTH = 500;
