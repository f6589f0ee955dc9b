/**
 * A grow-only set: clients add elements to any node, and read all of them from any node.
 *
 * **Idea.** A log per node in lin-kv. Nodes send each other nothing, so faults of the links between
 * them have no effect.
 *
 * **Invariant.** An acknowledged element is in a log, and a read has read every log to its end at a
 * time no more than `--fresh-ms` before it.
 *
 * **Algorithm.** A node appends to its own log, all elements that wait in one record, and then
 * acknowledges them. A read that needs fresher logs reads on in all of them; concurrent reads share
 * that.
 *
 * **Faults.** A killed node reads the logs back before it answers. A read that lin-kv does not answer
 * within 4 s fails with error 11.
 *
 * **Cost.** Two messages per record, and two per log and `--fresh-ms` while clients read.
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
  /** Maximum staleness of a read, in ms. */
  freshMs: v.optional(v.pipe(v.number(), v.minValue(0)), 500),
});
type Options = v.InferOutput<typeof Options>;

const Elements = v.array(v.unknown());
const Add = v.object({ element: KeptJson });
const Read = v.object({});

/** Limit to a read in ms; clients give up after 5 s. */
const READ_LIMIT_MS = 4000;

export const gSet = withOptions(Options, (node, options) => {
  const replica = new Replica(node, options);
  node.handle("add", Add, async ({ body }) => {
    await replica.add(body.element);
    return { type: "add_ok" };
  });
  node.handle("read", Read, async () => ({ type: "read_ok", value: await replica.read() }));
});

/** One node's part in the set. */
class Replica {
  readonly #node: KVNode;
  readonly #freshMs: number;
  /** Elements by their JSON text: `1`, `1.0` and `"1"` are three elements. */
  readonly #elements = new Map<string, unknown>();
  readonly #log: StoredLog<readonly unknown[]>;
  readonly #logs: readonly StoredLog<readonly unknown[]>[];
  readonly #batcher: Batcher<unknown>;
  /** Time as of which every log has been read to its end, in ms. */
  #asOfMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(node: KVNode, { freshMs }: Options) {
    this.#node = node;
    this.#freshMs = freshMs;
    this.#log = this.#logOf(node.id);
    this.#logs = [this.#log, ...node.peers.map((id) => this.#logOf(id))];
    node.inspect(() => ({ elements: [...this.#elements.values()], asOfMs: this.#asOfMs }));
    this.#batcher = new Batcher(node, {
      flush: (elements) => this.#store(elements),
      lengthOf: jsonLength,
    });
  }

  /** Resolves once the element is stored. */
  async add(element: unknown): Promise<void> {
    await this.#batcher.add(element);
  }

  /** Resolves with all elements, no more than `freshMs` stale. */
  async read(): Promise<unknown[]> {
    const fresh = this.#readUpTo(this.#node.nowMs() - this.#freshMs);
    await deadline(this.#node, fresh, READ_LIMIT_MS);
    return [...this.#elements.values()];
  }

  /** Waits until every log has been read to its end as of a time. */
  async #readUpTo(asOfMs: number): Promise<void> {
    while (this.#asOfMs < asOfMs) {
      // A reading in flight may have started before that time: then another one follows it.
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
    const asOfMs = this.#node.nowMs();
    await Promise.all(this.#logs.map((log) => log.readOn()));
    this.#asOfMs = asOfMs;
  }

  async #store(elements: readonly unknown[]): Promise<void> {
    this.#node.sometimes(elements.length > 1, "elements share a record");
    // After a restart the log is not empty: reading finds its end faster than appending does.
    if (this.#log.length === 0) {
      await this.#log.readOn();
      this.#node.sometimes(this.#log.length > 0, "a restarted node finds its log");
    }
    await this.#log.append(() => elements);
  }
}

if (import.meta.main) await serve(gSet);
