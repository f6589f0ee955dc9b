/**
 * A grow-only set: every element is stored in lin-kv before its add is acknowledged.
 *
 * Each node appends the elements that it takes to a log of its own there, all that wait in one
 * record, and reads on in the others' logs when a client reads: at most once within a while
 * (`--fresh-ms`). Nodes do not talk to each other, so nothing that is done to the links between them
 * matters; and a node that was killed reads the logs back before it answers.
 *
 * A read shows what was acknowledged that while before it, by any node. Where lin-kv does not answer
 * within a second, it shows what is known here.
 *
 * @see Maelstrom workloads, "G-set"
 */
import * as v from "valibot";
import {
  Batcher,
  isRpcError,
  type KVNode,
  type NodeId,
  StoredLog,
  serve,
  stringifyJson,
  within,
} from "../lib/vortex/index.ts";

const Options = v.object({
  /** How old what a read shows of other nodes may be, in ms. */
  freshMs: v.optional(v.pipe(v.number(), v.minValue(0)), 500),
});
type Options = v.InferOutput<typeof Options>;

const Add = v.object({ element: v.unknown() });
const Read = v.object({});

/** How long a read waits for the logs to be read back after a start, and later for news, in ms. */
const START_LIMIT_MS = 4000;
const NEWS_LIMIT_MS = 1000;

/** One node's part in the set. */
class Replica {
  readonly #node: KVNode;
  readonly #freshMs: number;
  /** Elements by their JSON text, which tells `1` from `1.0` and from `"1"`. */
  readonly #elements = new Map<string, unknown>();
  readonly #log: StoredLog<readonly unknown[]>;
  readonly #logs: readonly StoredLog<readonly unknown[]>[];
  readonly #batcher: Batcher<unknown>;
  /** What was stored at this time is known. */
  #asOfMs = Number.NEGATIVE_INFINITY;

  constructor(node: KVNode, { freshMs }: Options) {
    this.#node = node;
    this.#freshMs = freshMs;
    this.#log = this.#logOf(node.id);
    this.#logs = [this.#log, ...node.peers.map((id) => this.#logOf(id))];
    this.#batcher = new Batcher(node, { flush: (elements) => this.#store(elements) });
  }

  async add(element: unknown): Promise<void> {
    await this.#batcher.add(element);
  }

  async read(): Promise<unknown[]> {
    const isFirst = this.#asOfMs === Number.NEGATIVE_INFINITY;
    if (this.#asOfMs < this.#node.nowMs() - this.#freshMs) {
      const limitMs = isFirst ? START_LIMIT_MS : NEWS_LIMIT_MS;
      try {
        await within(this.#node, limitMs, this.#readOn());
      } catch (error) {
        // What is known must do; but a node that has just started may know nothing.
        if (isFirst || !isRpcError(error)) throw error;
      }
    }
    return [...this.#elements.values()];
  }

  #logOf(id: NodeId): StoredLog<readonly unknown[]> {
    return new StoredLog(this.#node, {
      name: `g-set/${id}`,
      schema: v.array(v.unknown()),
      onRecord: (elements) => {
        for (const element of elements) this.#elements.set(stringifyJson(element), element);
      },
    });
  }

  async #readOn(): Promise<void> {
    const sinceMs = this.#node.nowMs();
    await Promise.all(this.#logs.map((log) => log.readOn()));
    this.#asOfMs = Math.max(this.#asOfMs, sinceMs);
  }

  async #store(elements: readonly unknown[]): Promise<void> {
    // A node that was killed has a log already: its end is found faster than by trying.
    if (this.#log.length === 0) await this.#log.readOn();
    while (!(await this.#log.append(elements))) {
      // The write of a record that was under way at a kill came in between.
    }
  }
}

export const gSet = Object.assign(
  (node: KVNode, options: Options): void => {
    let replica: Replica | undefined;
    // Requests come after init only.
    const here = () => {
      replica ??= new Replica(node, options);
      return replica;
    };

    node.handle("add", Add, async (request) => {
      await here().add(request.body.element);
      node.reply(request, { type: "add_ok" });
    });
    node.handle("read", Read, async (request) => {
      node.reply(request, { type: "read_ok", value: await here().read() });
    });
  },
  { options: Options },
);

if (import.meta.main) await serve(gSet);
