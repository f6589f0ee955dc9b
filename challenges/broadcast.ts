/**
 * Challenge 3, broadcast: a value that a client gives to one node must reach every node.
 *
 * **Problem.** Nodes lose contact for seconds and lose no value by it. With 25 nodes and 100 ms per
 * message, few messages may be sent, and most values must be everywhere within 400 ms.
 *
 * **Idea.** A star with a timetable. The first node in the list that answers is the hub. It sends
 * every other node at most one batch per cycle, and each batch says when the next one leaves. The
 * others send their news to arrive just before that. So a value takes two network delays and one
 * wait, of half a cycle on average, however many values there are.
 *
 * **Invariant.** *A node at rest has passed everything on*: its parent, or every child if it is the
 * hub, has acknowledged its whole log. Parents rank before their children, so when all nodes rest,
 * the first node holds every value, and every node holds what the first one holds.
 *
 * **Algorithm.** The parts are pure state machines in `broadcast/`; `gossiper.ts` combines them.
 * - `membership.ts`: a node's parent is the first node before it that answers; without one it is a hub.
 * - `sync.ts`: each node appends values to a log. A message holds all that its receiver has not
 *   acknowledged, and an acknowledgement is a position in that log, which rides on other messages.
 * - `timing.ts`, `cycle.ts`: when to send, from timestamps that come back with the answers.
 *
 * **Faults.** Lost, late and repeated messages need no treatment, because messages are cumulative. A
 * parent that does not answer is replaced by the next node, and asked from time to time. Nodes that
 * meet again compare how many values they hold of each origin, and send the difference. A killed
 * node comes back empty, as a new *incarnation*, and is sent everything; what it alone held is lost,
 * unless `--durable` stores each value before it is acknowledged. Once messages arrive
 * again, all nodes are equal within 1 s, or two cycles if that is longer.
 *
 * **Cost.** About nodes / cycle messages per second, whatever the rate; none when nothing is new. 25
 * nodes at 100 operations/s take 1.03 messages per operation with a cycle of 400 ms, and values
 * are everywhere after 400 ms in the median and 611 ms at most. `--flush-ms` sets the cycle, 0 sends
 * each value to every node at once. `docs/challenges/broadcast.md` has all figures.
 *
 * @see Maelstrom workloads, "Broadcast"; Fly.io Gossip Glomers, challenges 3a to 3e
 * @see Almeida, Shoker, Baquero, "Delta State Replicated Data Types" (2018): its anti-entropy, on a
 *   star
 */
import * as v from "valibot";
import {
  type Cancel,
  KeptJson,
  type KVNode,
  type NodeId,
  serve,
  withOptions,
} from "../lib/vortex/index.ts";
import { DurableValues } from "./broadcast/durable-values.ts";
import { Gossiper } from "./broadcast/gossiper.ts";
import { newIncarnation } from "./broadcast/incarnation.ts";
import { MAX_FLUSH_MS } from "./broadcast/limits.ts";
import { Eager, Gossip } from "./broadcast/messages.ts";
import { diskLog, linKvLog } from "./broadcast/run-log.ts";

const Options = v.object({
  /** The hub's cycle in ms: longer means fewer messages and later values. 0 sends values at once. */
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_FLUSH_MS)), 400),
  /** Stores values before they are acknowledged. */
  durable: v.optional(v.boolean(), false),
  /**
   * The store of `durable`: lin-kv costs one write and two network delays per batch; the node's disk
   * costs no message, but values only there are missing until the node is back.
   */
  storage: v.optional(v.picklist(["lin-kv", "disk"]), "lin-kv"),
});
type Options = v.InferOutput<typeof Options>;

const Broadcast = v.object({ message: KeptJson });
const Read = v.object({});

export const broadcast = withOptions(Options, (node, options) => {
  const replica = new Replica(node, options);
  node.inspect(() => ({ values: replica.values() }));

  node.handle("broadcast", Broadcast, async (request) => {
    const { message } = request.body;
    if (options.durable) await replica.addDurably(message);
    else replica.add(message);
    // Before anything else is sent: the client need not wait for that.
    node.reply(request, { type: "broadcast_ok" });
    replica.onActivity();
  });

  node.handle("read", Read, (request) => {
    node.reply(request, { type: "read_ok", messages: replica.values() });
    replica.onActivity();
  });

  node.handlePeer("gossip", Gossip, ({ src, body }) => replica.receive(src, body));
  node.handlePeer("eager", Eager, ({ body }) => replica.deliverEagerly(body));
});

/** Runs a gossiper on a node: sends its messages, and calls its `step` when that is due. */
class Replica {
  readonly #node: KVNode;
  readonly #gossiper: Gossiper;
  readonly #durable: DurableValues | undefined;
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;

  constructor(node: KVNode, { flushMs, durable, storage }: Options) {
    const { id, nodeIds } = node;
    const incarnation = newIncarnation(node);
    const nowMs = node.nowMs();
    const gossiper = new Gossiper({ id, nodeIds, incarnation, flushMs, nowMs, node });
    for (const [name, holds] of gossiper.invariants) node.invariant(name, holds);
    this.#node = node;
    this.#gossiper = gossiper;
    if (durable) {
      const makeLog = storage === "disk" ? diskLog : linKvLog;
      this.#durable = new DurableValues({
        node,
        gossiper,
        log: makeLog(node, (run) => gossiper.restore(run)),
        onRecovered: () => this.#step(),
        onStored: () => this.onActivity(),
      });
    }
    this.#step();
  }

  /** All values that this node holds. The list grows with them. */
  values(): readonly unknown[] {
    return this.#gossiper.values.asArray();
  }

  add(value: unknown): void {
    this.#gossiper.add(value);
  }

  /** Resolves once the value is stored. */
  async addDurably(value: unknown): Promise<void> {
    await this.#durable?.add(value);
  }

  receive(src: NodeId, message: Gossip): void {
    this.#gossiper.receive(src, message, this.#node.nowMs());
    this.onActivity();
  }

  deliverEagerly(message: Eager): void {
    this.#gossiper.deliverEagerly(message);
    this.onActivity();
  }

  /** Call after each message: it may need messages in turn, and shows that the other nodes run. */
  onActivity(): void {
    this.#gossiper.unmute(this.#node.nowMs());
    this.#step();
  }

  #step(): void {
    const { messages, nextStepMs } = this.#gossiper.step(this.#node.nowMs());
    for (const { dest, body } of messages) this.#node.send(dest, body);
    if (!this.#gossiper.isMuted(this.#node.nowMs())) void this.#durable?.recover();
    this.#stepAt(nextStepMs);
  }

  #stepAt(dueMs: number): void {
    // An earlier step will find out when the next one is due.
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
}

if (import.meta.main) await serve(broadcast);
