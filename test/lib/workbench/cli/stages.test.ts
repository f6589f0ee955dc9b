import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { STAGES } from "../../../../lib/workbench/stages/stages.ts";
import {
  DIST,
  nodeProgram,
  spawnVortex,
  temporaryDirectory,
  vortex,
} from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

describe("vortex stages", () => {
  test.concurrent("runs the named stages, and prints a table", async () => {
    const { exitCode, stdout, stderr } = await vortex("stages", "1");
    expect(stderr).toContain("Shortened: main phase 5 s");
    expect(stdout).toMatch(/1 │ Echo .*│ valid/);
    expect(stdout).not.toContain("Unique");
    expect(exitCode).toBe(0);
  });

  test.concurrent("prints an array of results with --json", async () => {
    const { stdout } = await vortex("stages", "1", "2", "--json", "--seed", "5");
    const results = JSON.parse(stdout);
    expect(results).toMatchObject([
      { stage: "1", valid: true, seed: 5 },
      { stage: "2", valid: true, net: { servers: { msgsPerOp: 0 } } },
    ]);
  });

  test.concurrent("prints the running stage and the time left for all, on plain lines", async () => {
    const { stderr } = await vortex("stages", "1", "--no-store");
    expect(stderr).toMatch(/^1 Echo: starting; .*; about 6 s left in total$/m);
    expect(stderr).toMatch(/^1 Echo: valid: true, \d\.\d s$/m);
  });

  test.concurrent("prints the stages that have ended when interrupted", async () => {
    const child = spawnVortex("stages", "1", "2", "--no-store");
    let stderr = "";
    for await (const chunk of child.stderr) {
      stderr += Buffer.from(chunk).toString();
      if (stderr.includes("2 Unique ID generation: starting")) child.kill("SIGINT");
    }
    const stdout = await child.stdout.text();
    expect(stdout).toMatch(/1 │ Echo .*│ valid/);
    expect(stdout).toMatch(/2 │ Unique ID generation .*│ interrupted/);
    expect(await child.exited).toBe(130);
  });

  test.concurrent("runs all stages, and exits with the code of the worst", async () => {
    const dist = temporaryDirectory();
    symlinkSync(nodeProgram(`reply({ type: "echo_ok", echo: "wrong" });`), join(dist, "echo"));
    symlinkSync(join(DIST, "unique-ids"), join(dist, "unique-ids"));
    const { exitCode, stdout } = await vortex("stages", "1", "2", "--bin-dir", dist);
    expect(stdout).toMatch(/1 │ Echo .*│ invalid/);
    expect(stdout).toMatch(/2 │ Unique ID generation .*│ valid/);
    expect(exitCode).toBe(1);
  });

  test.concurrent("continues after a stage that crashed", async () => {
    const dist = temporaryDirectory();
    symlinkSync("/bin/false", join(dist, "echo"));
    symlinkSync(join(DIST, "unique-ids"), join(dist, "unique-ids"));
    const { exitCode, stdout, stderr } = await vortex("stages", "1", "2", "--bin-dir", dist);
    expect(stderr).toContain("n0 did not answer init; it exited with status 1");
    expect(stdout).toMatch(/1 │ Echo .*│ crashed/);
    expect(stdout).toMatch(/2 │ Unique ID generation .*│ valid/);
    expect(exitCode).toBe(255);
  });

  test.concurrent("lists the stages for an unknown one", async () => {
    const { exitCode, stderr } = await vortex("stages", "9z");
    expect(stderr).toContain(`Unknown stage "9z". Choose from ${STAGES.map(({ id }) => id)[0]}`);
    expect(exitCode).toBe(254);
  });

  test.concurrent("lists each stage without a program, and the file that it needs", async () => {
    const directory = temporaryDirectory();
    symlinkSync(join(DIST, "echo"), join(directory, "echo"));
    const { exitCode, stderr } = await vortex("stages", "--bin-dir", directory);
    expect(stderr).toContain(`--bin-dir ${directory}: no program for`);
    expect(stderr).toContain("  stage 2: unique-ids\n");
    expect(stderr).toContain("  stages 3a, 3b, 3c, 3d, 3e: broadcast\n");
    expect(stderr).toContain("  stages 6a, 6b, 6c: txn-rw-register\n");
    expect(stderr).not.toContain("echo");
    expect(exitCode).toBe(254);
  });

  test.concurrent("runs a program in another language, named as on Fly.io's page", async () => {
    const directory = temporaryDirectory();
    symlinkSync(
      nodeProgram(`reply({ type: "echo_ok", echo: body.echo });`),
      join(directory, "maelstrom-echo.js"),
    );
    const { exitCode, stdout } = await vortex("stages", "1", "--no-store", "--bin-dir", directory);
    expect(stdout).toMatch(/1 │ Echo .*│ valid/);
    expect(exitCode).toBe(0);
  });

  test.concurrent("shows no arguments for a program that gets none", async () => {
    const { stdout } = await vortex("stages", "--no-store", "--bin", "3e=/bin/true");
    expect(stdout).toContain("-w broadcast --node-count 25");
    expect(stdout).not.toContain("--flush-ms");
  });

  test.concurrent("runs only the stages named by --bin", async () => {
    const { stdout } = await vortex("stages", "--no-store", "--bin", `1=${join(DIST, "echo")}`);
    expect(stdout).toMatch(/1 │ Echo .*│ valid/);
    expect(stdout).not.toContain("Unique");
  });

  test.concurrent.each([
    ["./echo", "--bin ./echo: name the stage too, such as --bin 1=./echo"],
    ["1=", "--bin 1=: the path of the program is missing"],
    ["ecko=x", 'unknown stage "ecko". Did you mean "echo"?'],
    ["1=/nowhere/echo", "--bin 1 /nowhere/echo: file not found"],
  ])("names what is wrong with --bin %s", async (value, message) => {
    const { exitCode, stderr } = await vortex("stages", "--bin", value);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(254);
  });
});

describe("vortex --help", () => {
  test.concurrent.each([[], ["test"], ["stages"]])("describes vortex %s", async (...command) => {
    const { exitCode, stdout } = await vortex(...command.flat(), "--help");
    expect(stdout).toStartWith("Usage: vortex");
    expect(exitCode).toBe(0);
  });

  test.concurrent("lists the defaults of flags", async () => {
    const { stdout } = await vortex("test", "--help");
    const help = stdout.replaceAll(/\s+/g, " ");
    for (const flag of [
      "concurrency",
      "rate",
      "time-limit",
      "latency",
      "latency-dist",
      "recovery",
    ]) {
      expect(help).toMatch(new RegExp(`--${flag} <[^>]+> [^-]*\\(.*?default: `));
    }
  });
});
