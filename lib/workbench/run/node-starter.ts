import * as v from "valibot";
import { errorKind } from "../../protocol/errors.ts";
import type { Clock, NodeId } from "../../vortex/index.ts";
import type { Client } from "../clients/client.ts";
import { ErrorReply, MalformedReply, NetTimeout } from "../clients/client-errors.ts";
import { type Cluster, StartError } from "../clusters/cluster.ts";
import type { DiagnosticDetector } from "../diagnostics/detector.ts";
import type { ClientPool } from "./client-pool.ts";
import type { NodeActivity } from "./node-activity.ts";
import { describeExit, lastLines, TestCrash } from "./test-crash.ts";

const INIT_TIMEOUT_MS = 10_000;
/** How long the last output of an exited node may take to be read, in ms. */
const EXIT_GRACE_MS = 100;
const InitOk = v.object({ type: v.literal("init_ok") });

export interface NodeStarterOptions {
  readonly nodeIds: readonly NodeId[];
  readonly cluster: Cluster;
  readonly clients: ClientPool;
  readonly diagnostics: DiagnosticDetector;
  readonly activity: NodeActivity;
  readonly clock: Clock;
  /** How long a node may take to reply to `init`, in ms; Maelstrom's 10 s by default. */
  readonly initTimeoutMs?: number | undefined;
}

/** Starts nodes and initialises them, at the start of a test and after a kill. */
export class NodeStarter {
  readonly #options: NodeStarterOptions;
  /** Rejects the start of a node that has not replied to `init` yet. */
  readonly #pending = new Map<NodeId, (reason: Error) => void>();
  /** Resolves when a node has exited. */
  readonly #exits = new Map<NodeId, Promise<unknown>>();

  constructor(options: NodeStarterOptions) {
    this.#options = options;
  }

  /**
   * Starts a node, and resolves with true when it has replied to `init`.
   *
   * @throws {TestCrash} when the node does not start, or does not reply with `init_ok`.
   */
  async start(node: NodeId): Promise<true> {
    const { nodeIds, cluster, clients, activity } = this.#options;
    const { initTimeoutMs = INIT_TIMEOUT_MS } = this.#options;
    const client = clients.open();
    const init = { type: "init", node_id: node, node_ids: nodeIds };
    try {
      const exited = cluster.start(node);
      this.#exits.set(node, exited);
      const onExit = () => activity.onExit(node);
      void exited.then(onExit, onExit);
      const replied = client.rpc(node, init, InitOk, initTimeoutMs);
      const failed = Promise.withResolvers<never>();
      this.#pending.set(node, failed.reject);
      await Promise.race([this.unlessExited(node, replied), failed.promise]);
      return true;
    } catch (error) {
      throw await this.crashOf(node, client, error);
    } finally {
      this.#pending.delete(node);
      clients.close(client);
    }
  }

  /**
   * Waits for the replies of a node. A node that has exited will not reply, so the timeouts of
   * requests need not pass.
   *
   * @throws {Error} when the node exits first.
   */
  async unlessExited(node: NodeId, replied: Promise<unknown> | undefined): Promise<void> {
    const { clock } = this.#options;
    let isOver = false;
    const exited = async () => {
      await this.#exits.get(node);
      if (isOver) return;
      // It may have replied just before.
      await new Promise<void>((resolve) => {
        clock.after(EXIT_GRACE_MS, resolve);
      });
      throw new Error("it exited");
    };
    try {
      await Promise.race([replied, exited()]);
    } finally {
      isOver = true;
    }
  }

  /** Ends the wait for a node that can no longer reply to `init`. */
  giveUp(node: NodeId, reason: string): void {
    this.#pending.get(node)?.(new Error(reason));
  }

  /**
   * Stops all nodes, and explains why one could not be started or set up.
   *
   * @param client Sent the node's last request.
   * @param error What the request threw.
   */
  async crashOf(node: NodeId, client: Client, error: unknown): Promise<TestCrash> {
    return new TestCrash(await this.#describeFailure(node, client, error), { cause: error });
  }

  async #describeFailure(node: NodeId, client: Client, error: unknown): Promise<string> {
    const { cluster, diagnostics, activity } = this.#options;
    if (error instanceof StartError) return error.message;
    diagnostics.addUnfinishedLine(node, cluster.unfinishedLine(node));
    const crash = (await cluster.stop()).find((one) => one.node === node);
    const request = client.lastRequest ?? "init";
    if (crash !== undefined) return describeExit(crash, request, activity.lastReceived(node));
    const badLine = cluster.badLines.find((one) => one.node === node);
    if (badLine !== undefined) return `${node} printed a bad line, ${badLine.reason}`;
    const isSimulated = cluster.disks !== undefined;
    const log = lastLines(isSimulated ? "log" : "stderr", cluster.logOf(node).last);
    if (error instanceof NetTimeout) {
      const reply = `{"src":"${node}","dest":"${client.id}","body":{"type":"${request}_ok","in_reply_to":1}}`;
      const advice = isSimulated ? adviceOn(request) : `it must print ${reply} and flush`;
      const within = `within ${error.timeoutMs / 1000} s`;
      return [`${node} did not answer ${request} ${within}: ${advice}`, ...log].join("\n");
    }
    if (error instanceof ErrorReply) {
      const { code, message } = error;
      const name = code === undefined ? "without a code" : `${code} (${errorKind(code)})`;
      return [`${node} answered ${request} with error ${name}: ${message}`, ...log].join("\n");
    }
    if (error instanceof MalformedReply) {
      return `${node} answered ${request} with another reply than ${request}_ok: ${error.problem}`;
    }
    const { message } = error instanceof Error ? error : new Error(String(error));
    return `${node} did not answer ${request}: ${message}`;
  }
}

/** Advice on a request of the start which a program that uses the library has not answered. */
function adviceOn(request: string): string {
  return request === "init"
    ? "a promise given to node.delayInit has not settled"
    : `its handler must return { type: "${request}_ok" }`;
}
