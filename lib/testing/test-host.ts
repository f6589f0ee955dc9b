import { AssertionCounts } from "../vortex/assertion-counts.ts";
import {
  type AnyBody,
  type AssertionFailure,
  type Host,
  type Message,
  parseJson,
  stringifyJson,
} from "../vortex/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { TestDisk } from "./test-disk.ts";

/**
 * The host of a single node in a test: records its messages, advances its time, seeds its randomness.
 *
 * For tests that send the replies themselves; a `TestCluster` delivers messages between nodes.
 *
 * @example
 * const host = new TestHost();
 * const node = new KVNode(host, echo);
 * node.receive({ src: "c1", dest: "n0", body: { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] } });
 * host.takeBodies(); // [{ type: "init_ok", in_reply_to: 1 }]
 */
export class TestHost implements Host {
  /** The node's clock. */
  readonly clock = new ManualClock();
  /** The node's disk. */
  readonly disk = new TestDisk(this.clock);
  /** All messages sent, as the receiver would parse them. */
  readonly sent: Message[] = [];
  /** All texts logged. */
  readonly logged: string[] = [];
  readonly #counts = new AssertionCounts();
  #randomState: number;

  /** @param seed Determines the random numbers. */
  constructor(seed = 1) {
    this.#randomState = seed;
  }

  /** Records messages. */
  readonly transport = {
    /** Appends a message to {@link sent}. */
    send: (message: Message) => {
      // Through text and back, so that the recorded message shares no object with the node.
      this.sent.push(parseJson(stringifyJson(message)) as Message);
    },
  };

  /** Records log lines. */
  readonly logger = {
    /** Appends a text to {@link logged}. */
    log: (text: string) => void this.logged.push(text),
  };

  /** SplitMix32: good enough for tests. */
  readonly random = {
    /** A number in [0, 1). */
    next: () => {
      this.#randomState = (this.#randomState + 0x9e3779b9) | 0;
      let bits = this.#randomState;
      bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
      bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
      return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
    },
  };

  /** Opens {@link disk}. A second node on this host loses what the first has not synced. */
  readonly openDisk = () => this.disk.open();

  /** Observes the program's assertions. */
  readonly assertions = {
    /** Counts what was evaluated, for {@link sometimes} and {@link always}. */
    onEvaluation: (kind: "always" | "sometimes", name: string, condition: boolean) =>
      this.#counts.add(kind, name, condition),
    /** Throws, so that the call that delivered a message or advanced the clock fails. */
    onFailure: (failure: AssertionFailure): never => {
      throw failure;
    },
  };

  /** How often each `node.sometimes` was reached; 0 if its condition never held. */
  get sometimes(): Readonly<Record<string, number>> {
    return this.#counts.reached();
  }

  /** How often each `node.always` was evaluated. */
  get always(): Readonly<Record<string, number>> {
    return this.#counts.evaluated();
  }

  /** Returns and removes the messages sent since the last call. */
  takeSent(): Message[] {
    return this.sent.splice(0);
  }

  /** Returns the bodies of the messages sent since the last call, and removes those. */
  takeBodies(): AnyBody[] {
    return this.takeSent().map(({ body }) => body);
  }
}
