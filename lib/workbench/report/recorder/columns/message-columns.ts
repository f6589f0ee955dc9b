/**
 * Columns of messages, each attributed to the client operation that it belongs to.
 *
 * Histories do not record which client ran an operation, nor messages which operation they belong
 * to. But a client sends as soon as its operation is invoked: the first message of a new client
 * belongs to the latest operation of a process that has sent nothing yet, on that node if there is one.
 * From then on, the client is known to belong to that process's thread.
 */
import { stringifyJson } from "../../../../vortex/index.ts";
import { isClientId } from "../../../network/delivery.ts";
import { DROP_REASONS } from "../../../network/drops.ts";
import type { JournalEvent } from "../../../network/journal.ts";
import type { Lane, RunColumns, Ticks } from "../run-data.ts";
import { toDeltas } from "./columnar-codec.ts";
import { TextColumn, TypedColumn } from "./typed-columns.ts";

/** An operation that has been invoked and not completed. */
export interface PendingOperation {
  /** Row of the operation. */
  readonly row: number;
  readonly process: number;
  readonly thread: number;
  readonly node: string | undefined;
}

export interface MessageLimits {
  readonly messages: number;
  readonly bodyLength: number;
  readonly bodiesLength: number;
}

type MessageColumnNames = Extract<
  keyof RunColumns,
  `message${string}` | `body${string}` | `duplicate${string}`
>;

/** Lane of the clients that initialise nodes, and of clients without a known operation. */
const SET_UP = "set-up";

export class MessageColumns {
  readonly #limits: MessageLimits;
  readonly #lanes: Lane[] = [];
  readonly #laneOf = new Map<string, number>();
  readonly #threadOf = new Map<string, number>();
  /** Processes whose clients are known. */
  readonly #haveSent = new Set<number>();
  /** Row of the client's current operation, plus 1. */
  readonly #operationOf = new Map<string, number>();
  readonly #types: string[] = [];
  readonly #typeOf = new Map<string, number>();
  /** Row of the message with this id, plus 1. */
  readonly #rowById = new TypedColumn(Uint32Array);
  readonly #sent = new TypedColumn(Int32Array);
  readonly #flight = new TypedColumn(Int32Array);
  readonly #drop = new TypedColumn(Uint8Array);
  readonly #source = new TypedColumn(Uint16Array);
  readonly #dest = new TypedColumn(Uint16Array);
  readonly #type = new TypedColumn(Uint16Array);
  readonly #operation = new TypedColumn(Uint32Array);
  readonly #bodies: TextColumn;
  readonly #duplicateOf = new TypedColumn(Uint32Array);
  readonly #duplicateFlight = new TypedColumn(Int32Array);
  #omittedCount = 0;

  constructor(nodes: readonly string[], limits: MessageLimits) {
    this.#limits = limits;
    this.#bodies = new TextColumn(limits.bodyLength, limits.bodiesLength);
    for (const name of nodes) this.#addLane({ name, role: "node" });
  }

  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  get types(): readonly string[] {
    return this.#types;
  }

  get omittedCount(): number {
    return this.#omittedCount;
  }

  get omittedBodyCount(): number {
    return this.#bodies.omittedCount;
  }

  /** Lane of a client thread; `undefined` if it has not sent anything. */
  laneOfThread(thread: number): number | undefined {
    return this.#laneOf.get(threadLane(thread));
  }

  laneOfNode(node: string): number | undefined {
    return this.#laneOf.get(node);
  }

  /** Adds a journal event. Returns the row of its message; `undefined` if the message was omitted. */
  add(event: JournalEvent, time: Ticks, pending: Iterable<PendingOperation>): number | undefined {
    const { id, src, dest, body } = event.message;
    if (event.type === "recv") return this.#receive(id, time);
    if (event.type === "drop") {
      const row = this.#rowOf(id);
      if (row !== undefined) this.#drop.set(row, DROP_REASONS.indexOf(event.reason) + 1);
      return row;
    }
    if (isClientId(src)) this.#attribute(src, dest, pending);
    if (this.#sent.length >= this.#limits.messages) {
      this.#omittedCount++;
      return undefined;
    }
    const row = this.#sent.length;
    while (this.#rowById.length <= id) this.#rowById.push(0);
    this.#rowById.set(id, row + 1);
    this.#sent.push(time);
    this.#flight.push(-1);
    this.#drop.push(0);
    this.#source.push(this.#lane(src));
    this.#dest.push(this.#lane(dest));
    this.#type.push(this.#typeNumber(body["type"]));
    this.#operation.push(this.#operationOf.get(isClientId(src) ? src : dest) ?? 0);
    this.#bodies.push(textOf(body));
    return row;
  }

  columns(): Pick<RunColumns, MessageColumnNames> {
    return {
      messageSent: toDeltas(this.#sent.column(), this.#sent.length),
      messageFlight: this.#flight.column(),
      messageDrop: this.#drop.column(),
      messageSource: this.#source.column(),
      messageDest: this.#dest.column(),
      messageType: this.#type.column(),
      messageOperation: this.#operation.column(),
      bodyLength: this.#bodies.lengths(),
      bodyText: this.#bodies.bytes(),
      duplicateOf: this.#duplicateOf.column(),
      duplicateFlight: this.#duplicateFlight.column(),
    };
  }

  /** Row of the message with this id; `undefined` if it was omitted. */
  #rowOf(id: number): number | undefined {
    const row = this.#rowById.at(id) - 1;
    return id >= this.#rowById.length || row < 0 ? undefined : row;
  }

  #receive(id: number, time: Ticks): number | undefined {
    const row = this.#rowOf(id);
    if (row === undefined) return undefined;
    const flight = Math.max(0, time - this.#sent.at(row));
    if (this.#flight.at(row) < 0) this.#flight.set(row, flight);
    else {
      this.#duplicateOf.push(row);
      this.#duplicateFlight.push(flight);
    }
    return row;
  }

  /** Attributes a client's request to its operation. */
  #attribute(client: string, dest: string, pending: Iterable<PendingOperation>): void {
    const thread = this.#threadOf.get(client);
    let [owner, onNode]: (PendingOperation | undefined)[] = [];
    for (const operation of pending) {
      const { process, node, row } = operation;
      const isOthers =
        thread === undefined ? this.#haveSent.has(process) : operation.thread !== thread;
      if (isOthers) continue;
      // The latest invocation has the highest row.
      if (owner === undefined || row > owner.row) owner = operation;
      if (node === dest && (onNode === undefined || row > onNode.row)) onNode = operation;
    }
    // An operation of a user's workload may ask another node than its own.
    if (thread === undefined) owner = onNode ?? owner;
    if (owner === undefined) return;
    this.#haveSent.add(owner.process);
    this.#threadOf.set(client, owner.thread);
    this.#operationOf.set(client, owner.row + 1);
  }

  #lane(id: string): number {
    const known = this.#laneOf.get(id);
    if (known !== undefined) return known;
    if (!isClientId(id)) return this.#addLane({ name: id, role: "service" });
    const thread = this.#threadOf.get(id);
    const name = thread === undefined ? SET_UP : threadLane(thread);
    return this.#laneOf.get(name) ?? this.#addLane({ name, role: "client" });
  }

  #addLane(lane: Lane): number {
    const number = this.#lanes.push(lane) - 1;
    this.#laneOf.set(lane.name, number);
    return number;
  }

  #typeNumber(type: unknown): number {
    const name = typeof type === "string" ? type.slice(0, MAX_TYPE_LENGTH) : "(no type)";
    const known = this.#typeOf.get(name);
    if (known !== undefined) return known;
    // Bounds what a node that invents a type per message adds to the page.
    if (this.#types.length >= MAX_TYPES) return MAX_TYPES - 1;
    const isLast = this.#types.length === MAX_TYPES - 1;
    const number = this.#types.push(isLast ? "(others)" : name) - 1;
    this.#typeOf.set(name, number);
    return number;
  }
}

const MAX_TYPE_LENGTH = 80;
const MAX_TYPES = 400;

/** Name of a client thread's lane. Ids of nodes and services have no spaces. */
function threadLane(thread: number): string {
  return `client ${thread}`;
}

function textOf(body: unknown): string {
  try {
    return stringifyJson(body);
  } catch {
    return "(nested too deeply to show)";
  }
}
