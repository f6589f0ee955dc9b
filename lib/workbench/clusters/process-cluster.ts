/**
 * A cluster of processes, spawned, fed and killed as in Maelstrom.
 *
 * @see Maelstrom, `process.clj`
 */
import type { NodeId } from "../../vortex/index.ts";
import type { Network } from "../network/network.ts";
import type { BadLine, Cluster, Crash } from "./cluster.ts";
import { type NodeLog, NodeLogs, shownLine } from "./node-log.ts";
import { MAX_STDOUT_LINE_LENGTH, NodeProcess } from "./node-process.ts";
import { sendLine, tooLongLine } from "./output-line.ts";
import { ProcessTag } from "./process-tree.ts";

export interface ProcessClusterOptions {
  /** Absolute path of the program. */
  readonly bin: string;
  /** The program's arguments, the same for each node. */
  readonly args: readonly string[];
  /** Directory of what the nodes store. Without it, they store nothing, unless `args` has `--data`. */
  readonly dataDirectory?: string;
  readonly network: Network;
  readonly onStderr?: (node: NodeId, line: string) => void;
  readonly onBadLine: (badLine: BadLine) => void;
  /** Called with text that the user should read at once. */
  readonly onRemark?: ((text: string) => void) | undefined;
}

const KILL_TIMEOUT_MS = 5000;

export class ProcessCluster implements Cluster {
  readonly #options: ProcessClusterOptions;
  readonly #nodes = new Map<NodeId, NodeProcess>();
  /** Killed processes, which may not have exited yet. */
  readonly #killed = new Set<NodeProcess>();
  /** Nodes that had crashed before they were killed. */
  readonly #crashes: Crash[] = [];
  readonly #badLines: BadLine[] = [];
  #isStopping = false;
  readonly #logs = new NodeLogs();
  readonly #tag = new ProcessTag();
  // Runs however this process ends, so that no node survives it.
  readonly #killAll = () => {
    // Before the nodes: an orphan is harder to find.
    this.#tag.killAll();
    for (const node of [...this.#nodes.values(), ...this.#killed]) node.kill();
  };

  constructor(options: ProcessClusterOptions) {
    this.#options = options;
    process.on("exit", this.#killAll);
  }

  get badLines(): readonly BadLine[] {
    return this.#badLines;
  }

  logOf(node: NodeId): NodeLog {
    return this.#logs.of(node);
  }

  unfinishedLine(node: NodeId): string {
    return this.#nodes.get(node)?.unfinishedLine ?? "";
  }

  /** The id of a node's process, while it runs. */
  processId(node: NodeId): number | undefined {
    const running = this.#nodes.get(node);
    return running === undefined || running.hasExited ? undefined : running.pid;
  }

  start(node: NodeId): Promise<unknown> {
    const { bin, args, dataDirectory, network, onStderr, onRemark } = this.#options;
    const started = new NodeProcess({
      node,
      bin,
      args,
      dataDirectory,
      tag: this.#tag,
      onStdout: (line) => this.#send(node, line),
      onStderr: (line) => {
        this.#logs.of(node).add(line);
        onStderr?.(node, line);
      },
      onRemark: (text) => onRemark?.(text),
    });
    network.connect(node, (delivery) => started.write(delivery));
    this.#nodes.set(node, started);
    void started.exited.then(() => {
      // Messages for a node that has exited by itself do not arrive.
      if (this.#nodes.get(node) === started && !this.#isStopping) network.takeDown(node);
    });
    return started.exited;
  }

  kill(node: NodeId): boolean {
    const killed = this.#nodes.get(node);
    if (killed === undefined) return false;
    const hasCrashed = killed.hasExited;
    if (hasCrashed) this.#crashes.push(killed.crash());
    this.#nodes.delete(node);
    this.#killed.add(killed);
    void killed.ended.then(() => this.#killed.delete(killed));
    killed.kill();
    this.#options.network.takeDown(node);
    return !hasCrashed;
  }

  pause(node: NodeId): boolean {
    const paused = this.#nodes.get(node);
    if (paused === undefined || paused.hasExited) return false;
    paused.pause();
    return true;
  }

  resume(node: NodeId): void {
    this.#nodes.get(node)?.resume();
  }

  async stop(): Promise<readonly Crash[]> {
    this.#isStopping = true;
    const nodes = [...this.#nodes];
    const crashed = nodes.flatMap(([, node]) => (node.hasExited ? [node] : []));
    this.#killAll();
    const all = [...this.#nodes.values(), ...this.#killed];
    await withTimeout(Promise.all(all.map(({ ended }) => ended)));
    for (const node of all) node.abandonOutput();
    for (const [id] of nodes) this.#options.network.disconnect(id);
    this.#nodes.clear();
    this.#killed.clear();
    process.off("exit", this.#killAll);
    return [...this.#crashes.splice(0), ...crashed.map((node) => node.crash())];
  }

  /** Sends the message on a line. Returns false if the line is bad. */
  #send(node: NodeId, line: string): boolean {
    const problem =
      line.length > MAX_STDOUT_LINE_LENGTH
        ? tooLongLine(line, MAX_STDOUT_LINE_LENGTH)
        : sendLine(this.#options.network, line, line.length);
    if (problem === undefined) return true;
    const badLine = { node, line: shownLine(line), ...problem };
    this.#badLines.push(badLine);
    this.#options.onBadLine(badLine);
    return false;
  }
}

/** Waits for a task, but not long: a process in the kernel's hands may take long to exit. */
async function withTimeout(task: Promise<unknown>): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, KILL_TIMEOUT_MS);
  await Promise.race([task, timeout]);
  clearTimeout(timer);
}
