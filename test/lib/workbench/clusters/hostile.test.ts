/** The workbench under hostile nodes: it must end, report them, and stay within its bounds. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProcessTag } from "../../../../lib/workbench/clusters/process-tree.ts";
import {
  executableFile,
  FLOOD_MB,
  type Hostile,
  type HostileRun,
  hostileNode,
  runHostile,
} from "../../../support/processes/hostile.ts";
import { DIST, nodeProgram, temporaryDirectory } from "../../../support/processes/vortex.ts";

// A safety net on a machine that is busy; what goes on for ever meets it.
setDefaultTimeout(120_000);

const INVALID = 1;
const CRASH = 255;

/** Checks what must hold for every run. */
function expectBounded({ memoryMb, storeMb, left }: HostileRun): void {
  expect(memoryMb).toBeLessThan(900);
  expect(storeMb).toBeLessThan(400);
  expect(left).toEqual([]);
}

async function expectRun(name: Hostile, exitCode: number, text: string): Promise<void> {
  const run = await runUntilSaid(name, text);
  expect(run.exitCode).toBe(exitCode);
  expectBounded(run);
  tell(name, run);
}

/**
 * Runs a node in a test of 1 s, and in longer ones until stderr contains the text: on a busy machine, a
 * node may not print enough for it in a short test.
 */
async function runUntilSaid(name: Hostile, text: string): Promise<HostileRun> {
  for (const timeLimitS of [1, 4, 16]) {
    const run = await runHostile(hostileNode(name), ["--report", "--time-limit", `${timeLimitS}`]);
    if (run.stderr.includes(text)) return run;
    expectBounded(run);
  }
  const run = await runHostile(hostileNode(name), ["--report", "--time-limit", "60"]);
  expect(run.stderr).toContain(text);
  return run;
}

/** Prints figures if FLOOD_MB asks for larger floods. */
function tell(name: Hostile, { exitCode, tookS, memoryMb, storeMb }: HostileRun): void {
  if (process.env["FLOOD_MB"] === undefined) return;
  const figures = [
    tookS.toFixed(1),
    "s",
    memoryMb.toFixed(0),
    "MB",
    storeMb.toFixed(1),
    "MB stored",
  ];
  console.log(`${name}: code ${exitCode}, ${figures.join(" ")}`);
}

describe.skipIf(process.platform !== "linux")("vortex test on a node that", () => {
  const cases: [name: Hostile, exitCode: number, says: string][] = [
    ["prints invalid UTF-8", INVALID, "Analysis invalid!"],
    ["never reads", INVALID, "Analysis invalid!"],
    ["closes its stdin", INVALID, "n0 has closed its stdin, but keeps running"],
    ["closes its stdout", INVALID, "n0 has closed its stdout, but keeps running"],
    ["ignores every signal that can be ignored", INVALID, "Analysis invalid!"],
    ["starts daemons", INVALID, "Analysis invalid!"],
    ["floods stdout with text", INVALID, "n0, debug-line: not JSON"],
    ["floods a node that does not exist", INVALID, '"n9" is not in the network'],
    ["prints an endless line", INVALID, "the line is longer than 33554432 characters"],
    ["replies with messages of 100 MB", INVALID, "n0, malformed-message: the line is longer than"],
    [
      "replies to everything 100,000 times",
      INVALID,
      "n0, second-reply: the request already has a reply",
    ],
  ];
  test.concurrent.each(cases)("%s", expectRun);

  // One after the other: each of them keeps a core busy.
  const busy: typeof cases = [
    ["floods itself without reading", CRASH, "n0 does not keep up: "],
    ["floods a service", CRASH, "A node must read its stdin all the time"],
  ];
  test.each(busy)("%s", expectRun);

  test("floods stderr, of which the first 64 MB are stored, and 16 MB with their times", async () => {
    expect(FLOOD_MB).toBeGreaterThan(70);
    const run = await runUntilSaid("floods stderr", "n0.log has reached its limit of 64 MB");
    expect(run.stderr).toContain("logs.jsonl has reached its limit of 16 MB");
    expect(run.storeMb).toBeGreaterThan(63 + 15);
    expect(run.storeMb).toBeLessThan(66 + 16);
    expect(run.exitCode).toBe(INVALID);
    expect(run.memoryMb).toBeGreaterThan(10);
    expectBounded(run);
    tell("floods stderr", run);
  });

  const interrupted: Hostile[] = ["floods stdout with text", "never reads", "starts daemons"];
  test.concurrent.each(interrupted)("%s is ended by Ctrl-C", async (name) => {
    const run = await runHostile(
      hostileNode(name),
      ["--time-limit", "50"],
      async (child, hasNodes) => {
        while (!hasNodes()) await Bun.sleep(20);
        await Bun.sleep(500);
        child.kill("SIGINT");
      },
    );
    expect(run.stderr).toContain("Interrupted. The nodes were killed");
    expect(run.exitCode).toBe(130);
    expectBounded(run);
  });
});

/** Returns a copy of a program with another `e_machine`. */
function withMachine(elf: Uint8Array, machine: number): Uint8Array {
  const copy = Buffer.from(elf);
  copy.writeUInt16LE(machine, 18);
  return copy;
}

describe.skipIf(process.platform !== "linux")("vortex test on a program that", () => {
  const elf = readFileSync("/bin/true");
  // e_machine, the machine's number: an unused one.
  const foreign = withMachine(elf, 0xfffe);
  const FORMAT =
    "the system does not know its format: it must be a program for this machine, or a script";
  const cut = elf.subarray(0, 20);
  const cases: [what: string, content: string | Uint8Array, reason: string][] = [
    ["is a text", "To be, or not to be\n", FORMAT],
    ["is a script that names no interpreter", "echo hi\n", FORMAT],
    ["is empty", "", "the file is empty: build it again"],
    ["is cut", cut, "the system cannot load it"],
    ["is for an unknown machine", foreign, "it is a program for linux-unknown (ELF machine 65534)"],
    ["is for another machine", withMachine(elf, 20), "it is a program for linux-ppc, but this"],
    [
      "is a script without its interpreter",
      "#!/no/such/python9\n",
      "the interpreter on its first line, /no/such/python9, does not exist on this machine",
    ],
    [
      "is a script with the line ends of Windows",
      "#!/bin/sh\r\necho hi\r\n",
      "its first line ends with a carriage return",
    ],
    ["is a script whose interpreter is a directory", "#!/tmp\n", "/tmp, is a directory"],
  ];
  test.concurrent.each(cases)("%s says what is wrong with it", async (_, content, reason) => {
    const file = executableFile(content);
    const run = await runHostile(file);
    expect(run.stderr).toContain(`Cannot run ${file}: `);
    expect(run.stderr).toContain(reason);
    expect(run.exitCode).toBe(CRASH);
    expectBounded(run);
  });

  test.concurrent("is still being written says so", async () => {
    const file = executableFile(elf);
    const descriptor = openSync(file, "a");
    try {
      const { stderr, exitCode } = await runHostile(file);
      expect(stderr).toContain(`Cannot run ${file}: the file is open for writing`);
      expect(exitCode).toBe(CRASH);
    } finally {
      closeSync(descriptor);
    }
  });

  test.concurrent("is deleted while it runs says that it must stay", async () => {
    const file = nodeProgram(`reply({ type: "echo_ok", echo: body.echo });`);
    // Its interpreter must have read it before it is deleted.
    const hasStarted = join(temporaryDirectory(), "started");
    const tell = `require("node:fs").writeFileSync(${JSON.stringify(hasStarted)}, "");`;
    writeFileSync(file, readFileSync(file, "utf8").replace("\n", `\n${tell}\n`));
    const flags = ["--nemesis", "kill", "--nemesis-interval", "0.5", "--time-limit", "20"];
    const run = await runHostile(file, flags, async (child) => {
      while (!existsSync(hasStarted) && child.exitCode === null) await Bun.sleep(20);
      rmSync(file);
    });
    expect(run.stderr).toContain(
      `Cannot run ${file}: the file is gone; it must stay in place while a test runs`,
    );
    expect(run.exitCode).toBe(CRASH);
    expectBounded(run);
  });
});

describe.skipIf(!canMount())("vortex test on a disk that is full", () => {
  test("prints its verdict, names the file, and exits with 255", async () => {
    const disk = temporaryDirectory();
    const store = join(disk, "store");
    const words = [join(DIST, "vortex"), "test", "-w", "echo", "--bin", join(DIST, "echo")];
    // Many clients and a small disk: a busy machine completes few operations per client in a second.
    const load = ["--concurrency", "50", "--rate", "3000", "--time-limit", "1"];
    const flags = ["--node-count", "1", ...load, "--report"];
    const script = `mount -t tmpfs -o size=32k tmpfs "$1" && shift && exec "$@"`;
    const command = ["unshare", "-m", "sh", "-c", script, "sh", disk, ...words, ...flags];
    const child = Bun.spawn([...command, "--store", store], { stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(stdout).toContain("Valid: ");
    expect(stderr).toContain("Cannot write the report: ENOSPC");
    expect(stderr).toMatch(
      /\nerror: Cannot store the whole run: .*\.jsonl: ENOSPC: .*\. The verdict above stands\n$/,
    );
    expect(await child.exited).toBe(CRASH);
  });
});

function canMount(): boolean {
  if (Bun.which("unshare") === null) return false;
  const command = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", temporaryDirectory()];
  return Bun.spawnSync(command, { stderr: "ignore" }).exitCode === 0;
}

describe.skipIf(process.platform !== "linux")("a run within a run", () => {
  test("leaves the nodes of the other alone", async () => {
    const outer = new ProcessTag();
    const inner = new ProcessTag();
    const environment = outer.addedTo({ PATH: process.env["PATH"] });
    const begin = (env: NodeJS.ProcessEnv) => Bun.spawn(["sleep", "60"], { env });
    const sleepers = [begin(environment), begin(inner.addedTo(environment))] as const;
    inner.killAll();
    await sleepers[1].exited;
    expect(sleepers[0].exitCode).toBeNull();
    expect(sleepers[0].signalCode).toBeNull();
    outer.killAll();
    await sleepers[0].exited;
    expect(sleepers[0].signalCode).toBe("SIGKILL");
  });
});
