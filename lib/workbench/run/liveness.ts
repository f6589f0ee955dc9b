/**
 * Asks nodes for every type of operation once the faults have healed, outside the history.
 *
 * Requests are those of the history once more: what a workload sends only it knows. Their effects
 * come after the final operations, so they change no other verdict.
 */
import { shorten } from "../../protocol/shorten.ts";
import type { Clock, NodeId } from "../../vortex/index.ts";
import type { Probe } from "../checkers/every-test/liveness.ts";
import { isClientError, NetTimeout, requestErrorOf } from "../clients/client-errors.ts";
import type { Invocation } from "../clients/generator.ts";
import { type History, isClientOperation } from "../history/history.ts";
import type { Workload, WorkloadClient } from "../workloads/workload.ts";

export interface ProbeOptions {
  readonly workload: Workload;
  /** Opens a client of the workload. */
  readonly openClient: () => WorkloadClient;
  readonly nodeIds: readonly NodeId[];
  readonly history: History;
  readonly clock: Clock;
  /** Time in which all must be answered, in ms. */
  readonly limitMs: number;
}

/** Time between two attempts, in ms. */
const RETRY_MS = 100;

/**
 * Probes each node, or all nodes together if the workload chooses the nodes of its operations.
 *
 * @throws {WorkloadError} when the workload's own code throws.
 */
export async function probeNodes(options: ProbeOptions): Promise<Probe[]> {
  const { workload, nodeIds, history } = options;
  const invocations = invocationsOf(history);
  const targets: readonly Target[] = workload.router.asksEachNode
    ? nodeIds.map((node) => ({ node, nodeIds: [node] }))
    : [{ node: undefined, nodeIds }];
  const probes = await Promise.all(targets.map((target) => probe(target, invocations, options)));
  return probes.flat();
}

interface Target {
  readonly node: NodeId | undefined;
  /** The nodes to ask in turn. */
  readonly nodeIds: readonly NodeId[];
}

/** The last invocation of each type of operation. */
function invocationsOf(history: History): Invocation[] {
  const last = new Map<string, Invocation>();
  for (const operation of history) {
    if (operation.type !== "invoke" || !isClientOperation(operation)) continue;
    const { f, value } = operation;
    last.set(f, { f, value });
  }
  return [...last.values()];
}

/** Tries the operations in turn, each until it is answered, with one client as long as it gets replies. */
async function probe(
  { node, nodeIds }: Target,
  invocations: readonly Invocation[],
  { openClient, clock, limitMs }: ProbeOptions,
): Promise<Probe[]> {
  const startMs = clock.nowMs();
  const open = invocations.map((invocation) => ({ invocation, attemptCount: 0, error: "" }));
  const probes: Probe[] = [];
  const deadline = after(clock, limitMs);
  let client: WorkloadClient | undefined;
  for (let round = 0; open.length > 0 && clock.nowMs() < startMs + limitMs; round++) {
    if (round > 0) await Promise.race([after(clock, RETRY_MS), deadline]);
    for (const attempt of [...open]) {
      if (clock.nowMs() >= startMs + limitMs) break;
      attempt.attemptCount++;
      client ??= openClient();
      const asked = nodeIds[(attempt.attemptCount - 1) % nodeIds.length] ?? "";
      const error = await Promise.race([
        errorOf(client, attempt.invocation, asked),
        deadline.then(() => ({ text: `no reply from ${asked} yet`, isPending: true })),
      ]);
      if (error === undefined) {
        const { f } = attempt.invocation;
        const answeredMs = clock.nowMs() - startMs;
        probes.push({ node, f, attemptCount: attempt.attemptCount, answeredMs });
        open.splice(open.indexOf(attempt), 1);
      } else {
        attempt.error = error.text;
        // The operation may go on when a late reply arrives.
        if (error.isPending) client = undefined;
      }
    }
  }
  const stuck = open.map(({ invocation: { f }, attemptCount, error }) => {
    return { node, f, attemptCount, ...(error === "" ? {} : { error }) };
  });
  return [...probes, ...stuck];
}

/** The kinds of errors with which a node carries an operation out: it has looked at its state. */
const ANSWERS: ReadonlySet<string> = new Set([
  "key-does-not-exist",
  "key-already-exists",
  "precondition-failed",
]);
/** From this code on, errors are the program's own, and mean what it wants. */
const FIRST_OWN_CODE = 1000;

/** Why an operation was not answered. */
interface ProbeError {
  readonly text: string;
  /** Whether a reply may still arrive. */
  readonly isPending: boolean;
}

/** Carries an operation out; returns why it was not answered, `undefined` if it was. */
async function errorOf(
  client: WorkloadClient,
  invocation: Invocation,
  node: NodeId,
): Promise<ProbeError | undefined> {
  try {
    await client.invoke(invocation, node);
    return undefined;
  } catch (thrown) {
    if (!isClientError(thrown)) throw thrown;
    if (thrown instanceof NetTimeout) return { text: lowerFirst(thrown.message), isPending: true };
    const error = requestErrorOf(thrown);
    if (error === undefined) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      return { text: lowerFirst(text), isPending: false };
    }
    const { kind, code = 0, text } = error;
    if (ANSWERS.has(kind) || code >= FIRST_OWN_CODE) return undefined;
    const details = text === "" ? "" : `: ${shorten(text)}`;
    return { text: `error ${code} (${kind}) from ${node}${details}`, isPending: false };
  }
}

/** The message of an error within a sentence. */
function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function after(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}
