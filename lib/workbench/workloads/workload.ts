/** A workload at work in one test: clients, and the generators of their operations. */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import type { NodeId, Random } from "../../vortex/index.ts";
import type { Client } from "../clients/client.ts";
import { isClientError } from "../clients/client-errors.ts";
import {
  type Generator,
  type Invocation,
  type InvocationLike,
  toGenerator,
} from "../clients/generator.ts";
import { generatorParts } from "../clients/generator-parts.ts";
import type { Completion } from "../clients/interpreter.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { type ClientHost, connect, DefinedClient } from "./defined-client.ts";
import type { Convergence, DefinedWorkload, Generators } from "./definition.ts";
import { foreignGenerator } from "./foreign-generator.ts";
import type { WorkloadOptions } from "./options.ts";
import { makeRouter, type Router } from "./routing.ts";
import { inWorkload, workloadError } from "./workload-error.ts";

/** The inputs of a workload. */
export interface WorkloadContext extends WorkloadOptions {
  /** The workload's own stream of randomness. */
  readonly random: Random;
  /** Values of the workload's own options; those left out have their defaults. */
  readonly ownOptions?: Readonly<Record<string, unknown>>;
}

/** The operations of one client. */
export interface WorkloadClient {
  /**
   * Carries out an operation.
   *
   * @throws the errors of the client's requests, for `completionOf`.
   * @throws {WorkloadError} what the workload's own code has thrown.
   */
  invoke(invocation: Invocation, node: NodeId): Promise<Completion>;
  /** The completion of an operation whose request failed. */
  completionOf(error: unknown, invocation: Invocation): Completion;
}

export interface Workload {
  /** Whether a client stays open after an operation with unknown outcome. */
  readonly keepsClient: boolean;
  /** Called before the test, once per node. */
  setUp?(client: Client, node: NodeId): Promise<void>;
  openClient(client: Client, host: Pick<ClientHost, "onFailure" | "onMalformed">): WorkloadClient;
  /** Whether clients handle messages of this type, which nodes send them. */
  handles(type: unknown): boolean;
  /** Whether clients handle any messages, so that nodes may send one to a client that has left. */
  readonly handlesAny: boolean;
  readonly router: Router;
  /** Operations before the main phase. */
  readonly initialGenerator?: Generator;
  /** Operations of the main phase, as fast as they are asked for. */
  readonly generator: Generator;
  /** Operations after the recovery. */
  readonly finalGenerator?: Generator;
  /** Compares the final states of all nodes. Absent for workloads that cannot read them. */
  readonly convergence?: Convergence;
}

/**
 * Puts a workload to work.
 *
 * @param isForeign Whether it is a user's. Then its values are checked, and its operations may hang.
 * @throws {InvalidOptions} when the options do not fit it.
 * @throws {WorkloadError} when its code throws.
 */
export function instantiate(
  definition: DefinedWorkload,
  { random, ownOptions = {}, ...others }: WorkloadContext,
  isForeign = false,
): Workload {
  const { setUp, convergence, nodes, keepsClient = false } = definition;
  const context = { ...others, options: parseOwn(definition, ownOptions) };
  const refusal = inWorkload('"refuse"', () => definition.refuse?.(context as never));
  if (refusal !== undefined) throw new InvalidOptions(refusal);
  const parts = generatorParts(random);
  const { initial, main, final } = inWorkload('"generators"', () =>
    requireGenerators(definition.generators({ ...context, ...parts, random } as never)),
  );
  const generator = (like: typeof main) =>
    isForeign ? foreignGenerator(toGenerator(like)) : toGenerator(like);
  const handled = new Set<unknown>();
  return {
    keepsClient,
    ...(setUp === undefined
      ? {}
      : {
          async setUp(client, node) {
            try {
              const connection = connect(client, node, context, isForeign);
              await setUp.call(definition, connection, context as never);
            } catch (error) {
              throw isClientError(error) ? error : workloadError('"setUp"', error);
            }
          },
        }),
    openClient: (client, host) =>
      new DefinedClient(definition, client, context, {
        ...host,
        isForeign,
        onHandled: (type) => handled.add(type),
      }),
    handles: (type) => handled.has(type),
    get handlesAny() {
      return handled.size > 0;
    },
    router: makeRouter(nodes, context),
    ...(initial === undefined ? {} : { initialGenerator: generator(initial) }),
    generator: generator(main),
    ...(final === undefined ? {} : { finalGenerator: generator(final) }),
    ...(convergence === undefined ? {} : { convergence }),
  };
}

/** Checks what the compiler has not. */
function requireGenerators(made: Generators<InvocationLike>): Generators<InvocationLike> {
  const { initial, main, final }: Partial<Generators<InvocationLike>> = made ?? {};
  for (const [name, like] of Object.entries({ initial, main, final })) {
    const isOptional = name !== "main" && like === undefined;
    if (isOptional || typeof like === "function" || typeof like?.next === "function") continue;
    throw new TypeError(
      `"${name}" must be a generator, such as mix([...]) or () => ({ f: "read" })`,
    );
  }
  return made;
}

/** @throws {InvalidOptions} when a value does not fit the workload's schema. */
function parseOwn({ options = {} }: DefinedWorkload, values: Readonly<Record<string, unknown>>) {
  const result = v.safeParse(v.strictObject(options), values);
  if (result.success) return result.output;
  throw new InvalidOptions(
    `The options of the workload do not fit: ${describeIssues(result.issues)}`,
  );
}
