/** A workload at work in one test: clients, and the generators of their operations. */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import type { Client } from "../clients/client.ts";
import { completionOf, requestErrorOf } from "../clients/client-errors.ts";
import { type Generator, type Invocation, toGenerator } from "../clients/generator.ts";
import { generatorParts } from "../clients/generator-parts.ts";
import type { Completion } from "../clients/interpreter.ts";
import { replySchemaOf } from "../clients/reply-schema.ts";
import { InvalidOptions } from "../invalid-options.ts";
import type {
  Connection,
  Convergence,
  DefinedWorkload,
  Operation,
  Operations,
} from "./definition.ts";
import type { WorkloadOptions } from "./options.ts";
import { isOutcome, type Outcome } from "./outcome.ts";

/** The inputs of a workload. */
export interface WorkloadContext extends WorkloadOptions {
  /** The workload's own stream of randomness. */
  readonly random: Random;
}

/** The operations of one client. */
export interface WorkloadClient {
  /**
   * Carries out an operation.
   *
   * @throws the errors of the client's requests, for `completionOf`.
   */
  invoke(invocation: Invocation, node: NodeId): Promise<Completion>;
  /** The completion of an operation that threw an error. */
  completionOf(error: unknown, invocation: Invocation): Completion;
}

export interface Workload {
  /** Whether a client stays open after an operation with unknown outcome. */
  readonly keepsClient: boolean;
  /** Called before the test, once per node. */
  setUp?(client: Client, node: NodeId): Promise<void>;
  openClient(client: Client): WorkloadClient;
  /** Operations before the main phase. */
  readonly initialGenerator?: Generator;
  /** Operations of the main phase, as fast as they are asked for. */
  readonly generator: Generator;
  /** Operations after the recovery. */
  readonly finalGenerator?: Generator;
  /** Compares the final states of all nodes. Absent for workloads that cannot read them. */
  readonly convergence?: Convergence;
}

/** Timeout of a client's requests, in ms. */
const RPC_TIMEOUT_MS = 5000;

/**
 * Puts a workload to work.
 *
 * @throws {InvalidOptions} when the options do not fit it.
 */
export function instantiate(definition: DefinedWorkload, context: WorkloadContext): Workload {
  const { setUp, convergence } = definition;
  const { random, ...clientContext } = context;
  const refusal = definition.refuse?.(clientContext as never);
  if (refusal !== undefined) throw new InvalidOptions(refusal);
  const parts = generatorParts(random);
  const { initial, main, final } = definition.generators({ ...context, ...parts } as never);
  return {
    keepsClient: definition.keepsClient ?? false,
    ...(setUp === undefined
      ? {}
      : {
          setUp: (client, node) =>
            setUp.call(definition, connect(client, node, context), clientContext as never),
        }),
    openClient: (client) => new DefinedClient(definition, client, context),
    ...(initial === undefined ? {} : { initialGenerator: toGenerator(initial) }),
    generator: toGenerator(main),
    ...(final === undefined ? {} : { finalGenerator: toGenerator(final) }),
    ...(convergence === undefined ? {} : { convergence }),
  };
}

/** Connects a client to a node. */
export function connect(
  client: Client,
  node: NodeId,
  { nodeIds }: Pick<WorkloadOptions, "nodeIds">,
): Connection {
  return {
    node,
    nodeIds,
    rpc: (dest, body, reply, timeoutMs = RPC_TIMEOUT_MS) =>
      // Forced: the compiler does not resolve ReplyOf<R>.
      client.rpc(dest, body, replySchemaOf(body.type, reply), timeoutMs) as never,
  };
}

class DefinedClient implements WorkloadClient {
  readonly #client: Client;
  readonly #context: WorkloadContext;
  readonly #operations: Operations;
  readonly #usesProtocolErrors: boolean;

  constructor(definition: DefinedWorkload, client: Client, context: WorkloadContext) {
    const { operations, usesProtocolErrors = true } = definition;
    this.#client = client;
    this.#context = context;
    this.#operations = typeof operations === "function" ? operations(context as never) : operations;
    this.#usesProtocolErrors = usesProtocolErrors;
  }

  async invoke(invocation: Invocation, node: NodeId): Promise<Completion> {
    const { f, value } = invocation;
    const context = { ...connect(this.#client, node, this.#context), invocation };
    const result = await this.#operation(f).run(context, value as never);
    return isOutcome(result) ? completed(result, value) : { type: "ok", value: result };
  }

  completionOf(error: unknown, invocation: Invocation): Completion {
    const operation = this.#operation(invocation.f);
    const { idempotent = false } = operation;
    const requestError = requestErrorOf(error);
    if (requestError !== undefined) {
      const { value } = invocation;
      const outcome = operation.onError?.(requestError, value as never);
      if (outcome !== undefined) return completed(outcome, value);
    }
    return completionOf(error, invocation, {
      usesProtocolErrors: this.#usesProtocolErrors,
      isIdempotent: idempotent,
    });
  }

  #operation(f: string): Operation<never> {
    const operation = Object.hasOwn(this.#operations, f) ? this.#operations[f] : undefined;
    if (operation !== undefined) return operation;
    const known = Object.keys(this.#operations).join(", ");
    throw new Error(`Unknown operation "${f}": the workload has ${known}`);
  }
}

function completed({ type, value, error }: Outcome, argument: Json): Completion {
  return {
    type,
    value: value === undefined ? argument : value,
    ...(error === undefined ? {} : { error }),
  };
}
