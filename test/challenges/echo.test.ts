import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { echo } from "../../challenges/echo.ts";
import { parseJson } from "../../lib/vortex/index.ts";
import { receive, startNode } from "../support/fake-host.ts";
import { binary, INIT, line, run } from "../support/processes/node-process.ts";

setDefaultTimeout(60_000);

describe("echo", () => {
  test("returns the value, whatever JSON it is, and nothing else", () => {
    const { node, host } = startNode(echo);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const echoed = parseJson(JSON.stringify(value));
        receive(node, { type: "echo", msg_id: 5, echo: echoed }, "c7");
        expect(host.takeSent()).toEqual([
          { src: "n0", dest: "c7", body: { type: "echo_ok", echo: echoed, in_reply_to: 5 } },
        ]);
      }),
    );
  });

  test("replies malformed-request (12) to a request without a value", () => {
    const { node, host } = startNode(echo);
    receive(node, { type: "echo", msg_id: 5 });
    expect(host.takeBodies()).toEqual([
      { type: "error", in_reply_to: 5, code: 12, text: 'Malformed "echo": "echo" is missing' },
    ]);
  });
});

describe("dist/echo", () => {
  test("replies to init and to a request as Maelstrom sends them", async () => {
    // Maelstrom's network adds an id to each message.
    const fromMaelstrom = (id: number, text: string) => text.replace("{", `{"id":${id},`);
    const request = line({ type: "echo", echo: "Please echo 35", msg_id: 1 });
    const { lines, stderr, exitCode } = await run(
      binary("echo"),
      fromMaelstrom(0, INIT) + fromMaelstrom(1, request),
    );
    expect(lines).toEqual([
      '{"src":"n0","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}',
      '{"src":"n0","dest":"c1","body":{"type":"echo_ok","echo":"Please echo 35","in_reply_to":1}}',
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });
});
