/**
 * Transcripts of the log, as text: clients' requests and the messages between nodes and lin-kv that
 * follow from them. `test/support/transcript.ts` explains the format. The commands:
 *
 * ```
 * nodes n0 n1 latency=10     starts nodes; latency in ms
 * send n0 k "a"              a client appends a message to the log of a key
 * poll n1 k 0                a client reads on from an offset
 * run 1000                   lets time pass, in ms
 * cut n0 n1                  drops messages between two nodes, or a node and lin-kv
 * heal                       ends all cuts
 * kill n1 / start n1         kills a node; starts it again
 * ```
 *
 * Output, each with its time in ms: `n0 -> n1 push from=2 k:"a" watermark=3 known=1/0` pushes a record
 * with the message "a" of key k, the sender's watermark, and what it knows of the receiver's log
 * (records / watermark); `n0 -> lin-kv append n0/2 time=5 k:"a"` creates a record of a log; `read n0/3`
 * reads one; `client <- n0 send_ok offset=4` is a reply. A client's requests get a reply line when it
 * is sent.
 */
import * as v from "valibot";
import { LogRecord } from "../../../challenges/kafka/merged-log.ts";
import { Push } from "../../../challenges/kafka/peer.ts";
import { kafka } from "../../../challenges/kafka.ts";
import { TestCluster } from "../../../lib/testing/index.ts";
import { type AnyBody, type Message, parseJson, stringifyJson } from "../../../lib/vortex/index.ts";
import { type Commands, Player } from "../../support/transcript.ts";

const STEP_MS = 1;
const Append = v.object({ key: v.string(), to: v.object({ record: LogRecord }) });

export class KafkaPlayer extends Player {
  #cluster = new TestCluster({ program: kafka, nodeIds: [] });
  readonly #pending = new Map<string, () => AnyBody | undefined>();
  #requestCount = 0;

  protected readonly commands: Commands = {
    nodes: (args) => {
      const [, latency = "10"] = args.at(-1)?.split("=") ?? [];
      const nodeIds = args.filter((arg) => !arg.includes("="));
      this.#cluster = new TestCluster({ program: kafka, nodeIds, latencyMs: Number(latency) });
      this.#cluster.filter = (message) => {
        this.#print(showMessage(message));
        return "deliver";
      };
    },
    send: ([id = "", key = "", value = ""]) =>
      this.#request(id, { type: "send", key, msg: parseJson(value) }),
    poll: ([id = "", key = "", offset]) =>
      this.#request(id, { type: "poll", offsets: { [key]: Number(offset) } }),
    run: async ([ms]) => {
      for (let passed = 0; passed < Number(ms); passed += STEP_MS) {
        await this.#cluster.advance(STEP_MS);
        this.#printReplies();
      }
    },
    cut: ([one = "", other = ""]) => this.#cluster.cut(one, other),
    heal: () => this.#cluster.heal(),
    kill: ([id = ""]) => this.#cluster.kill(id),
    start: ([id = ""]) => this.#cluster.start(id),
  };

  async #request(id: string, body: AnyBody): Promise<void> {
    this.#pending.set(`${++this.#requestCount} ${id}`, this.#cluster.request(id, body));
    await this.#cluster.settle();
    this.#printReplies();
  }

  #printReplies(): void {
    for (const [request, reply] of this.#pending) {
      const body = reply();
      if (body === undefined) continue;
      this.#pending.delete(request);
      this.#print(`client <- ${request.split(" ")[1]} ${showReply(body)}`);
    }
  }

  #print(line: string): void {
    this.lines.push(`${String(this.#cluster.nowMs).padStart(5)} ${line}`);
  }
}

function showMessage({ src, dest, body }: Message): string {
  return `${src} -> ${dest} ${showBody(body)}`;
}

function showBody(body: AnyBody): string {
  const push = v.safeParse(Push, body);
  if (push.success) {
    const { from, records, watermark, knownRecords, knownWatermark, wantsAck } = push.output;
    const shown = records.map(showRecord).join("; ");
    return [
      `push from=${from}`,
      ...(shown === "" ? [] : [shown]),
      `watermark=${watermark} known=${knownRecords}/${knownWatermark}`,
      ...(wantsAck ? ["ack?"] : []),
    ].join(" ");
  }
  const append = v.safeParse(Append, body);
  if (append.success)
    return `append ${showKey(append.output.key)} ${showRecord(append.output.to.record)}`;
  const { type, key, code } = body;
  if (typeof key === "string") return `${type} ${showKey(key)}`;
  return code === undefined ? String(type) : `${type} ${code}`;
}

const showKey = (key: string) => key.replace(/^kafka\//, "");

function showRecord({ time, messages, commits }: LogRecord): string {
  const parts = [
    ...messages.map(([key, message]) => `${key}:${stringifyJson(message)}`),
    ...commits.map(([key, offset]) => `commit ${key}=${offset}`),
  ];
  return `time=${time} ${parts.join(" ") || "(empty)"}`;
}

function showReply(body: AnyBody): string {
  const { type, in_reply_to: _, ...fields } = body;
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${stringifyJson(value)}`);
  return [String(type), ...shown].join(" ");
}
