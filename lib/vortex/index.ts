/**
 * Vortex: nodes of a distributed system that speak Maelstrom's protocol.
 *
 * @example
 * import * as v from "valibot";
 * import { type Node, serve } from "vortex";
 *
 * export function echo(node: Node): void {
 *   const Echo = v.object({ echo: v.unknown() });
 *   node.handle("echo", Echo, ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * }
 *
 * if (import.meta.main) await serve(echo);
 *
 * @module vortex
 */

// Programs: what runs on a node, with options, as a process.

export type { OptionsSchema } from "./options.ts";
export { type AnyProgram, type Program, type ProgramWithOptions, withOptions } from "./program.ts";
export { serve } from "./serve.ts";

// Nodes: handlers, messages, RPCs, timers, ids, assertions.

export {
  type AssertionDetails,
  AssertionFailure,
  type AssertionObserver,
  type AssertionValues,
  type FailingAssertion,
} from "./assertions.ts";
export { KVNode } from "./kv-node.ts";
export { type Handler, Node, type OutgoingBody, type Request } from "./node.ts";
export type { RpcOptions, RpcResult, SyncRpcOptions } from "./rpc.ts";

// Storage: the durable log of a node.

export { Storage } from "./storage.ts";
export { isStorageError, StorageError, type StorageErrorKind } from "./storage-error.ts";

// Maelstrom's services: lin-kv, seq-kv, lww-kv, lin-tso.

export {
  type CasOptions,
  KvClient,
  type KvServiceId,
  TsoClient,
  type UpdateOptions,
} from "./kv.ts";

// Errors of the protocol.

export {
  ERRORS,
  type ErrorKind,
  errorKind,
  isDefinite,
  isRpcError,
  RpcError,
} from "../protocol/errors.ts";

// Tools for programs: batches, logs in lin-kv, retries, deadlines, start-up, chunks.

export { type Batched, Batcher, type BatcherOptions } from "./batcher.ts";
export { chunks, takeChunk } from "./chunks.ts";
export { deadline } from "./deadline.ts";
export { retry } from "./retry.ts";
export { startOnce } from "./start-once.ts";
export { StoredLog, type StoredLogOptions } from "./stored-log.ts";

// Messages, and JSON that keeps every number as it was written.

export type { Schema } from "../protocol/fast-parse.ts";
export {
  isRawNumber,
  type Json,
  jsonLength,
  parseJson,
  type RawNumber,
  stringifyJson,
} from "../protocol/json.ts";
export { isSameJson, jsonKey } from "../protocol/json-key.ts";
export {
  type AnyBody,
  Body,
  ErrorBody,
  JsonInteger,
  KeptJson,
  Message,
  MessageId,
  type NodeId,
} from "../protocol/message.ts";

// Hosts: the environment of a node, for those who run one themselves.

export type { Cancel, Clock, Disk, Host, Logger, Random, Transport } from "./host.ts";
