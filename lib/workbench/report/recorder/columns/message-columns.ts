/**
 * The messages of a run as columns, and which of them belong to which operation of a client.
 *
 * A history does not say over which client an operation went, nor do messages say which operation
 * they are of. But a client sends as soon as its operation is invoked; so the first message of a
 * client that nobody has yet belongs to the operation that was invoked last, on that node, and has
 * sent nothing so far. From then on the client is its thread's.
 */
import { stringifyJson } from "../../../../vortex/index.ts";
import { isClientId } from "../../../network/delivery.ts";
import type { JournalEvent } from "../../../network/journal.ts";
import type { Lane, RunColumns, Ticks } from "../run-data.ts";
import { toDeltas } from "./columnar-codec.ts";
import { TextColumn, TypedColumn } from "./typed-columns.ts";

/** An operation under way, as far as messages are concerned. */
export interface PendingOperation {
  /** Row of the operation. */
  readonly row: number;
  readonly thread: number;
  readonly node: string | undefined;
  hasSent: boolean;
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

/** The lane of clients that start and set up nodes, and of those whose operation is unknown. */
const SET_UP = "set-up";

export class MessageColumns {
  readonly #limits: MessageLimits;
  readonly #lanes: Lane[] = [];
  readonly #laneOf = new Map<string, number>();
  readonly #threadOf = new Map<string, number>();
  /** Row of the operation that a client is busy with, plus 1. */
  readonly #operationOf = new Map<string, number>();
  readonly #types: string[] = [];
  readonly #typeOf = new Map<string, number>();
  /** Row by the message's id, plus 1. */
  readonly #rowOf = new TypedColumn(Uint32Array);
  readonly #sent = new TypedColumn(Int32Array);
  readonly #flight = new TypedColumn(Int32Array);
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

  /** Where a client's thread is drawn, if it has sent anything. */
  laneOfThread(thread: number): number | undefined {
    return this.#laneOf.get(threadLane(thread));
  }

  /** Where a node is drawn. */
  laneOfNode(node: string): number | undefined {
    return this.#laneOf.get(node);
  }

  /** Takes in an event of the journal; returns the row of its message, or `undefined` if that has none. */
  add(
    { type, message }: JournalEvent,
    time: Ticks,
    callers: Iterable<PendingOperation>,
  ): number | undefined {
    if (type === "recv") return this.#receive(message.id, time);
    const { id, src, dest, body } = message;
    if (isClientId(src)) this.#claim(src, dest, callers);
    if (this.#sent.length >= this.#limits.messages) {
      this.#omittedCount++;
      return undefined;
    }
    const row = this.#sent.length;
    while (this.#rowOf.length <= id) this.#rowOf.push(0);
    this.#rowOf.set(id, row + 1);
    this.#sent.push(time);
    this.#flight.push(-1);
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

  #receive(id: number, time: Ticks): number | undefined {
    const row = this.#rowOf.at(id) - 1;
    if (id >= this.#rowOf.length || row < 0) return undefined;
    const flight = Math.max(0, time - this.#sent.at(row));
    if (this.#flight.at(row) < 0) this.#flight.set(row, flight);
    else {
      this.#duplicateOf.push(row);
      this.#duplicateFlight.push(flight);
    }
    return row;
  }

  /** Finds out whose request a client sends. */
  #claim(client: string, dest: string, callers: Iterable<PendingOperation>): void {
    const thread = this.#threadOf.get(client);
    let mine: PendingOperation | undefined;
    for (const caller of callers) {
      const isMine =
        thread === undefined ? !caller.hasSent && caller.node === dest : caller.thread === thread;
      // The one that was invoked last has the highest row.
      if (isMine && (mine === undefined || caller.row > mine.row)) mine = caller;
    }
    if (mine === undefined) return;
    mine.hasSent = true;
    this.#threadOf.set(client, mine.thread);
    this.#operationOf.set(client, mine.row + 1);
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
    // A node that invents a type a message must not fill the page with them.
    if (this.#types.length >= MAX_TYPES) return MAX_TYPES - 1;
    const isLast = this.#types.length === MAX_TYPES - 1;
    const number = this.#types.push(isLast ? "(others)" : name) - 1;
    this.#typeOf.set(name, number);
    return number;
  }
}

const MAX_TYPE_LENGTH = 80;
const MAX_TYPES = 400;

/** What a client's thread is called: no id of a node or service has a space within. */
function threadLane(thread: number): string {
  return `client ${thread}`;
}

function textOf(body: unknown): string {
  try {
    return stringifyJson(body);
  } catch {
    return "(nested too deep to be shown)";
  }
}
