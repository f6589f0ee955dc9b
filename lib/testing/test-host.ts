import {
  type AnyBody,
  type Host,
  type InvariantViolation,
  type Message,
  parseJson,
  stringifyJson,
} from "../vortex/index.ts";
import { ManualClock } from "./manual-clock.ts";

/**
 * A host whose world is the test: messages are recorded, time moves when told, randomness repeats.
 *
 * For tests of one node whose messages the test answers itself; a `TestCluster` delivers them.
 *
 * @example
 * const host = new TestHost();
 * const node = new KVNode(host, echo);
 * node.receive({ src: "c1", dest: "n0", body: { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] } });
 * host.takeBodies(); // [{ type: "init_ok", in_reply_to: 1 }]
 */
export class TestHost implements Host {
  /** The time that the node sees. */
  readonly clock = new ManualClock();
  /** Everything that was sent, as the receiver would parse it. */
  readonly sent: Message[] = [];
  /** Every remark of the node. */
  readonly logged: string[] = [];
  #randomState: number;

  /** @param seed Two hosts of one seed give the same random numbers. */
  constructor(seed = 1) {
    this.#randomState = seed;
  }

  /** Records what is sent. */
  readonly transport = {
    /** Puts a message at the end of {@link sent}. */
    send: (message: Message) => {
      // Through text and back, so that the recorded message shares nothing with the node's objects.
      this.sent.push(parseJson(stringifyJson(message)) as Message);
    },
  };

  /** Records what is logged. */
  readonly logger = {
    /** Puts a remark at the end of {@link logged}. */
    log: (text: string) => void this.logged.push(text),
  };

  /** SplitMix32: as good as a test needs. */
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

  /** Throws: the call that handed the node a message or let its time pass then fails. */
  readonly onViolation = (violation: InvariantViolation): never => {
    throw violation;
  };

  /** Takes what was sent since the last call. */
  takeSent(): Message[] {
    return this.sent.splice(0);
  }

  /** Takes the bodies of what was sent since the last call. */
  takeBodies(): AnyBody[] {
    return this.takeSent().map(({ body }) => body);
  }
}
