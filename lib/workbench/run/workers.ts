import type { NodeId } from "../../vortex/index.ts";
import type { Client } from "../clients/client.ts";
import type { Invocation } from "../clients/generator.ts";
import type { Completion } from "../clients/interpreter.ts";
import type { Workload, WorkloadClient } from "../workloads/workload.ts";
import type { ClientPool } from "./client-pool.ts";

export interface WorkersOptions {
  readonly workload: Workload;
  readonly clients: ClientPool;
  readonly nodeOf: (thread: number) => NodeId;
  /** Called with what a client's request threw. */
  readonly onError: (node: NodeId, invocation: Invocation, error: unknown) => void;
}

/** Carries out operations for the client threads: one workload client per thread. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #open = new Map<number, { readonly client: Client; readonly worker: WorkloadClient }>();

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /**
   * Carries out an operation. A thread's client is opened for its first operation, and again after
   * an operation whose outcome is unknown, unless the workload keeps clients.
   */
  async invoke(thread: number, invocation: Invocation): Promise<Completion> {
    const { workload, clients, nodeOf, onError } = this.#options;
    const { client, worker } = this.#open.get(thread) ?? this.#connect(thread);
    const node = nodeOf(thread);
    const completion = await worker.invoke(invocation, node).catch((error) => {
      onError(node, invocation, error);
      return worker.completionOf(error, invocation);
    });
    if (completion.type === "info" && !workload.keepsClient) {
      clients.close(client);
      this.#open.delete(thread);
    }
    return completion;
  }

  #connect(thread: number) {
    const { workload, clients } = this.#options;
    const client = clients.open();
    const worker = workload.openClient(client);
    const connection = { client, worker };
    this.#open.set(thread, connection);
    return connection;
  }
}
