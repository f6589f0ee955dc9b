import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { describeNats, startNats } from "../../../support/nats.ts";
import { ROOT, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const SIM = ["sim", join(ROOT, "challenges/echo.ts"), "-w", "echo"];
const NATS = ["--nats", "nats://127.0.0.1:1"];

describe("vortex worker and vortex sim --nats", () => {
  test.concurrent.each([
    [["worker"], "required option '--nats <urls>' not specified"],
    [["worker", ...NATS, "--allow", "abc"], "It must be the 64 hexadecimal digits"],
    [["worker", ...NATS, "--allow-signer", "abc"], "is not the public key of an NKey"],
    [["worker", "--nats", "nats://me:hunter2@x"], "--nats must not contain credentials"],
    [[...SIM, ...NATS], "--nats needs many seeds: add --seeds"],
    [[...SIM, "--seeds", "1..2", "--resume"], "--resume needs workers on NATS: add --nats"],
    [[...SIM, "--for", "1m", ...NATS, "--resume"], "--resume needs many seeds"],
    [[...SIM, "--seeds", "1..2", ...NATS, "--jobs", "2"], "--jobs is a matter of each worker"],
    [[...SIM, "--seeds", "1..2", ...NATS], "Cannot reach a NATS server at nats://127.0.0.1:1"],
    [[...SIM, "--seeds", "1..2", "--shard", "auto/x"], "is neither auto nor"],
  ])("refuse %p", async (args, text) => {
    const { stderr, exitCode } = await vortex(...args);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain("hunter2");
    expect(exitCode).toBe(254);
  });
});

describeNats("vortex worker", () => {
  test("serves no server that admits clients without credentials", async () => {
    await using server = await startNats();
    const { stderr, exitCode } = await vortex("worker", "--nats", server.url);
    expect(stderr).toContain("This NATS server admits clients without credentials");
    expect(exitCode).toBe(254);
  });

  test("says that the server has no JetStream", async () => {
    await using server = await startNats({ jetstream: false });
    const sweep = [...SIM, "--seeds", "1..2", "--nats", server.url];
    const { stderr, exitCode } = await vortex(...sweep);
    expect(stderr).toContain("It needs JetStream (nats-server -js)");
    expect(exitCode).toBe(254);
  });
});
