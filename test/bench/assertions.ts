/**
 * Measures what assertions cost in a process: echoes with `always` and `sometimes`, and without.
 *
 *   bun test/bench/assertions.ts
 *
 * Processor time per message inside a node, the least of ten rounds that take turns.
 */
import * as v from "valibot";
import { echo } from "../../challenges/echo.ts";
import { type Host, KVNode, type Node } from "../../lib/vortex/index.ts";

const MESSAGES = 300_000;
const ROUNDS = 10;

/** A process's host: one without an observer of assertions. */
const host: Host = {
  transport: { send() {} },
  clock: { nowMs: () => 0, after: () => () => {} },
  random: { next: () => 0.5 },
  logger: { log() {} },
};

function assertingEcho(node: Node): void {
  let count = 0;
  node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => {
    count++;
    node.always(count > 0, "counts are positive", { count });
    node.sometimes(count === 7, "seven echoes");
    return { type: "echo_ok", echo: body.echo };
  });
}

function started(program: (node: Node) => void): KVNode {
  const node = new KVNode(host, program);
  const body = { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] };
  node.receive({ src: "c0", dest: "n0", body });
  return node;
}

function nanosecondsPerMessage(node: KVNode): number {
  const began = process.cpuUsage();
  for (let msg_id = 2; msg_id < MESSAGES + 2; msg_id++) {
    node.receive({ src: "c1", dest: "n0", body: { type: "echo", msg_id, echo: "hello" } });
  }
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1000) / MESSAGES;
}

const subjects = [
  { name: "echo", node: started(echo), leastNs: Number.POSITIVE_INFINITY },
  { name: "echo with assertions", node: started(assertingEcho), leastNs: Number.POSITIVE_INFINITY },
];
for (let round = 0; round < ROUNDS; round++) {
  for (const subject of subjects) {
    subject.leastNs = Math.min(subject.leastNs, nanosecondsPerMessage(subject.node));
  }
}
for (const { name, leastNs } of subjects)
  console.log(`${name}: ${leastNs.toFixed(0)} ns a message`);
