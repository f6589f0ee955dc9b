import { describe, expect, test } from "bun:test";
import { NodeActivity } from "../../../../lib/workbench/run/node-activity.ts";

type Event = Parameters<NodeActivity["observe"]>[0];

let nextId = 0;
function event(type: "send" | "recv", src: string, dest: string, body: object): Event {
  return { type, time: 0, message: { id: nextId++, src, dest, body: { type: "read", ...body } } };
}

describe("NodeActivity", () => {
  test("remembers the messages that a node received last without replying", () => {
    const activity = new NodeActivity(["n0", "n1"]);
    activity.observe(event("recv", "c1", "n0", { msg_id: 1 }));
    activity.observe(event("recv", "c2", "n0", { msg_id: 1 }));
    activity.observe(event("send", "n0", "c1", { in_reply_to: 1 }));
    expect(activity.lastReceived("n0")).toEqual([
      '{"src":"c2","dest":"n0","body":{"type":"read","msg_id":1}}',
    ]);
  });

  test("forgets what a node that has exited was sent later", () => {
    const activity = new NodeActivity(["n0"]);
    for (let id = 1; id <= 6; id++) activity.observe(event("recv", "c1", "n0", { msg_id: id }));
    activity.onExit("n0");
    activity.observe(event("recv", "c1", "n0", { msg_id: 7 }));
    const last = activity.lastReceived("n0");
    expect(last).toHaveLength(4);
    expect(last.at(-1)).toContain('"msg_id":6');
  });

  test("falls back to the last message if the node has answered them all", () => {
    const activity = new NodeActivity(["n0"]);
    activity.observe(event("recv", "c1", "n0", { msg_id: 1 }));
    activity.observe(event("send", "n0", "c1", { in_reply_to: 1 }));
    expect(activity.lastReceived("n0")).toHaveLength(1);
  });

  test("counts messages between nodes, without clients and services", () => {
    const activity = new NodeActivity(["n0", "n1"]);
    activity.observe(event("send", "n0", "n1", {}));
    activity.observe(event("send", "n0", "seq-kv", {}));
    activity.observe(event("send", "n0", "c1", {}));
    expect(activity.messagesBetweenNodes).toBe(1);
  });
});
