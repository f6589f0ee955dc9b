/** Broken programs for echo. */
import * as v from "valibot";
import { echo } from "../../challenges/echo.ts";
import type { Node } from "../../lib/vortex/index.ts";
import { type BrokenCase, CALM } from "./case.ts";
import { every, withHandler, withReplies } from "./intercept.ts";

function sharedVariable(node: Node): void {
  // A second request overwrites the variable while the first one sleeps.
  let echoed: unknown;
  node.handle("echo", v.object({ echo: v.unknown() }), async ({ body }) => {
    echoed = body.echo;
    await node.sleep(5);
    return { type: "echo_ok", echo: echoed };
  });
}

export const BROKEN_ECHO: readonly BrokenCase[] = [
  {
    bug: "stores the text in a variable that all requests share",
    workload: "echo",
    program: sharedVariable,
    options: { ...CALM, rate: 200 },
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "echoes in lower case",
    workload: "echo",
    program: withReplies(echo, "echo_ok", () => (body) => ({
      ...body,
      echo: String(body["echo"]).toLowerCase(),
    })),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "refuses every 50th request",
    workload: "echo",
    // An echo has no reason to fail: the checker counts each error as wrong.
    program: withReplies(echo, "echo_ok", () => {
      const isRefused = every(50);
      return (body) => (isRefused() ? { type: "error", code: 11 } : body);
    }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "ignores every 50th request",
    workload: "echo",
    // The client times out, but the test demands that every request succeeds.
    program: withHandler(echo, "echo", () => {
      const isIgnored = every(50);
      return (_request, proceed) => (isIgnored() ? undefined : proceed());
    }),
    options: { ...CALM, availability: "total" },
    shows: "unavailable",
    withinSeeds: 1,
  },
  {
    bug: "adds a field that the reply does not have",
    workload: "echo",
    // `text` belongs to errors only.
    program: withReplies(echo, "echo_ok", () => (body) => ({ ...body, text: body["echo"] })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
  {
    bug: "sends a message to an unknown node",
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
