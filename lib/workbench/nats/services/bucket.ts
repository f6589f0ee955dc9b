/**
 * A bucket of JetStream: a log of messages, each the next version of a key.
 *
 * The sequence number of a message in the log is the revision of its key, and the state of the bucket
 * at each revision is that of all keys at that moment. Replicas are the same log, of which each server
 * holds a prefix.
 */
import { JetStreamApiCodes, JetStreamApiError, type JetStreamClient } from "@nats-io/jetstream";
import {
  createInbox,
  headers,
  InvalidArgumentError,
  type Msg,
  type NatsConnection,
  RequestError,
} from "@nats-io/transport-node";
import { type Json, parseJson } from "../../../protocol/json.ts";
import type { Entry } from "../../../services/kv.ts";
import { orNull } from "../../../services/service.ts";
import type { Deadline } from "./deadline.ts";
import { refused, unavailable } from "./errors.ts";

/** Number of versions of a key that a bucket keeps. */
export const HISTORY = 16;

/** A key at some moment. */
export interface Version {
  readonly entry: Entry;
  /** Sequence number of the message that set it; 0 if none did. */
  readonly revision: number;
  /** Identifies the request that set it; empty if the key was never set, or not by a service. */
  readonly requestId: string;
}

export const NEVER_SET: Version = { entry: undefined, revision: 0, requestId: "" };

/** A message for the log. */
export interface Publication {
  readonly key: string;
  /** JSON. */
  readonly value: string;
  readonly requestId?: string;
  /** Stored only if this key, or that of the message, is still at this revision. */
  readonly ifAt?: { readonly key: string; readonly revision: number };
}

/** The outcome of a message. */
export type Published =
  /** A majority of the replicas has it. */
  | { readonly type: "stored"; readonly revision: number }
  /**
   * The key is at another revision, or being written, says the server that leads, or did not notice yet
   * that it no longer does.
   */
  | { readonly type: "conflict"; readonly revision: number | undefined }
  /** Certainly not stored now; it may be sent again. */
  | { readonly type: "unavailable" }
  /** Certainly not stored, and never will be. */
  | { readonly type: "refused"; readonly text: string }
  /** It may be stored, now or later. */
  | { readonly type: "unknown"; readonly text: string };

/** Why a message may or may not be stored. */
export function doubtOf(result: Published & { readonly type: "conflict" | "unknown" }): string {
  return result.type === "unknown" ? result.text : "another change was under way";
}

/** The answer of a replica to a read. */
export type ReadResult =
  /** The key's version in the state of a revision. */
  | { readonly type: "version"; readonly version: Version; readonly stateRevision: number }
  /** No version, or the key is changing: this need not be the state of any moment. */
  | { readonly type: "none" }
  | { readonly type: "unanswered" };

/** Space for headers, which count for the maximum size of a message. */
const HEADER_BYTES = 2048;

export class Bucket {
  readonly name: string;
  readonly #connection: NatsConnection;
  readonly #jetStream: JetStreamClient;

  constructor(connection: NatsConnection, jetStream: JetStreamClient, name: string) {
    this.#connection = connection;
    this.#jetStream = jetStream;
    this.name = name;
  }

  /** Adds a message to the log. */
  async publish(publication: Publication, timeoutMs: number): Promise<Published> {
    const { key, value, requestId, ifAt } = publication;
    const bytes = Buffer.from(value);
    const limit = this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (bytes.length + HEADER_BYTES > limit) {
      const text = `value of ${bytes.length} bytes is too large: with ${HEADER_BYTES} bytes of headers it must fit in max_payload of the NATS server, ${limit} bytes`;
      return { type: "refused", text };
    }
    const sent = headers();
    if (requestId !== undefined) sent.set(REQUEST_ID, requestId);
    const expect = ifAt && {
      lastSubjectSequence: ifAt.revision,
      ...(ifAt.key !== key && { lastSubjectSequenceSubject: this.#subject(ifAt.key) }),
    };
    try {
      const { seq } = await this.#jetStream.publish(this.#subject(key), bytes, {
        headers: sent,
        timeout: timeoutMs,
        ...(expect && { expect }),
      });
      return { type: "stored", revision: seq };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  /**
   * Adds a message to the log, again while it is certainly not stored.
   *
   * @throws {RpcError} `temporarily-unavailable` at the deadline, `abort` if the bucket cannot hold it.
   */
  async publishUntil(
    publication: Publication,
    deadline: Deadline,
  ): Promise<Exclude<Published, { readonly type: "unavailable" | "refused" }>> {
    for (;;) {
      const result = await this.publish(publication, deadline.attemptMs);
      if (result.type === "refused") throw refused(this.name, result.text);
      if (result.type !== "unavailable") return result;
      if (deadline.isOver) throw unavailable(this.name);
      await deadline.pause();
    }
  }

  /** Reads the newest version of a key in the state that some replica has. */
  async read(key: string, timeoutMs: number): Promise<ReadResult> {
    const query = { multi_last: [this.#subject(key)] };
    const messages = await this.#get(query, timeoutMs).catch(() => undefined);
    if (messages === undefined) return { type: "unanswered" };
    const [first, last] = messages;
    if (first === undefined || last === undefined || !isEnd(last)) return { type: "none" };
    const stateRevision = numberIn(last, "Nats-UpTo-Sequence");
    return { type: "version", version: versionOf(first), stateRevision };
  }

  /**
   * Reads the oldest versions of a key above a revision that some replica has, oldest first.
   *
   * @throws if no replica answers in time.
   */
  async readAfter(key: string, revision: number, timeoutMs: number): Promise<readonly Version[]> {
    const query = { seq: revision + 1, next_by_subj: this.#subject(key), batch: HISTORY };
    return (await this.#get(query, timeoutMs)).filter((message) => !isEnd(message)).map(versionOf);
  }

  /** Sends a request that several messages answer, up to one with a status. */
  async #get(query: object, timeoutMs: number): Promise<Msg[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Msg[]>();
    const messages: Msg[] = [];
    const inbox = createInbox();
    const subscription = this.#connection.subscribe(inbox, {
      callback(error, message) {
        if (error !== null) return reject(error);
        const status = message.headers?.code ?? 0;
        if (status === NO_RESPONDERS) return reject(new Error("no server has this bucket"));
        if (status === END) messages.push(message);
        if (status !== 0) return resolve(messages);
        messages.push(message);
      },
    });
    const timer = setTimeout(
      () => reject(new Error(`no answer in ${timeoutMs} ms`)),
      Math.max(timeoutMs, 1),
    );
    try {
      const subject = `$JS.API.DIRECT.GET.KV_${this.name}`;
      this.#connection.publish(subject, JSON.stringify(query), { reply: inbox });
    } catch (error) {
      reject(error);
    }
    return promise.finally(() => {
      clearTimeout(timer);
      if (!subscription.isClosed()) subscription.unsubscribe();
    });
  }

  #subject(key: string): string {
    return `$KV.${this.name}.${key}`;
  }
}

const REQUEST_ID = "Vortex-Request";
const [END, NO_RESPONDERS] = [204, 503];

function isEnd(message: Msg): boolean {
  return message.headers?.code === END;
}

function numberIn(message: Msg, header: string): number {
  return Number(message.headers?.get(header) || 0);
}

function versionOf(message: Msg): Version {
  const revision = numberIn(message, "Nats-Sequence");
  const requestId = message.headers?.get(REQUEST_ID) ?? "";
  // A person can delete a key with `nats kv del`.
  if (message.headers?.get("KV-Operation")) return { entry: undefined, revision, requestId };
  return { entry: { value: parseValue(message.string()) }, revision, requestId };
}

function parseValue(text: string): Json {
  try {
    return orNull(parseJson(text));
  } catch {
    // A person can set a key with `nats kv put`, to any text.
    return text;
  }
}

function outcomeOf(error: unknown): Published {
  if (isWithoutResponders(error)) return { type: "unavailable" };
  if (error instanceof InvalidArgumentError) return { type: "refused", text: error.message };
  if (error instanceof JetStreamApiError) {
    switch (error.code) {
      case JetStreamApiCodes.StreamWrongLastSequence:
        return { type: "conflict", revision: Number(/: (\d+)$/.exec(error.message)?.[1] ?? 0) };
      case JetStreamApiCodes.StreamWrongLastSequenceUnknown:
        return { type: "conflict", revision: undefined };
      case MESSAGE_EXCEEDS_MAXIMUM:
        return { type: "refused", text: error.message };
    }
  }
  return { type: "unknown", text: error instanceof Error ? error.message : String(error) };
}

/** Whether a message reached no server: either none leads the bucket, or JetStream is off. */
export function isWithoutResponders(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof RequestError && error.isNoResponders()) return true;
  return isWithoutResponders(error.cause);
}

/** Code of the server's error for a message that is too large. */
const MESSAGE_EXCEEDS_MAXIMUM = 10_054;
