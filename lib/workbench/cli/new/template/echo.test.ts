import { expect, test } from "bun:test";
import { TestCluster } from "vortex/testing";
import { echo } from "./echo.ts";

test("echo replies with the value of the request", async () => {
  const cluster = new TestCluster({ program: echo });
  const reply = await cluster.ask("n0", { type: "echo", echo: "hello" });
  expect(reply).toMatchObject({ type: "echo_ok", echo: "hello" });
});

test("echo replies malformed-request (12) to a request without a value", async () => {
  const cluster = new TestCluster({ program: echo });
  expect(await cluster.ask("n0", { type: "echo" })).toMatchObject({ type: "error", code: 12 });
});
