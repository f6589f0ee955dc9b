/**
 * The test kit: runs a program's nodes inside a test that controls time and network.
 *
 * @example
 * import { expect, test } from "bun:test";
 * import { TestCluster } from "vortex/testing";
 * import { echo } from "./echo.ts";
 *
 * test("echo replies with the value it was sent", async () => {
 *   const cluster = new TestCluster({ program: echo });
 *   const reply = await cluster.ask("n0", { type: "echo", echo: "hello" });
 *   expect(reply).toMatchObject({ type: "echo_ok", echo: "hello" });
 * });
 *
 * @module vortex/testing
 */
export { ManualClock, settled } from "./manual-clock.ts";
export { type Filter, TestCluster, type TestClusterOptions } from "./test-cluster.ts";
export { type CrashOptions, TestDisk } from "./test-disk.ts";
export { TestHost } from "./test-host.ts";
export { TestKv } from "./test-kv.ts";
