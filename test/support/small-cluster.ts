/**
 * A few nodes and a key-value service, whose messages a test delivers, drops or holds back.
 */
import { type AnyBody, KVNode, type Message, type NodeId } from "../../lib/vortex/index.ts";
import { FakeHost, receive, settled } from "./fake-host.ts";
import { FakeKv } from "./fake-kv.ts";

/** What becomes of a message: it arrives, it is lost, or it waits for {@link SmallCluster.release}. */
export type Fate = "deliver" | "lose" | "hold";

export interface SmallClusterOptions {
  readonly nodeIds?: readonly NodeId[];
  readonly program: (node: KVNode) => void;
}

export class SmallCluster {
  readonly kv = new FakeKv();
  /** How many of the newest states the service does not show. */
  statesBehind = 0;
  /** Decides on every message but those to clients. */
  fate: (message: Message) => Fate = () => "deliver";
  /** All messages between nodes and services, whatever became of them. */
  readonly messages: Message[] = [];
  readonly #program: (node: KVNode) => void;
  readonly #nodeIds: readonly NodeId[];
  readonly #nodes = new Map<NodeId, { readonly node: KVNode; readonly host: FakeHost }>();
  readonly #held: Message[] = [];
  readonly #replies = new Map<number, AnyBody>();
  #lastRequest = 0;
  #startCount = 0;

  constructor({ program, nodeIds = ["n0", "n1", "n2"] }: SmallClusterOptions) {
    this.#program = program;
    this.#nodeIds = nodeIds;
    for (const id of nodeIds) this.start(id);
  }

  /** Starts a node, or starts it anew, with nothing left of what it was. */
  start(id: NodeId): void {
    const host = new FakeHost(++this.#startCount);
    const node = new KVNode(host);
    this.#program(node);
    this.#nodes.set(id, { node, host });
    receive(node, { type: "init", msg_id: 1, node_id: id, node_ids: this.#nodeIds }, "c0", id);
    host.takeSent();
  }

  /** Sends a client's request, and returns what gives the reply once there is one. */
  request(id: NodeId, body: AnyBody): () => AnyBody | undefined {
    const msg_id = ++this.#lastRequest;
    const { node } = this.#nodeOf(id);
    receive(node, { ...body, msg_id }, "c1", id);
    return () => this.#replies.get(msg_id);
  }

  /** Sends a client's request, and lets time pass until it is answered. */
  async ask(id: NodeId, body: AnyBody): Promise<AnyBody> {
    const reply = this.request(id, body);
    for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 10) {
      await this.settle();
      const found = reply();
      if (found !== undefined) return found;
      await this.advance(10);
    }
    throw new Error(`No reply to ${body["type"]} within 10 s`);
  }

  /** Delivers messages until there are no more. */
  async settle(): Promise<void> {
    for (let isBusy = true; isBusy; ) {
      await settled();
      isBusy = false;
      for (const { host } of this.#nodes.values()) {
        for (const message of host.takeSent()) {
          isBusy = true;
          this.#send(message);
        }
      }
    }
  }

  /** Lets time pass on all nodes, in small steps. */
  async advance(byMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < byMs; passedMs += 10) {
      await this.settle();
      for (const { host } of this.#nodes.values()) await host.clock.advance(10);
    }
    await this.settle();
  }

  /** Lets the messages arrive that were held back, in the order of sending. */
  async release(): Promise<void> {
    for (const message of this.#held.splice(0)) this.#deliver(message);
    await this.settle();
  }

  /** Lets a message arrive, as if it had been sent once more. */
  deliver(message: Message): void {
    this.#deliver(message);
  }

  /** Takes the messages between nodes and services since the last call. */
  takeMessages(): Message[] {
    return this.messages.splice(0);
  }

  #nodeOf(id: NodeId) {
    const found = this.#nodes.get(id);
    if (found === undefined) throw new Error(`There is no ${id}`);
    return found;
  }

  #send(message: Message): void {
    const { dest, body } = message;
    if (dest.startsWith("c")) {
      this.#replies.set(Number(body["in_reply_to"]), body);
      return;
    }
    this.messages.push(message);
    const fate = this.fate(message);
    if (fate === "hold") this.#held.push(message);
    if (fate === "deliver") this.#deliver(message);
  }

  #deliver({ src, dest, body }: Message): void {
    if (this.#nodes.has(dest)) {
      receive(this.#nodeOf(dest).node, body, src, dest);
      return;
    }
    const reply = this.kv.answer(body, this.statesBehind);
    this.#send({ src: dest, dest: src, body: { ...reply, in_reply_to: body["msg_id"] } });
  }
}
