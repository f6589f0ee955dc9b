import { Batcher, jsonLength, type KVNode, startOnce } from "../../lib/vortex/index.ts";
import type { Gossiper } from "./gossiper.ts";
import type { RunLog } from "./run-log.ts";

interface DurableValuesOptions {
  readonly node: KVNode;
  readonly gossiper: Gossiper;
  /** Stores the values. The gossiper restores what it has stored. */
  readonly log: RunLog;
  /** Called when the gossiper holds the values of earlier incarnations. */
  onRecovered(): void;
  /** Called when the gossiper holds new values, which are stored. */
  onStored(): void;
}

/**
 * Keeps a node's values in lin-kv or on its disk, so that they survive its death.
 *
 * Each node appends to a log of its own, and stores all values that wait in one record. A value
 * enters the gossiper when its record is stored, so no other node can receive a value that might
 * be lost. A new incarnation reads the log back before it appends.
 */
export class DurableValues {
  readonly #gossiper: Gossiper;
  readonly #log: RunLog;
  readonly #batcher: Batcher<unknown>;
  /** Reads back what earlier incarnations stored; does nothing once that is done. */
  readonly recover: () => Promise<void>;

  constructor({ node, gossiper, log, onRecovered, onStored }: DurableValuesOptions) {
    this.#gossiper = gossiper;
    this.#log = log;
    this.recover = startOnce(node, async () => {
      await this.#log.read();
      node.sometimes(this.#log.length > 0, "a restarted node finds its log");
      onRecovered();
    });
    this.#batcher = new Batcher(node, {
      flush: async (values) => {
        await this.#store(values);
        onStored();
      },
      lengthOf: jsonLength,
    });
  }

  /** Resolves once the value is stored. */
  async add(value: unknown): Promise<void> {
    if (!this.#gossiper.values.has(value)) await this.#batcher.add(value);
  }

  async #store(values: readonly unknown[]): Promise<void> {
    await this.recover();
    const run = this.#gossiper.nextRun(values);
    await this.#log.append(run);
    this.#gossiper.sendEagerly(values);
  }
}
