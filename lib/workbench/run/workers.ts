import type { NodeId } from "../../vortex/index.ts";
import type { Client } from "../clients/client.ts";
import type { Invocation } from "../clients/generator.ts";
import type { Completion } from "../clients/interpreter.ts";
import type { ClientHost } from "../workloads/defined-client.ts";
import type { Workload, WorkloadClient } from "../workloads/workload.ts";
import { WorkloadError } from "../workloads/workload-error.ts";
import type { ClientPool } from "./client-pool.ts";

export interface WorkersOptions extends Pick<ClientHost, "onFailure" | "onMalformed"> {
  readonly workload: Workload;
  readonly clients: ClientPool;
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
   *
   * @throws {WorkloadError} when the workload's own code throws.
   */
  async invoke(thread: number, invocation: Invocation, node: NodeId): Promise<Completion> {
    const { workload, clients, onError } = this.#options;
    const { client, worker } = this.#open.get(thread) ?? this.#connect(thread);
    const completion = await worker.invoke(invocation, node).catch((error) => {
      if (error instanceof WorkloadError) throw error;
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
    const worker = workload.openClient(client, this.#options);
    const connection = { client, worker };
    this.#open.set(thread, connection);
    return connection;
  }
}
