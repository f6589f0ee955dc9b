import * as v from "valibot";
import type { Json } from "../../vortex/index.ts";
import { type Client, replySchema } from "../clients/client.ts";
import type { Invocation } from "../clients/generator.ts";
import type { Completion } from "../clients/interpreter.ts";
import { Json as AnyJson, Integer, listOf, mapOf } from "../schemas.ts";
import { polledOffsets, raise } from "./kafka-offsets.ts";
import { type Connection, ok, RPC_TIMEOUT_MS, type WorkloadClient } from "./workload.ts";

const Offset = v.pipe(
  Integer,
  v.transform((offset) => (typeof offset === "number" ? offset : Number(offset.rawJSON))),
);
const SendOk = replySchema("send_ok", { offset: Offset });
const PollOk = replySchema("poll_ok", {
  msgs: mapOf(listOf(v.strictTuple([Offset, AnyJson]))),
});
const CommitOffsetsOk = replySchema("commit_offsets_ok", {});
const ListCommittedOffsetsOk = replySchema("list_committed_offsets_ok", {
  offsets: mapOf(Offset),
});

/** A consumer and producer: it keeps its position in each key that it is assigned to. */
export class KafkaClient implements WorkloadClient {
  readonly #client: Client;
  readonly #node: string;
  readonly #resumesFromCommitted: boolean;
  /** Next offset to poll, by key. */
  #positions = new Map<string, number>();

  constructor({ client, node }: Connection, resumesFromCommitted: boolean) {
    this.#client = client;
    this.#node = node;
    this.#resumesFromCommitted = resumesFromCommitted;
  }

  async invoke(invocation: Invocation): Promise<Completion> {
    const { f, value } = invocation;
    switch (f) {
      case "crash":
        return { type: "info", value };
      case "assign":
        return await this.#assign(invocation);
      case "send":
        return await this.#send(value);
      case "poll":
        return await this.#poll();
      default:
        throw new Error(`Unknown operation "${f}"`);
    }
  }

  async #assign({ value, seekToBeginning }: Invocation): Promise<Completion> {
    const keys = value as readonly string[]; // As kafka.ts generates it.
    if (seekToBeginning) {
      this.#positions = new Map(keys.map((key) => [key, 0]));
      return ok(value);
    }
    const body = { type: "list_committed_offsets", keys };
    const reply = await this.#client.rpc(this.#node, body, ListCommittedOffsetsOk, RPC_TIMEOUT_MS);
    // Maelstrom reads the committed offsets from the wrong field and never finds them, so new keys
    // start at 0 unless the test asks for the intended behaviour.
    const committed = new Map(this.#resumesFromCommitted ? Object.entries(reply.offsets) : []);
    this.#positions = new Map(
      keys.map((key) => [key, this.#positions.get(key) ?? committed.get(key) ?? 0]),
    );
    return ok(value);
  }

  async #send(value: Json): Promise<Completion> {
    const [[, key, msg]] = value as readonly [readonly ["send", string, Json]];
    const body = { type: "send", key, msg };
    const { offset } = await this.#client.rpc(this.#node, body, SendOk, RPC_TIMEOUT_MS);
    return ok([["send", key, [offset, msg]]]);
  }

  async #poll(): Promise<Completion> {
    const offsets = Object.fromEntries(this.#positions);
    const body = { type: "poll", offsets };
    const { msgs } = await this.#client.rpc(this.#node, body, PollOk, RPC_TIMEOUT_MS);
    const offsetsOf = polledOffsets([["poll", msgs]]);
    for (const [key, offset] of offsetsOf) raise(this.#positions, key, offset + 1);
    const polled = offsetsOf.filter(([key]) => msgs[key]?.length);
    if (polled.length > 0) {
      const commit = { type: "commit_offsets", offsets: Object.fromEntries(polled) };
      await this.#client.rpc(this.#node, commit, CommitOffsetsOk, RPC_TIMEOUT_MS);
    }
    return ok([["poll", msgs]]);
  }
}
