/** Common program errors: each is detected, and reported with what was sent and answered. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { echo } from "../../../../challenges/echo.ts";
import type { KVNode } from "../../../../lib/vortex/index.ts";
import { readOutputLine } from "../../../../lib/workbench/clusters/output-line.ts";
import { DiagnosticDetector } from "../../../../lib/workbench/diagnostics/detector.ts";
import { nodeProgram, vortex } from "../../../support/processes/vortex.ts";
import { runSimulated } from "../../../support/simulations/simulate.ts";

setDefaultTimeout(60_000);

const OK = "reply({ type: 'echo_ok', echo: body.echo });";
const REQUEST = '{"src":"c2","dest":"n0","body":{"type":"echo","echo":"Please echo ';

/** The stderr of `vortex test` for a node that handles each request like this. */
async function saidOf(onMessage: string): Promise<string> {
  const bin = nodeProgram(onMessage);
  const words = "-w echo --node-count 1 --time-limit 1 --rate 5 --no-store".split(" ");
  return (await vortex("test", "--bin", bin, ...words)).stderr;
}

describe("vortex test", () => {
  test.concurrent("reports a debug line on stdout", async () => {
    const said = await saidOf(`console.log("got", body.type); ${OK}`);
    expect(said).toContain("n0, debug-line: not JSON");
    expect(said).toContain("  it sent         got echo\n");
    expect(said).toContain(`  after receiving ${REQUEST}`);
    expect(said).toContain("Only messages may go to stdout; print remarks to stderr.");
    expect(said).toContain("all later output of n0 is ignored");
  });

  test.concurrent("reports a missing newline: nothing after it ends the line", async () => {
    const said = await saidOf(
      `process.stdout.write(JSON.stringify({ src: dest, dest: src, body: { type: "echo_ok", echo: body.echo, in_reply_to: body.msg_id } }));`,
    );
    expect(said).toContain("n0, missing-newline: the line has not ended");
    expect(said).toContain('  it sent         {"src":"n0","dest":"c2","body":{"type":"echo_ok"');
    expect(said).toContain(`  after receiving ${REQUEST}`);
    expect(said).not.toContain("ignored");
  });

  test.concurrent("reports a missing newline: two messages share a line", async () => {
    const said = await saidOf(`process.stdout.write(JSON.stringify({ src: dest, dest }) ); ${OK}`);
    expect(said).toContain("n0, missing-newline: not JSON");
    expect(said).toContain('  it sent         {"src":"n0","dest":"n0"}{"src":"n0","dest":"c2"');
  });

  test.concurrent("does not report a line that the end of the run cut off", async () => {
    // Ends each line 25 ms after its text, so that the run ends within a line.
    const said = await saidOf(`
      const tick = async () => {
        process.stdout.write(JSON.stringify({ src: "n0", dest: "n0", body: { type: "tick" } }));
        await Bun.sleep(25);
        process.stdout.write("\\n" + waiting.splice(0).join(""));
        setTimeout(tick, 5);
      };
      globalThis.waiting ??= (setTimeout(tick), []);
      const sent = { type: "echo_ok", echo: body.echo, in_reply_to: body.msg_id };
      if (body.type === "echo") waiting.push(JSON.stringify({ src: dest, dest: src, body: sent }) + "\\n");
    `);
    expect(said).not.toContain("missing-newline");
    expect(said).toContain("Everything looks good");
  });

  test.concurrent("reports an exit, with the message that came before it", async () => {
    const said = await saidOf("process.exit(0);");
    expect(said).toContain(
      "Node n0 crashed with exit status 0: a node must run until it is killed",
    );
    expect(said).toContain(`The last message it received:\n${REQUEST}`);
  });

  test.concurrent.each([
    [
      "1.0, as Gson writes it",
      "JSON.rawJSON(body.msg_id + '.0')",
      /in_reply_to is \d+\.0, not an integer; \d+ would match/,
    ],
    ["a string", "String(body.msg_id)", /in_reply_to is "\d+", not an integer; \d+ would match/],
    ["null", "null", /in_reply_to is null, not an integer\n/],
    ["an object with a toString", "{ toString: 1 }", /in_reply_to is an object, not an integer\n/],
    ["a list", "[1]", /in_reply_to is an array, not an integer\n/],
    ["too large", "1e15", /in_reply_to is 1000000000000000, but c\d+ has sent no such request\n/],
    ["missing", "undefined", /it has no in_reply_to\n/],
  ])("reports a reply that matches no request: its in_reply_to is %s", async (_, value, reason) => {
    const bin = nodeProgram(
      `console.log(JSON.stringify({ src: dest, dest: src, body: { type: "echo_ok", echo: body.echo, in_reply_to: ${value} } }));`,
    );
    const words = "-w echo --node-count 1 --time-limit 1 --rate 5 --no-store".split(" ");
    const { stderr, exitCode } = await vortex("test", "--bin", bin, ...words);
    expect(stderr).toMatch(/n0, unmatched-reply: /);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain("    at ");
    expect(exitCode).toBe(1);
  });

  test.concurrent.each([
    ["has no code", "undefined", "the error has no code"],
    ["has a string as its code", '"11"', 'the code is "11"'],
    ["has a float as its code", "JSON.rawJSON('11.0')", "the code is 11.0"],
  ])("reports an error that %s", async (_, code, reason) => {
    const said = await saidOf(`reply({ type: "error", code: ${code}, text: "x" });`);
    expect(said).toContain(`n0, error-code: ${reason}`);
    expect(said).toContain("The code of an error is an integer.");
  });

  test.concurrent("reports a second reply", async () => {
    const said = await saidOf(`${OK} reply({ type: "echo_ok", echo: "again" });`);
    expect(said).toContain("n0, second-reply: the request already has a reply, ");
    expect(said).toContain(
      '  it sent         {"src":"n0","dest":"c2","body":{"type":"echo_ok","echo":"again"',
    );
    expect(said).toContain(`  in reply to     ${REQUEST}`);
  });

  test.concurrent("reports an extra field in a reply", async () => {
    const said = await saidOf(`reply({ type: "echo_ok", echo: body.echo, text: "there" });`);
    expect(said).toContain("n0, extra-field: ");
    expect(said).toContain('"text" is not allowed');
    expect(said).toContain(',"text":"there","in_reply_to":1}}');
    expect(said).toContain(`  in reply to     ${REQUEST}`);
  });

  test.concurrent("reports a message to an unknown node", async () => {
    const said = await saidOf(`print({ src: dest, dest: "n9", body: { type: "hi" } }); ${OK}`);
    expect(said).toContain('n0, unknown-dest: Invalid dest: "n9" is not in the network');
    expect(said).toContain('  it sent         {"src":"n0","dest":"n9","body":{"type":"hi"}}');
    expect(said).toContain(`  after receiving ${REQUEST}`);
  });

  test.concurrent("reports nothing for a correct program", async () => {
    const said = await saidOf(OK);
    expect(said).not.toContain("it sent");
  });
});

describe("A simulated test", () => {
  const Echo = v.object({ echo: v.unknown() });

  test("reports the same diagnostics, one per kind and node, with a count", () => {
    const twice = (node: KVNode) =>
      node.handle("echo", Echo, (request) => {
        const body = { type: "echo_ok", echo: request.body.echo };
        node.reply(request, body);
        node.send(request.src, { ...body, in_reply_to: request.msg_id });
      });
    const { result } = runSimulated("echo", twice, { rate: 10, timeLimitS: 5 });
    expect(result.diagnostics).toMatchObject([{ node: "n0", kind: "second-reply" }]);
    expect(result.diagnostics?.[0]?.count).toBeGreaterThan(20);
    expect(result.valid).toBe(true);
  });

  test("has no diagnostics in its result when the program is correct", () => {
    expect("diagnostics" in runSimulated("echo", echo).result).toBe(false);
  });
});

describe("A line that is not a message", () => {
  test.each([
    ["debug-line", "starting up"],
    ["debug-line", ""],
    ["debug-line", 'got {"src":"n0","dest":"n1","body":{}}'],
    ["missing-newline", '{"src":"n0","dest":"n1","body":{}}{"src":"n0","dest":"n1","body":{}}'],
    ["missing-newline", '{"src":"n0","dest":"n1","body":{"a":{}}} {"src":"n0"'],
    ["malformed-message", "{'src': 'n0', 'dest': 'n1', 'body': {}}"],
    ["malformed-message", '{"src":"n0","dest":"n1","body":{"text":"}{"}'],
    ["malformed-message", '{"src":"n0","body":{}}'],
    ["malformed-message", '"n0"'],
  ])("is classified as %s: %s", (kind, line) => {
    expect(readOutputLine(line)).toMatchObject({ ok: false, kind } as never);
  });
});

describe("DiagnosticDetector", () => {
  test("remembers a bounded number of requests", () => {
    const seen: string[] = [];
    const detector = new DiagnosticDetector(({ sent }) => void seen.push(sent));
    const message = (src: string, dest: string, body: object) =>
      detector.observe({ type: "send", time: 0, message: { id: 0, src, dest, body: { ...body } } });
    message("c1", "n0", { type: "echo", msg_id: 1 });
    message("n0", "c1", { type: "echo_ok", in_reply_to: 1 });
    for (let id = 2; id <= 20_001; id++) message("c1", "n0", { type: "echo", msg_id: id });
    message("n0", "c1", { type: "echo_ok", in_reply_to: 1 });
    expect(seen).toEqual([]);
    message("n0", "c1", { type: "echo_ok", in_reply_to: 10_002 });
    message("n0", "c1", { type: "echo_ok", in_reply_to: 10_002 });
    expect(seen).toHaveLength(1);
  });
});
