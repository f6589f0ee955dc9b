/**
 * Vortex: write the nodes of a distributed system that speak Maelstrom's protocol.
 *
 * @example
 * import * as v from "valibot";
 * import { type Node, serve } from "vortex";
 *
 * export function echo(node: Node): void {
 *   node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => ({
 *     type: "echo_ok",
 *     echo: body.echo,
 *   }));
 * }
 *
 * if (import.meta.main) await serve(echo);
 *
 * @module vortex
 */

export {
  ERRORS,
  type ErrorKind,
  errorKind,
  isDefinite,
  isRpcError,
  RpcError,
} from "../protocol/errors.ts";
export type { Schema } from "../protocol/fast-parse.ts";
export {
  isRawNumber,
  type Json,
  jsonLength,
  parseJson,
  type RawNumber,
  stringifyJson,
} from "../protocol/json.ts";
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
export { type Batched, Batcher, type BatcherOptions } from "./batcher.ts";
export { chunks, takeChunk } from "./chunks.ts";
export { deadline } from "./deadline.ts";
export type { Cancel, Clock, Host, Logger, Random, Transport } from "./host.ts";
export { InvariantViolation } from "./invariants.ts";
export {
  type CasOptions,
  KvClient,
  type KvServiceId,
  TsoClient,
  type UpdateOptions,
} from "./kv.ts";
export { KVNode } from "./kv-node.ts";
export {
  type Handler,
  Node,
  type OutgoingBody,
  type Request,
  type RpcOptions,
  type SyncRpcOptions,
} from "./node.ts";
export type { OptionsSchema } from "./options.ts";
export { type AnyProgram, type Program, type ProgramWithOptions, withOptions } from "./program.ts";
export { retry } from "./retry.ts";
export type { RpcResult } from "./rpc.ts";
export { serve } from "./serve.ts";
export { startOnce } from "./start-once.ts";
export { StoredLog, type StoredLogOptions } from "./stored-log.ts";
