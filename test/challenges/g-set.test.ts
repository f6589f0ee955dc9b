import { describe, expect, test } from "bun:test";
import { gSet } from "../../challenges/g-set.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import { parseJson, stringifyJson } from "../../lib/vortex/index.ts";

const start = () => new TestCluster({ program: gSet });
const add = (element: unknown) => ({ type: "add", element });
const READ = { type: "read" };

describe("g-set", () => {
  test("answers with the fields of the workload's closed schemas, and no others", async () => {
    const cluster = start();
    expect(await cluster.ask("n0", add(1))).toEqual({ type: "add_ok", in_reply_to: 1 });
    const read = await cluster.ask("n1", READ);
    expect(read).toEqual({ type: "read_ok", value: [1], in_reply_to: 2 });
  });

  test("stores an element before it is acknowledged, in one record with all that wait", async () => {
    const cluster = start();
    cluster.filter = ({ body }) => (body["type"] === "cas" ? "hold" : "deliver");
    const replies = [cluster.request("n0", add(0))];
    await cluster.settle();
    for (let element = 1; element <= 10; element++) {
      replies.push(cluster.request("n0", add(element)));
    }
    await cluster.settle();
    expect(replies.map((reply) => reply())).toEqual(Array(11).fill(undefined));
    cluster.filter = () => "deliver";
    await cluster.release();
    expect(replies.every((reply) => reply()?.["type"] === "add_ok")).toBe(true);
    expect(cluster.messages.filter(({ body }) => body["type"] === "cas")).toHaveLength(2);
  });

  test("shows each element once, any JSON, as it was written", async () => {
    const cluster = start();
    const elements = ["1", "1.0", '"1"', "9007199254740993", "null", '{"__proto__":[1e400]}', "[]"];
    for (const text of [...elements, ...elements]) await cluster.ask("n0", add(parseJson(text)));
    const { value } = await cluster.ask("n1", READ);
    expect(stringifyJson(value)).toBe(`[${elements.join(",")}]`);
  });

  test("shows after freshMs an element that another node has acknowledged", async () => {
    const cluster = start();
    await cluster.ask("n1", READ);
    await cluster.ask("n0", add(1));
    await cluster.advance(510);
    expect(await cluster.ask("n1", READ)).toMatchObject({ value: [1] });
  });

  test("shows all elements again after a kill", async () => {
    const cluster = start();
    for (let element = 0; element < 20; element++) await cluster.ask("n0", add(element));
    for (const id of ["n0", "n1", "n2"]) cluster.start(id);
    const { value } = await cluster.ask("n0", READ);
    expect(value).toEqual(Array.from({ length: 20 }, (_, element) => element));
    expect(await cluster.ask("n0", add(20))).toMatchObject({ type: "add_ok" });
  });

  test("counts freshMs from its question to lin-kv, not from the answer", async () => {
    const cluster = start();
    await cluster.ask("n1", READ);
    await cluster.advance(510);
    cluster.filter = ({ dest }) => (dest === "n1" ? "hold" : "deliver");
    const first = cluster.request("n1", READ);
    await cluster.settle();
    await cluster.ask("n0", add(1));
    await cluster.advance(10);
    const second = cluster.request("n1", READ);
    cluster.filter = () => "deliver";
    await cluster.release();
    expect([first(), second()]).toMatchObject([{ value: [] }, { value: [] }]);
    await cluster.advance(500);
    expect(await cluster.ask("n1", READ)).toMatchObject({ value: [1] });
  });

  test("shows known elements for freshMs without lin-kv, then refuses reads", async () => {
    const cluster = start();
    await cluster.ask("n0", add(1));
    await cluster.ask("n0", READ);
    cluster.filter = () => "drop";
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: [1] });
    await cluster.advance(510);
    expect(await cluster.ask("n0", READ)).toMatchObject({ type: "error", code: 11 });
  });

  test("refuses a read while a restarted node cannot reach lin-kv", async () => {
    const cluster = start();
    cluster.filter = () => "drop";
    const reply = cluster.request("n0", READ);
    await cluster.advance(4900);
    expect(reply()).toMatchObject({ type: "error", code: 11 });
  });
});
