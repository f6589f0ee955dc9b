import * as v from "valibot";
import type { NodeId } from "../../vortex/index.ts";
import { ErrorReply, NetTimeout } from "../clients/client-errors.ts";
import { type Cluster, StartError } from "../clusters/cluster.ts";
import type { DiagnosticDetector } from "../diagnostics/detector.ts";
import type { ClientPool } from "./client-pool.ts";
import { describeCrash, TestCrash } from "./test-crash.ts";

const INIT_TIMEOUT_MS = 10_000;
const InitOk = v.object({ type: v.literal("init_ok") });

export interface NodeStarterOptions {
  readonly nodeIds: readonly NodeId[];
  readonly cluster: Cluster;
  readonly clients: ClientPool;
  readonly diagnostics: DiagnosticDetector;
}

/** Starts nodes and initialises them, at the start of a test and after a kill. */
export class NodeStarter {
  readonly #options: NodeStarterOptions;
  /** Rejects the start of a node that has not replied to `init` yet. */
  readonly #pending = new Map<NodeId, (reason: Error) => void>();

  constructor(options: NodeStarterOptions) {
    this.#options = options;
  }

  /**
   * Starts a node, and resolves when it has replied to `init`.
   *
   * @throws {TestCrash} when the node does not start, or does not reply with `init_ok`.
   */
  async start(node: NodeId): Promise<void> {
    const { nodeIds, cluster, clients } = this.#options;
    const client = clients.open();
    const init = { type: "init", node_id: node, node_ids: nodeIds };
    try {
      const exited = cluster.start(node);
      const replied = client.rpc(node, init, InitOk, INIT_TIMEOUT_MS);
      // A node that has exited will not reply, so the timeout need not pass.
      const hasExited = exited.then(() => Promise.reject(new Error("it exited")));
      const failed = Promise.withResolvers<never>();
      this.#pending.set(node, failed.reject);
      await Promise.race([replied, hasExited, failed.promise]);
    } catch (error) {
      throw new TestCrash(await this.#describeFailure(node, error), { cause: error });
    } finally {
      this.#pending.delete(node);
      clients.close(client);
    }
  }

  /** Ends the wait for a node that can no longer reply to `init`. */
  giveUp(node: NodeId, reason: string): void {
    this.#pending.get(node)?.(new Error(reason));
  }

  async #describeFailure(node: NodeId, error: unknown): Promise<string> {
    const { cluster, diagnostics } = this.#options;
    if (error instanceof StartError) return error.message;
    diagnostics.addUnfinishedLine(node, cluster.unfinishedLine(node));
    const crash = (await cluster.stop()).find((one) => one.node === node);
    if (crash !== undefined) return describeCrash(crash, diagnostics.lastReceived(node));
    const badLine = cluster.badLines.find((one) => one.node === node);
    if (badLine !== undefined) return `${node} printed a bad line, ${badLine.reason}`;
    if (error instanceof NetTimeout) {
      return `${node} did not reply to init within ${INIT_TIMEOUT_MS / 1000} s: it must print {"src":"${node}","dest":"c0","body":{"type":"init_ok","in_reply_to":1}} and flush`;
    }
    const { message } = error instanceof Error ? error : new Error(String(error));
    if (error instanceof ErrorReply) return `${node} replied to init with error: ${message}`;
    return `${node} did not reply to init with init_ok: ${message}`;
  }
}
