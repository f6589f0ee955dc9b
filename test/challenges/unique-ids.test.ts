import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { uniqueIds } from "../../challenges/unique-ids.ts";
import { INIT as INIT_BODY, newNode, receive } from "../support/fake-host.ts";
import { binary, INIT, line, NodeProcess } from "../support/processes/node-process.ts";

setDefaultTimeout(60_000);

/** Starts a node. Each seed gives its host other random numbers, as each start of a process does. */
function start(name: string, seed: number) {
  const { node, host } = newNode(uniqueIds, seed);
  receive(node, { ...INIT_BODY, node_id: name, node_ids: ["n0", "n1", "n2", "n10"] });
  host.takeSent();
  return {
    generate: (count: number) => {
      for (let id = 0; id < count; id++) receive(node, { type: "generate", msg_id: id });
      return host.takeBodies();
    },
  };
}

describe("unique-ids", () => {
  test("replies with a string as the id, and nothing else", () => {
    const [reply] = start("n0", 1).generate(1);
    expect(reply).toEqual({ type: "generate_ok", id: expect.any(String), in_reply_to: 0 });
  });

  test("sends no messages but its replies", () => {
    expect(start("n0", 1).generate(100)).toHaveLength(100);
  });

  test("generates ids that differ between requests, nodes, and starts of a node", () => {
    const ids = new Set<unknown>();
    for (const name of ["n0", "n1", "n2", "n10"]) {
      for (let seed = 0; seed < 25; seed++) {
        for (const { id } of start(name, seed).generate(100)) ids.add(id);
      }
    }
    expect(ids.size).toBe(4 * 25 * 100);
  });
});

describe("dist/unique-ids", () => {
  test("repeats no id after it is killed and restarted under the same name", async () => {
    const starts = 5;
    const perStart = 1000;
    const ids = new Set<unknown>();
    for (let count = 0; count < starts; count++) {
      await using node = new NodeProcess(binary("unique-ids"));
      node.write(INIT);
      await node.next();
      for (let id = 2; id < perStart + 2; id++) node.write(line({ type: "generate", msg_id: id }));
      for (let id = 2; id < perStart + 2; id++) {
        const reply = await node.next();
        expect(reply).toEqual({ type: "generate_ok", id: expect.any(String), in_reply_to: id });
        ids.add(reply["id"]);
      }
      node.kill("SIGKILL");
      expect(await node.ended()).toMatchObject({ signal: "SIGKILL" });
    }
    expect(ids.size).toBe(starts * perStart);
  });
});
