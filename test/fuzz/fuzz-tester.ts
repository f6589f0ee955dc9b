/**
 * Fuzzes the tester: nodes whose every line may be wrong, in virtual time.
 *
 * A node answers each message with one to three lines: replies that are right but for one field of any
 * JSON type, requests to services and peers, forged senders, and now and then a line of garbage. The
 * test must end with a verdict or with a named crash.
 */
import { type AnyBody, type Random, stringifyJson } from "../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../lib/vortex/random.ts";
import type { BadLine, Cluster, Crash } from "../../lib/workbench/clusters/cluster.ts";
import { NodeLog } from "../../lib/workbench/clusters/node-log.ts";
import { sendLine } from "../../lib/workbench/clusters/output-line.ts";
import { Scheduler } from "../../lib/workbench/clusters/scheduler.ts";
import type { Delivery } from "../../lib/workbench/network/delivery.ts";
import type { Network } from "../../lib/workbench/network/network.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import type { TestResult } from "../../lib/workbench/run/results.ts";
import { type Environment, runTest } from "../../lib/workbench/run/test.ts";
import type { TestOptions } from "../../lib/workbench/run/test-options.ts";
import { NASTY } from "./noise.ts";

type Listeners = Pick<Environment, "onOperation" | "onMessage" | "onDiagnostic" | "onRemark">;

/**
 * Runs a test of fuzzed nodes in virtual time.
 *
 * @throws {TestCrash} if a node did not reply to `init`, or could not be set up.
 */
export function fuzzTester(options: TestOptions, listeners: Listeners = {}): TestResult {
  const scheduler = new Scheduler();
  const random = randomStream(options.seed, "fuzzed nodes");
  const makeCluster: Environment["makeCluster"] = ({ network, onBadLine }) =>
    new FuzzedCluster({ network, onBadLine, random, scheduler, nodeIds: options.nodeIds });
  return scheduler.run(runTest(options, { ...listeners, clock: scheduler, makeCluster }));
}

interface FuzzedClusterOptions {
  readonly network: Network;
  readonly onBadLine: (badLine: BadLine) => void;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly nodeIds: readonly string[];
}

class FuzzedCluster implements Cluster {
  readonly badLines: BadLine[] = [];
  readonly #options: FuzzedClusterOptions;
  readonly #random: Random;
  readonly #ignored = new Set<string>();
  #count = 0;

  constructor(options: FuzzedClusterOptions) {
    this.#options = options;
    this.#random = options.random;
  }

  start(node: string): Promise<never> {
    this.#ignored.delete(node);
    const { network, scheduler } = this.#options;
    network.connect(node, (delivery) => {
      // As from a process: not while the network delivers.
      scheduler.after(0.1, () => this.#answer(node, delivery));
    });
    return new Promise(() => {});
  }

  kill(node: string): boolean {
    this.#options.network.connect(node, () => {});
    return true;
  }

  pause(): boolean {
    return true;
  }

  resume(): void {}

  async stop(): Promise<readonly Crash[]> {
    for (const node of this.#options.nodeIds) this.#options.network.disconnect(node);
    return [];
  }

  logOf(): NodeLog {
    return new NodeLog();
  }

  unfinishedLine(): string {
    return this.#below(2) === 0 ? "" : '{"src":"n0"';
  }

  #below(bound: number): number {
    return randomInteger(this.#random, bound);
  }

  #answer(node: string, delivery: Delivery): void {
    // Nodes answer each other's messages too, but not for ever.
    if (this.#count++ > 5000) return;
    const isInit = delivery.body["type"] === "init";
    const count = isInit ? 1 : 1 + this.#below(2);
    for (let index = 0; index < count; index++) {
      this.#print(node, this.#line(node, delivery, isInit && this.#below(4) > 0));
    }
  }

  #print(node: string, line: string): void {
    if (this.#ignored.has(node)) return;
    const problem = sendLine(this.#options.network, line, line.length);
    if (problem === undefined) return;
    this.#ignored.add(node);
    const badLine = { node, line, ...problem };
    this.badLines.push(badLine);
    this.#options.onBadLine(badLine);
  }

  #line(node: string, { src, body }: Delivery, isRight: boolean): string {
    const reply = fieldsOf(replyTo(body));
    const envelope: [string, string][] = [
      ["src", `"${node}"`],
      ["dest", JSON.stringify(src)],
    ];
    if (isRight) return objectText([...envelope, ["body", objectText(reply)]]);
    switch (this.#below(100)) {
      case 0:
        return pickOne(this.#random, NASTY);
      case 1:
        envelope.splice(this.#below(2), 1);
        break;
      case 2:
        envelope[this.#below(2)]?.splice(1, 1, pickOne(this.#random, NASTY));
        break;
      case 3:
        return objectText([...envelope, ["body", pickOne(this.#random, NASTY)]]);
      case 4:
        return objectText([...envelope, ["id", pickOne(this.#random, NASTY)], ["body", "{}"]]);
      default:
    }
    const chance = this.#below(10);
    if (chance === 0) return this.#request(node);
    if (chance < 7) this.#spoil(reply, Number.isInteger(body["msg_id"]) ? body["msg_id"] : 1);
    return objectText([...envelope, ["body", objectText(reply)]]);
  }

  /** A message to a service or a peer, or one that claims to come from elsewhere. */
  #request(node: string): string {
    const names = ["lin-kv", "seq-kv", "lww-kv", "lin-tso", ...this.#options.nodeIds];
    const body: [string, string][] = [
      ["type", `"${pickOne(this.#random, ["read", "write", "cas", "ts", "txn"])}"`],
      ["msg_id", "1"],
      ["key", "1"],
      ["from", "1"],
      ["to", "2"],
      ["value", "1"],
      ["create_if_not_exists", "true"],
    ];
    this.#spoil(body, 1);
    const src = this.#below(4) === 0 ? pickOne(this.#random, [...names, "c0", "c3"]) : node;
    return objectText([
      ["src", `"${src}"`],
      ["dest", `"${pickOne(this.#random, names)}"`],
      ["body", objectText(body)],
    ]);
  }

  /** Replaces, removes or adds a field. */
  #spoil(fields: [string, string][], msgId: unknown): void {
    const at = this.#below(fields.length);
    const value =
      this.#below(3) === 0
        ? pickOne(this.#random, [`${msgId}.0`, `"${msgId}"`, "999", "-1", deep(900)])
        : pickOne(this.#random, NASTY);
    const chance = this.#below(10);
    if (chance < 7) fields[at]?.splice(1, 1, value);
    else if (chance < 8) fields.splice(at, 1);
    else if (chance < 9) fields.push([pickOne(this.#random, ["text", "code", "msg_id"]), value]);
    else fields.splice(0, 1, ["type", '"error"'], ["code", value], ["text", value]);
  }
}

/** A right reply to a request of the tester, or something like it. */
function replyTo({ type, msg_id, echo, txn, offsets }: AnyBody): AnyBody {
  const reply = {
    type: typeof type === "string" ? `${type}_ok` : "ok",
    in_reply_to: msg_id ?? null,
  };
  switch (type) {
    case "echo":
      return { ...reply, echo };
    case "generate":
      return { ...reply, id: msg_id };
    case "read":
      // Of broadcast; the other workloads' reads are spoiled by its field.
      return { ...reply, messages: [1, 2] };
    case "txn":
      return { ...reply, txn };
    case "send":
      return { ...reply, offset: 1 };
    case "poll":
      return { ...reply, msgs: { 1: [[1, 1]] } };
    case "list_committed_offsets":
      return { ...reply, offsets: offsets ?? {} };
    default:
      return reply;
  }
}

function fieldsOf(body: AnyBody): [string, string][] {
  return Object.entries(body).map(([field, value]) => [field, stringifyJson(value ?? null)]);
}

function objectText(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

function deep(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}
