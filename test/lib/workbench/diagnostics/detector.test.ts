/** Mistakes of programs: each is recognised, named, and told with what was sent and answered. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { echo } from "../../../../challenges/echo.ts";
import type { KVNode } from "../../../../lib/vortex/index.ts";
import { readOutputLine } from "../../../../lib/workbench/clusters/output-line.ts";
import { Mistakes } from "../../../../lib/workbench/diagnostics/detector.ts";
import { nodeProgram, vortex } from "../../../support/processes/vortex.ts";
import { runSimulated } from "../../../support/simulations/simulate.ts";

setDefaultTimeout(60_000);

const OK = "reply({ type: 'echo_ok', echo: body.echo });";
const REQUEST = '{"src":"c2","dest":"n0","body":{"type":"echo","echo":"Please echo ';

/** What `vortex test` says of a node that does this with each request. */
async function saidOf(onMessage: string): Promise<string> {
  const bin = nodeProgram(onMessage);
  const words = "-w echo --node-count 1 --time-limit 1 --rate 5 --no-store".split(" ");
  return (await vortex("test", "--bin", bin, ...words)).stderr;
}

describe("vortex test", () => {
  test.concurrent("names a debug line on stdout", async () => {
    const said = await saidOf(`console.log("got", body.type); ${OK}`);
    expect(said).toContain("n0, debug line on stdout: not JSON");
    expect(said).toContain("  it sent       got echo\n");
    expect(said).toContain(`  after it got  ${REQUEST}`);
    expect(said).toContain("Only messages may go to stdout; print remarks to stderr.");
    expect(said).toContain("nothing that n0 sends is heard any more");
  });

  test.concurrent("names a forgotten newline: nothing after it ends the line", async () => {
    const said = await saidOf(
      `process.stdout.write(JSON.stringify({ src: dest, dest: src, body: { type: "echo_ok", echo: body.echo, in_reply_to: body.msg_id } }));`,
    );
    expect(said).toContain("n0, forgotten newline: its line has not ended");
    expect(said).toContain('  it sent       {"src":"n0","dest":"c2","body":{"type":"echo_ok"');
    expect(said).toContain(`  after it got  ${REQUEST}`);
    expect(said).not.toContain("heard any more");
  });

  test.concurrent("names a forgotten newline: two messages share a line", async () => {
    const said = await saidOf(`process.stdout.write(JSON.stringify({ src: dest, dest }) ); ${OK}`);
    expect(said).toContain("n0, forgotten newline: not JSON");
    expect(said).toContain('  it sent       {"src":"n0","dest":"n0"}{"src":"n0","dest":"c2"');
  });

  test.concurrent("names an exit, with the message that came before it", async () => {
    const said = await saidOf("process.exit(0);");
    expect(said).toContain(
      "Node n0 crashed with exit status 0: a node must run until it is killed",
    );
    expect(said).toContain(`The last message that it got:\n${REQUEST}`);
  });

  test.concurrent("names a second reply", async () => {
    const said = await saidOf(`${OK} reply({ type: "echo_ok", echo: "again" });`);
    expect(said).toContain("n0, second reply: the request had its answer already, ");
    expect(said).toContain(
      '  it sent       {"src":"n0","dest":"c2","body":{"type":"echo_ok","echo":"again"',
    );
    expect(said).toContain(`  in answer to  ${REQUEST}`);
  });

  test.concurrent("names an extra field in a reply", async () => {
    const said = await saidOf(`reply({ type: "echo_ok", echo: body.echo, text: "there" });`);
    expect(said).toContain("n0, extra field in a reply: ");
    expect(said).toContain('"text" is not allowed');
    expect(said).toContain(',"text":"there","in_reply_to":1}}');
    expect(said).toContain(`  in answer to  ${REQUEST}`);
  });

  test.concurrent("names a message to an unknown node", async () => {
    const said = await saidOf(`print({ src: dest, dest: "n9", body: { type: "hi" } }); ${OK}`);
    expect(said).toContain(
      'n0, message to an unknown node: Invalid dest: "n9" is not in the network',
    );
    expect(said).toContain('  it sent       {"src":"n0","dest":"n9","body":{"type":"hi"}}');
    expect(said).toContain(`  after it got  ${REQUEST}`);
  });

  test.concurrent("says nothing of a program that makes none", async () => {
    const said = await saidOf(OK);
    expect(said).not.toContain("it sent");
  });
});

describe("A simulated test", () => {
  const Echo = v.object({ echo: v.unknown() });

  test("tells the same mistakes, each sort once a node and how often", () => {
    const twice = (node: KVNode) =>
      node.handle("echo", Echo, (request) => {
        const body = { type: "echo_ok", echo: request.body.echo };
        node.reply(request, body);
        node.send(request.src, { ...body, in_reply_to: request.msg_id });
      });
    const { result } = runSimulated("echo", twice, { rate: 10, timeLimitS: 5 });
    expect(result.mistakes).toMatchObject([{ node: "n0", mistake: "second reply" }]);
    expect(result.mistakes?.[0]?.count).toBeGreaterThan(20);
    expect(result.valid).toBe(true);
  });

  test("has no mistakes in its result when the program makes none", () => {
    expect("mistakes" in runSimulated("echo", echo).result).toBe(false);
  });
});

describe("A line that is no message", () => {
  test.each([
    ["debug line on stdout", "starting up"],
    ["debug line on stdout", ""],
    ["debug line on stdout", 'got {"src":"n0","dest":"n1","body":{}}'],
    ["forgotten newline", '{"src":"n0","dest":"n1","body":{}}{"src":"n0","dest":"n1","body":{}}'],
    ["forgotten newline", '{"src":"n0","dest":"n1","body":{"a":{}}} {"src":"n0"'],
    ["malformed message", "{'src': 'n0', 'dest': 'n1', 'body': {}}"],
    ["malformed message", '{"src":"n0","dest":"n1","body":{"text":"}{"}'],
    ["malformed message", '{"src":"n0","body":{}}'],
    ["malformed message", '"n0"'],
  ])("is taken for a %s: %s", (mistake, line) => {
    expect(readOutputLine(line)).toMatchObject({ ok: false, mistake } as never);
  });
});

describe("Mistakes", () => {
  test("keeps a bounded number of requests in mind", () => {
    const seen: string[] = [];
    const mistakes = new Mistakes(({ sent }) => void seen.push(sent));
    const message = (src: string, dest: string, body: object) =>
      mistakes.observe({ type: "send", time: 0, message: { id: 0, src, dest, body: { ...body } } });
    message("c1", "n0", { type: "echo", msg_id: 1 });
    message("n0", "c1", { type: "echo_ok", in_reply_to: 1 });
    for (let id = 2; id <= 10_001; id++) message("c1", "n0", { type: "echo", msg_id: id });
    message("n0", "c1", { type: "echo_ok", in_reply_to: 1 });
    expect(seen).toEqual([]);
    message("n0", "c1", { type: "echo_ok", in_reply_to: 2 });
    message("n0", "c1", { type: "echo_ok", in_reply_to: 2 });
    expect(seen).toHaveLength(1);
  });
});
