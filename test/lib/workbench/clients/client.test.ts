import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { type AnyBody, parseJson } from "../../../../lib/vortex/index.ts";
import { Client, replySchema } from "../../../../lib/workbench/clients/client.ts";
import {
  completionOf,
  ErrorReply,
  MalformedReply,
  NetTimeout,
} from "../../../../lib/workbench/clients/client-errors.ts";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";
import { InvalidMessageError } from "../../../../lib/workbench/network/carrier.ts";
import { Journal } from "../../../../lib/workbench/network/journal.ts";
import { Network } from "../../../../lib/workbench/network/network.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";

const ReadOk = replySchema("read_ok", { value: v.number() });

/** A client, and a node that replies to each request with the given bodies, as JSON. */
function ask(...answers: string[]): Promise<unknown> & { readonly requests: AnyBody[] } {
  const scheduler = new Scheduler();
  const network = networkOf(scheduler);
  const client = new Client({ id: "c5", network, clock: scheduler });
  const requests: AnyBody[] = [];
  network.connect("n0", ({ src, body }) => {
    requests.push(body);
    for (const answer of answers) network.send("n0", src, parseJson(answer) as AnyBody);
  });
  const reply = client.rpc("n0", { type: "read", key: "k" }, ReadOk, 5000);
  reply.catch(() => {});
  while (scheduler.step());
  return Object.assign(reply, { requests });
}

function networkOf(scheduler: Scheduler): Network {
  return new Network({
    clock: scheduler,
    random: randomStream(1, "network"),
    latency: { meanMs: 0, distribution: "constant" },
    nodeIds: ["n0"],
    journal: new Journal(),
    zeroMs: () => 0,
    onOverload: expect.unreachable,
  });
}

describe("Client", () => {
  test("numbers its requests from 1", () => {
    expect(ask().requests).toEqual([{ type: "read", key: "k", msg_id: 1 }]);
  });

  test("resolves with the reply to its request", async () => {
    expect(await ask('{"type":"read_ok","in_reply_to":1,"msg_id":4,"value":3}')).toMatchObject({
      value: 3,
    });
  });

  test.each(['{"type":"read_ok","value":9}', ...["2", "1.0", '"1"', "null"].map(replyTo)])(
    "drops %s, which does not answer request 1",
    async (answer) => {
      const answers = ask(answer, '{"type":"read_ok","in_reply_to":1,"value":3}');
      expect(await answers).toMatchObject({ value: 3 });
    },
  );

  test("sends another request after the network refused one", async () => {
    const scheduler = new Scheduler();
    const network = networkOf(scheduler);
    const client = new Client({ id: "c5", network, clock: scheduler });
    network.connect("n0", ({ src, body }) => {
      network.send("n0", src, { type: "read_ok", in_reply_to: body["msg_id"] ?? 0, value: 3 });
    });
    const refused = client.rpc("n9", { type: "read" }, ReadOk, 5000);
    await expect(refused).rejects.toBeInstanceOf(InvalidMessageError);
    const reply = client.rpc("n0", { type: "read" }, ReadOk, 5000);
    while (scheduler.step());
    expect(await reply).toMatchObject({ value: 3 });
  });

  test("rejects with a timeout when no reply arrives", async () => {
    await expect(ask()).rejects.toBeInstanceOf(NetTimeout);
  });

  test("rejects with the code and text of an error body, whatever else it holds", async () => {
    const error = ask('{"type":"error","in_reply_to":1,"code":20,"text":"gone","more":true}');
    await expect(error).rejects.toMatchObject({ code: 20, message: "gone" });
    await expect(error).rejects.toBeInstanceOf(ErrorReply);
  });

  test.each([
    ['{"type":"read_ok","in_reply_to":1}', '"value" is missing'],
    ['{"type":"read_ok","in_reply_to":1,"value":"3"}', '"value" must be a number, but is "3"'],
    ['{"type":"red_ok","in_reply_to":1,"value":3}', '"type" must be "read_ok", but is "red_ok"'],
    ['{"type":"read_ok","in_reply_to":1,"value":3,"key":"k"}', '"key"'],
  ])("rejects %s as malformed, and says why", async (answer, reason) => {
    const reply = ask(answer);
    await expect(reply).rejects.toBeInstanceOf(MalformedReply);
    await expect(reply).rejects.toThrow(reason);
  });
});

function replyTo(inReplyTo: string): string {
  return `{"type":"read_ok","in_reply_to":${inReplyTo},"value":9}`;
}

describe("completionOf", () => {
  const completion = (thrown: unknown, f: string, usesProtocolErrors = true) =>
    completionOf(thrown, { value: 1 }, { usesProtocolErrors, isIdempotent: f === "read" });

  test.each([1, 10, 11, 12, 14, 20, 21, 22, 30])(
    "takes definite error %i for a failure",
    (code) => {
      expect(completion(new ErrorReply("write", code, "no"), "write")).toMatchObject({
        type: "fail",
      });
    },
  );

  test.each([0, 13, 15, 999, 1000, undefined])("takes error %p for an unknown outcome", (code) => {
    expect(completion(new ErrorReply("write", code, "?"), "write")).toMatchObject({ type: "info" });
  });

  test("reports the error's name and text", () => {
    expect(completion(new ErrorReply("write", 22, "not 3"), "cas")).toEqual({
      type: "fail",
      value: 1,
      error: ["precondition-failed", "not 3"],
    });
    expect(completion(new ErrorReply("write", 1001, "mine"), "cas").error).toEqual([
      "unknown",
      "mine",
    ]);
  });

  test("completes a timeout as info, or as fail for an operation without effect", () => {
    const timeout = new NetTimeout("write", "n0", 1000);
    expect(completion(timeout, "write")).toEqual({ type: "info", value: 1, error: "net-timeout" });
    expect(completion(timeout, "read")).toEqual({ type: "fail", value: 1, error: "net-timeout" });
  });

  test("completes an indefinite error of an operation without effect as fail", () => {
    expect(completion(new ErrorReply("write", 13, "oops"), "read")).toMatchObject({ type: "fail" });
  });

  test("completes a malformed reply as info, even for an operation without effect", () => {
    const request = { src: "c1", dest: "n0", body: { type: "read", msg_id: 1 } };
    const reply = { src: "n0", dest: "c1", body: { type: "read_ok", in_reply_to: 1, value: "x" } };
    const { issues = [] } = v.safeParse(v.looseObject({ value: v.number() }), reply.body);
    const message = 'Malformed reply to "read" from n0: "value" must be a number, but is "x"';
    expect(completion(new MalformedReply(request, reply, issues), "read")).toEqual({
      type: "info",
      value: 1,
      error: `indeterminate: ${message}`,
      exception: { class: "MalformedReply", message },
    });
  });

  test("completes every error as an exception if the workload does not use protocol errors", () => {
    expect(completion(new ErrorReply("write", 22, "no"), "add", false)).toMatchObject({
      type: "info",
      exception: { class: "ErrorReply" },
    });
    expect(completion(new NetTimeout("write", "n0", 1000), "read", false)).toMatchObject({
      type: "info",
    });
  });
});
