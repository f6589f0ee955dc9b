/**
 * A grow-only set: every element is stored in lin-kv before its add is acknowledged.
 *
 * Each node appends the elements that it takes to a log of its own there, all that wait in one
 * record, and reads on in the others' logs when a client reads: at most once within a while
 * (`--fresh-ms`). Nodes do not talk to each other, so nothing that is done to the links between them
 * matters; and a node that was killed reads the logs back before it answers.
 *
 * A read shows what was acknowledged that while before it, by any node. One that cannot, for lin-kv
 * does not answer within 4 s, is refused.
 *
 * @see Maelstrom workloads, "G-set"
 */
import * as v from "valibot";
import {
  Batcher,
  deadline,
  jsonLength,
  KeptJson,
  type KVNode,
  type NodeId,
  StoredLog,
  serve,
  stringifyJson,
  withOptions,
} from "../lib/vortex/index.ts";

const Options = v.object({
  /** How old what a read shows of other nodes may be, in ms. */
  freshMs: v.optional(v.pipe(v.number(), v.minValue(0)), 500),
});
type Options = v.InferOutput<typeof Options>;

const Elements = v.array(v.unknown());
const Add = v.object({ element: KeptJson });
const Read = v.object({});

/** How long a read may take, in ms: clients wait for 5 s. */
const READ_LIMIT_MS = 4000;

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
  #reading: Promise<void> | undefined;

  constructor(node: KVNode, { freshMs }: Options) {
    this.#node = node;
    this.#freshMs = freshMs;
    this.#log = this.#logOf(node.id);
    this.#logs = [this.#log, ...node.peers.map((id) => this.#logOf(id))];
    this.#batcher = new Batcher(node, {
      flush: (elements) => this.#store(elements),
      lengthOf: jsonLength,
    });
  }

  async add(element: unknown): Promise<void> {
    await this.#batcher.add(element);
  }

  async read(): Promise<unknown[]> {
    const known = this.#knowAll(this.#node.nowMs() - this.#freshMs);
    await deadline(this.#node, known, READ_LIMIT_MS);
    return [...this.#elements.values()];
  }

  /** Waits until all that was stored at a time is known. */
  async #knowAll(sinceMs: number): Promise<void> {
    while (this.#asOfMs < sinceMs) {
      // What is being read may have been asked for before that time: then it is read on once more.
      this.#reading ??= this.#readOn().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
  }

  #logOf(id: NodeId): StoredLog<readonly unknown[]> {
    return new StoredLog(this.#node, {
      name: `g-set/${id}`,
      schema: Elements,
      onRecord: (elements) => {
        for (const element of elements) this.#elements.set(stringifyJson(element), element);
      },
    });
  }

  async #readOn(): Promise<void> {
    const sinceMs = this.#node.nowMs();
    await Promise.all(this.#logs.map((log) => log.readOn()));
    this.#asOfMs = sinceMs;
  }

  async #store(elements: readonly unknown[]): Promise<void> {
    // A node that was killed has a log already: its end is found faster than by trying.
    if (this.#log.length === 0) await this.#log.readOn();
    while (!(await this.#log.append(elements))) {
      // The write of a record that was under way at a kill came in between.
    }
  }
}

export const gSet = withOptions(Options, (node, options) => {
  const replica = new Replica(node, options);
  node.handle("add", Add, async ({ body }) => {
    await replica.add(body.element);
    return { type: "add_ok" };
  });
  node.handle("read", Read, async () => ({ type: "read_ok", value: await replica.read() }));
});

if (import.meta.main) await serve(gSet);
