import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeNats, type NatsServer, startNats } from "../../../support/nats.ts";
import { startTester, startWorker } from "../../../support/processes/fleet.ts";
import { temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

/** Restarts with the numbers that it has given before. */
const FORGETFUL = `
  import * as v from "valibot";
  export function forgetful(node) {
    let last = 0;
    node.handle("generate", v.object({}), () => ({ type: "generate_ok", id: node.id + "-" + ++last }));
  }`;
const TEST = ["-w", "unique-ids", "--node-count", "3", "--rate", "20", "--time-limit", "10"];
const KILLS = ["--nemesis", "kill", "--nemesis-interval", "3"];

function fileOf(text: string, name = "program.ts"): string {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, text);
  return file;
}

describeNats("vortex sim --nats", () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  test("gives the summary of a local sweep, failures and their commands included", async () => {
    const sweep = [fileOf(FORGETFUL), ...TEST, ...KILLS, "--seeds", "1..30", "--json"];
    const local = await vortex("sim", ...sweep);
    const worker = startWorker(server.url, "--jobs", "2");
    const fleet = await startTester(server.url, ...sweep).ended;
    expect({ ...fleet, stderr: "" }).toEqual({ ...local, stderr: "" });
    expect(fleet.exitCode).toBe(1);
    expect(worker.log()).toContain("runs program");
    expect(await worker.stop()).toBe(0);
  });
});
