/**
 * Challenge 3, broadcast: every value that one node was given reaches all of them.
 *
 * **The hub.** Nodes are ranked by their place in `init`'s list. Each takes the first node before it
 * that answers for its *parent*; the one that finds none is the *hub*. When all is well, this is the
 * first node, and everybody else's parent. A value travels from a leaf to the hub and from there to
 * all others: two network delays, and never more messages than a star has edges.
 *
 * **The cycle.** The hub sends what is new at most once in `flushMs`, one batch to each node, and
 * every message tells how long it will be until the next. From what its own messages took to be
 * answered a leaf knows the way there and back, and sends what it has gathered so that it arrives
 * just before the next batch leaves. So the wait of a value is spread over one cycle, and not two,
 * without a shared clock. Who finds the hub idle sends at once. News says how long it has waited: if it
 * comes too late for a batch, or was lost before, so that it would wait for much more than a cycle,
 * the hub sends the next batch before its time; but only few of them, for each costs as much as any.
 *
 * **Acknowledgements.** A node keeps what it knows in a log, in order of arrival, and each message
 * says up to where the sender has got the receiver's log (`seen`). A message holds everything after
 * what its receiver has acknowledged. So one that is lost costs nothing but time, one that arrives
 * twice nothing, and one that was overtaken nothing. Acknowledgements ride on whatever is sent
 * next, and travel alone only when that takes too long. Until a long message is known to have
 * arrived, its receiver is sent short ones: for one that is slow, repeated ones would pile up.
 *
 * **The fallback.** A parent that answers nothing is passed over in favour of the next one. Values
 * are numbered by the node that was first given them, its *origin*, so two nodes that meet, after a
 * partition or for the first time, compare how many they have of each origin (`have`), and send what
 * the other lacks. Nodes that cannot reach their hub are served by whom they reach: any node serves
 * those who took it for a parent, and those who found no parent at all.
 *
 * **Why nothing is lost.** A node is at rest only when its parent has acknowledged all it has; the
 * hub, when everybody has. Ranks fall from child to parent, so at rest every node's values are at the
 * first one, and the first one's are everywhere; a node not at rest asks those who do not answer
 * again, until they do. Whoever has passed a node over asks it too, though seldom, for its parent may
 * die before it has told that node. This holds whatever the nodes believe of each other meanwhile, and
 * whatever happens to messages; `test/challenges/broadcast-faults.test.ts` holds it against every
 * fault, and `broadcast/gossiper-faults.test.ts` that all rest then. News waits for a cycle at most, and what
 * was lost is repeated a cycle and a round trip later; so once messages arrive again, all nodes are
 * equal within a second, or two cycles.
 *
 * **Death.** A node that was killed comes back empty, under a new name for itself (its *start*), and
 * gets what others have. What only it knew, the values of its last cycle at most, is lost with it; and
 * all is lost if all are killed at once. With `--durable` nothing is: a node appends what it is given
 * to a log of its own in lin-kv, all that waits in one record, before it acknowledges it or tells it
 * to others, and reads the log back when it starts. A hub that dies at rest and never comes back is
 * noticed with the next news only: what it had acknowledged, but not told all others, waits until then.
 *
 * **When nothing is new, nothing is sent.** Only a node's start costs one question and its answer. A
 * node that lacks something and does not answer, dead or cut off, is asked every 400 ms by its hub, and
 * about as often by all others together that have passed it over.
 *
 * Options: `--flush-ms` is the cycle of the hub in ms. A longer one means fewer messages (about
 * nodes / cycle a second, whatever the rate) and a longer way (half a cycle in the median, a whole
 * one at most, besides two network delays). 0 sends each value to all nodes at once, one network
 * delay for as many messages as there are nodes; the hub then only mends. If a node is killed then that
 * has told only some of the others, it may stay so, without `--durable`. `--durable` costs one write,
 * and two network delays, for what comes together.
 *
 * Who is sent what, and when, is decided in `broadcast/gossiper.ts`, which has neither network nor
 * clock; here are the options, the requests of clients, and what is stored.
 *
 * @see Maelstrom workloads, "Broadcast"; Fly.io Gossip Glomers, challenges 3a to 3e
 * @see Almeida, Shoker, Baquero, "Delta State Replicated Data Types" (2018), whose anti-entropy this
 *   is, on a star
 */
import * as v from "valibot";
import {
  Batcher,
  type Cancel,
  jsonLength,
  KeptJson,
  type KVNode,
  type NodeId,
  StoredLog,
  serve,
  startOnce,
  withOptions,
} from "../lib/vortex/index.ts";
import { Gossiper } from "./broadcast/gossiper.ts";
import { newIncarnation } from "./broadcast/incarnation.ts";
import { Eager, Gossip, Run } from "./broadcast/messages.ts";
import type { Run as Values } from "./broadcast/origin-log.ts";

const Options = v.object({
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000)), 400),
  durable: v.optional(v.boolean(), false),
});
type Options = v.InferOutput<typeof Options>;

const Broadcast = v.object({ message: KeptJson });
const Read = v.object({});

/** One node's part in it: sends what the `Gossiper` says, when it says so, and stores what is to last. */
class Replica {
  readonly #node: KVNode;
  readonly #start: string;
  readonly #gossiper: Gossiper;
  readonly #stored: StoredLog<Values> | undefined;
  readonly #batcher: Batcher<unknown>;
  /** Reads back what earlier starts of this node have stored. */
  readonly #recover: () => Promise<void>;
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;

  constructor(node: KVNode, { flushMs, durable }: Options) {
    const { id, nodeIds } = node;
    this.#node = node;
    this.#recover = startOnce(node, async () => {
      await this.#stored?.readOn();
      this.#step();
    });
    this.#start = newIncarnation(node);
    const start = this.#start;
    this.#gossiper = new Gossiper({
      id,
      nodeIds,
      incarnation: start,
      flushMs,
      nowMs: node.nowMs(),
    });
    if (durable) {
      this.#stored = new StoredLog(node, {
        name: `broadcast/${id}`,
        schema: Run,
        onRecord: (run) => this.#gossiper.restore(run),
      });
    }
    this.#batcher = new Batcher(node, {
      flush: (values) => this.#store(values),
      lengthOf: jsonLength,
    });
    this.#step();
  }

  /** All values that are known here: a list that goes on growing. */
  read(): readonly unknown[] {
    return this.#gossiper.values.asArray();
  }

  add(value: unknown): void {
    this.#gossiper.add(value);
  }

  /** Adds a value; resolves once it is stored, if values are to be. */
  async addDurably(value: unknown): Promise<void> {
    if (!this.#gossiper.values.has(value)) await this.#batcher.add(value);
  }

  show(message: Eager): void {
    this.#gossiper.deliverEagerly(message);
    this.heard();
  }

  receive(src: NodeId, message: Gossip): void {
    this.#gossiper.receive(src, message, this.#node.nowMs());
    this.heard();
  }

  /** To be called after whatever was heard: others have been started, and there may be news. */
  heard(): void {
    this.#gossiper.unmute(this.#node.nowMs());
    this.#step();
  }

  #step(): void {
    const { messages, nextStepMs } = this.#gossiper.step(this.#node.nowMs());
    for (const { dest, body } of messages) this.#node.send(dest, body);
    if (!this.#gossiper.isMuted(this.#node.nowMs())) void this.#recover();
    this.#stepAt(nextStepMs);
  }

  #stepAt(dueMs: number): void {
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const cancel = this.#node.after(dueMs - this.#node.nowMs(), () => {
      this.#timer = undefined;
      this.#step();
    });
    this.#timer = { dueMs, cancel };
  }

  async #store(values: readonly unknown[]): Promise<void> {
    await this.#recover();
    const run = [this.#start, this.#gossiper.ownCount, ...values] as const;
    while (!(await this.#stored?.append(run))) {
      // A record came in between that was being written when this node was killed.
    }
    this.#gossiper.sendEagerly(values);
    this.heard();
  }
}

export const broadcast = withOptions(Options, (node, options) => {
  const replica = new Replica(node, options);
  node.handle("broadcast", Broadcast, async (request) => {
    const { message } = request.body;
    if (options.durable) await replica.addDurably(message);
    else replica.add(message);
    node.reply(request, { type: "broadcast_ok" });
    replica.heard();
  });
  node.handle("read", Read, (request) => {
    node.reply(request, { type: "read_ok", messages: replica.read() });
    replica.heard();
  });
  node.handlePeer("eager", Eager, ({ body }) => replica.show(body));
  node.handlePeer("gossip", Gossip, ({ src, body }) => replica.receive(src, body));
});

if (import.meta.main) await serve(broadcast);
