import * as v from "valibot";
import { echo } from "../../challenges/echo.ts";
import type { Node } from "../../lib/vortex/index.ts";
import { type BrokenCase, CALM } from "./case.ts";
import { every, withHandler, withReplies } from "./intercept.ts";

/** Keeps the value to be echoed where the next request finds another. */
function sharedVariable(node: Node): void {
  let echoed: unknown;
  node.handle("echo", v.object({ echo: v.unknown() }), async ({ body }) => {
    echoed = body.echo;
    await node.sleep(5);
    return { type: "echo_ok", echo: echoed };
  });
}

export const BROKEN_ECHO: readonly BrokenCase[] = [
  {
    wrong: "keeps what it echoes in a variable that all requests share",
    workload: "echo",
    program: sharedVariable,
    options: { ...CALM, rate: 200 },
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "echoes in lower case",
    workload: "echo",
    program: withReplies(echo, "echo_ok", () => (body) => ({
      ...body,
      echo: String(body["echo"]).toLowerCase(),
    })),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "answers with a definite error from time to time",
    workload: "echo",
    program: withReplies(echo, "echo_ok", () => {
      const isRefused = every(50);
      return (body) => (isRefused() ? { type: "error", code: 11 } : body);
    }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "leaves every 50th request without an answer",
    workload: "echo",
    program: withHandler(echo, "echo", () => {
      const isIgnored = every(50);
      return (_request, proceed) => (isIgnored() ? undefined : proceed());
    }),
    options: { ...CALM, availability: "total" },
    shows: "unavailable",
    withinSeeds: 1,
  },
  {
    wrong: "sends back the whole request, fields that no reply has among them",
    workload: "echo",
    program: withReplies(echo, "echo_ok", () => (body) => ({ ...body, text: body["echo"] })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
  {
    wrong: "sends a message to a node that does not exist",
    workload: "echo",
    program: withHandler(echo, "echo", (node) => (_request, proceed) => {
      node.send("n7", { type: "hello" });
      return proceed();
    }),
    options: CALM,
    shows: "bad line",
    withinSeeds: 1,
  },
];
