import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DIST,
  ECHO,
  echoTest,
  isRunning,
  nodeProgram,
  ROOT,
  spawnVortex,
  temporaryDirectory,
  vortex,
} from "../../../support/processes/vortex.ts";

// Far above what a test takes, even on a busy machine.
setDefaultTimeout(60_000);

const uniqueIdsTest = (bin: string, ...more: string[]) => [
  ...["test", "-w", "unique-ids", "--bin", bin, "--node-count", "2", "--time-limit", "1"],
  ...more,
];

describe("vortex test", () => {
  test.concurrent("exits with 0 after a valid test, with Maelstrom's last line", async () => {
    const { exitCode, stderr } = await vortex(...echoTest(ECHO));
    expect(stderr).toEndWith("Everything looks good! ヽ(‘ー`)ノ\n");
    expect(exitCode).toBe(0);
  });

  test.concurrent("exits with 1 after an invalid test, with the reason", async () => {
    const shouting = nodeProgram(`reply({ type: "echo_ok", echo: body.echo.toUpperCase() });`);
    const { exitCode, stdout, stderr } = await vortex(...echoTest(shouting));
    expect(stdout).toMatch(
      /process 0's echo on n0 at .* sent "Please echo \d+" and received .*PLEASE/,
    );
    expect(stderr).toContain("Analysis invalid!");
    expect(exitCode).toBe(1);
  });

  test.concurrent("exits with 2 when a checker has no verdict", async () => {
    const mixed = nodeProgram(
      `reply({ type: "generate_ok", id: body.msg_id % 2 ? message.id : "x" + message.id });`,
    );
    const { exitCode, stdout } = await vortex(...uniqueIdsTest(mixed, "--rate", "50"));
    expect(stdout).toContain("Cannot compare");
    expect(exitCode).toBe(2);
  });

  test.concurrent("prints the result as one line of JSON with --json", async () => {
    const { stdout } = await vortex(...uniqueIdsTest(join(DIST, "unique-ids"), "--json"));
    expect(stdout.split("\n")).toHaveLength(2);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      valid: true,
      workload: { valid: true, duplicatedCount: 0 },
      availability: { okFraction: 1 },
      net: { servers: { msgCount: 0, msgsPerOp: 0 } },
    });
    // Two requests and two replies for init, and one of each for an operation.
    const { attemptedCount } = result.workload;
    expect(result.net.clients.msgCount).toBe(4 + 2 * attemptedCount);
  });

  test.concurrent("gives the nodes a directory for their data, and removes it after the run", async () => {
    const storing = nodeProgram(`
      const { appendFileSync, mkdirSync, readFileSync } = await import("node:fs");
      const directory = process.env.VORTEX_DATA + "/" + dest;
      mkdirSync(directory, { recursive: true });
      appendFileSync(directory + "/log", "x");
      reply({ type: "echo_ok", echo: body.echo });
    `);
    const [kept, removed] = [temporaryDirectory(), temporaryDirectory()];
    const [keeping, removing, temporary] = await Promise.all([
      vortex(...echoTest(storing, "--keep-data", "--store", kept)),
      vortex(...echoTest(storing, "--store", removed)),
      vortex(...echoTest(storing, "--no-store")),
    ]);
    for (const { exitCode } of [keeping, removing, temporary]) expect(exitCode).toBe(0);
    expect(readdirSync(join(kept, "latest", "data"))).toEqual(["n0"]);
    expect(existsSync(join(removed, "latest", "data"))).toBe(false);
  });

  test.concurrent("refuses faults of disks, which are simulated", async () => {
    const { exitCode, stderr } = await vortex(...echoTest(ECHO, "--nemesis", "kill,disk"));
    expect(stderr).toContain("--nemesis disk: only the disks of a simulation fail on demand");
    expect(exitCode).toBe(254);
    const own = join(temporaryDirectory(), "own.ts");
    writeFileSync(
      own,
      `import { defineNemesis, disk } from ${JSON.stringify(join(ROOT, "lib/workload/index.ts"))};
      export const own = defineNemesis({ doc: "Full disks.", fault: disk({ faults: ["full"] }) });`,
    );
    const { exitCode: code, stderr: text } = await vortex(...echoTest(ECHO, "--nemesis", own));
    expect(text).toContain("disks fail in simulations only, and these nodes are processes");
    expect(code).toBe(255);
  });

  test.concurrent("refuses --keep-data with --no-store", async () => {
    const { exitCode, stderr } = await vortex(...echoTest(ECHO, "--keep-data", "--no-store"));
    expect(stderr).toContain("--keep-data cannot be used with --no-store");
    expect(exitCode).toBe(254);
  });

  test.concurrent("compares the nodes after the recovery with --converge", async () => {
    const { stdout, exitCode } = await vortex(
      ...["test", "-w", "txn-rw-register", "--bin", join(DIST, "txn-rw-register")],
      ...["--node-count", "2", "--rate", "100", "--time-limit", "1", "--recovery", "1"],
      ...["--consistency-models", "read-committed", "--converge", "--json", "--no-store"],
    );
    expect(JSON.parse(stdout)).toMatchObject({ convergence: { converged: true, unreported: {} } });
    expect(exitCode).toBe(0);
  });

  test.concurrent("refuses --converge for a workload whose nodes cannot be compared", async () => {
    const store = join(temporaryDirectory(), "store");
    const { stderr, exitCode } = await vortex(...echoTest(ECHO, "--converge", "--store", store));
    expect(stderr).toContain("--converge: the nodes of echo cannot be compared");
    expect(existsSync(store)).toBe(false);
    expect(exitCode).toBe(254);
  });

  test.concurrent("escapes control characters in the output of nodes", async () => {
    const title = "\\x1b]0;owned\\x07\\x9b2J";
    const evil = nodeProgram(`
      console.error("${title}");
      if (message.id < 4) reply({ type: "echo_ok", echo: "${title}" });
      else console.log("${title}");
    `);
    const flags = ["--rate", "50", "--log-stderr", "--log-net-recv", "--no-store"];
    const { stdout, stderr } = await vortex(...echoTest(evil, ...flags));
    expect(stdout).toContain('received {"type":"echo_ok"');
    expect(stderr).toContain("n0, debug-line: not JSON");
    expect(stderr).toContain("n0: \\x1b]0;owned\\x07\\x9b2J");
    for (const text of [stdout, stderr]) expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  test.concurrent("checks availability", async () => {
    const flaky = nodeProgram(`
      if (message.id % 3 === 0) reply({ type: "error", code: 11, text: "busy" });
      else reply({ type: "generate_ok", id: message.id });
    `);
    const strict = vortex(...uniqueIdsTest(flaky, "--rate", "50", "--availability", "total"));
    const lenient = vortex(...uniqueIdsTest(flaky, "--rate", "50", "--availability", "0.1"));
    expect((await strict).exitCode).toBe(1);
    expect((await lenient).exitCode).toBe(0);
  });

  test.concurrent("exits with 255 and a node's last lines when the node exits", async () => {
    const dying = nodeProgram(`
      console.error("I am out of ideas");
      process.exit(0);
    `);
    const { exitCode, stderr } = await vortex(...echoTest(dying));
    expect(stderr).toContain("Node n0 crashed with exit status 0");
    expect(stderr).toContain("I am out of ideas");
    expect(exitCode).toBe(255);
  });

  test.concurrent("exits with 255 at once when a node exits before it answers init", async () => {
    const beganMs = performance.now();
    const { exitCode, stderr } = await vortex(...echoTest("/bin/false"));
    expect(stderr).toContain("n0 did not answer init; it exited with status 1\n");
    expect(exitCode).toBe(255);
    // The limit for init is 10 s, and the test would have taken 1.
    expect(performance.now() - beganMs).toBeLessThan(9000);
  });

  test.concurrent("groups what nodes answered in error, with the source line", async () => {
    const throwing = nodeProgram(`
      try {
        undefined.push(1);
      } catch (error) {
        console.error("Error: it failed on request 0\\n    at handle (/home/me/throws.ts:6:5)");
        reply({ type: "error", code: 13, text: "Error: it failed on request " + message.id });
      }
    `);
    const { exitCode, stdout } = await vortex(...echoTest(throwing, "--rate", "20"));
    expect(stdout).toMatch(
      /^ {2}n0 answered \d+ × error 13 \(crash\) to echo: Error: it failed on request \d+ \(the numbers in it vary\), at throws.ts:6$/m,
    );
    expect(exitCode).toBe(1);
  });

  test.concurrent.each([
    ["err_unknown", `code: 4711, text: "custom"`, "error 4711 to echo: custom"],
    ["err_nocode", `text: "x"`, "error without an integer code to echo: x"],
    ["err_strcode", `code: "11"`, "error without an integer code to echo\n"],
  ])("shows the code and text of an error: %s", async (_, fields, shown) => {
    const refusing = nodeProgram(`reply({ type: "error", ${fields} });`);
    const { stdout } = await vortex(...echoTest(refusing, "--no-store"));
    expect(stdout).toContain(shown);
  });

  test.concurrent("shows what a node logged that does not answer", async () => {
    const silent = nodeProgram(`console.error("KeyError: 'ecko'");`);
    const { exitCode, stdout } = await vortex(...echoTest(silent, "--no-store"));
    expect(stdout).toContain("n0 did not answer 1 × echo within 5 s");
    expect(stdout).toContain("The last lines of the stderr of n0:\n      KeyError: 'ecko'");
    expect(stdout).toContain("A handler must reply to every request");
    expect(exitCode).toBe(1);
  });

  test.concurrent("asks about the workload if the program handles none of its requests", async () => {
    const flags = ["--node-count", "1", "--concurrency", "2n", "--time-limit", "1", "--no-store"];
    const { stdout } = await vortex("test", "--bin", ECHO, ...flags);
    expect(stdout).toContain("× error 10 (not-supported) to read: ");
    expect(stdout).toContain("The program handles no request of lin-kv correctly.");
  });

  const topologyTest = (bin: string) => [
    ...["test", "-w", "broadcast", "--bin", bin, "--node-count", "1", "--time-limit", "1"],
    "--no-store",
  ];

  test.concurrent("names the request, the status and the stderr of a node that exits", async () => {
    const dying = nodeProgram(`
      console.error("no handler for " + body.type);
      process.exit(1);
    `);
    const { exitCode, stderr } = await vortex(...topologyTest(dying));
    expect(stderr).toContain(
      "n0 did not answer topology; it exited with status 1: no handler for topology\n",
    );
    expect(stderr).toContain('"body":{"type":"topology"');
    expect(exitCode).toBe(255);
  });

  test.concurrent("names the request that a running node did not answer, and its stderr", async () => {
    const silent = nodeProgram(`console.error("what is " + body.type + "?");`);
    const { exitCode, stderr } = await vortex(...topologyTest(silent));
    expect(stderr).toContain("n0 did not answer topology within 5 s: it must print {");
    expect(stderr).toContain("The last lines of its stderr:\nwhat is topology?\n");
    expect(exitCode).toBe(255);
  });

  test.concurrent("names the error that a node answered to topology", async () => {
    const refusing = nodeProgram(`reply({ type: "error", code: 12, text: "no map" });`);
    const { stderr } = await vortex(...topologyTest(refusing));
    expect(stderr).toContain("n0 answered topology with error 12 (malformed-request): no map\n");
  });

  test.concurrent("warns of a node that stopped answering, and of few operations", async () => {
    const tired = nodeProgram(`if (body.msg_id < 4) reply({ type: "echo_ok", echo: body.echo });`);
    const flags = ["--rate", "50", "--no-store"];
    const { exitCode, stdout } = await vortex(...echoTest(tired, ...flags));
    expect(stdout).toMatch(
      /^warning: n0 stopped answering at .* s: 1 request after that got no reply$/m,
    );
    expect(stdout).toMatch(/^warning: only 3 operations succeeded/m);
    expect(exitCode).toBe(0);
    const strict = await vortex(...echoTest(tired, ...flags, "--strict-run"));
    expect(strict.stderr).toEndWith("Valid with warnings, which --strict-run does not accept.\n");
    expect(strict.exitCode).toBe(2);
  });

  test.concurrent("accepts a run without warnings with --strict-run", async () => {
    const flags = ["--rate", "100", "--strict-run", "--no-store"];
    const { exitCode, stdout } = await vortex(...echoTest(ECHO, ...flags));
    expect(stdout).not.toContain("warning");
    expect(exitCode).toBe(0);
  });

  test.concurrent("names answers to another transaction than was asked for", async () => {
    const empty = nodeProgram(`reply({ type: "txn_ok", txn: [] });`);
    const { exitCode, stdout, stderr } = await vortex(
      ...["test", "-w", "txn-rw-register", "--bin", empty, "--node-count", "1", "--rate", "50"],
      ...["--time-limit", "1", "--no-store"],
    );
    expect(stderr).toContain("n0, other-transaction: the transaction has ");
    expect(stderr).toContain("but the answer has 0 operations");
    expect(stdout).toMatch(/^ {2}diagnostics {5}n0 other-transaction \d+ ×$/m);
    // As in Maelstrom.
    expect(exitCode).toBe(0);
  });

  test.concurrent("exits with 255 when the system cannot run the program", async () => {
    const file = join(temporaryDirectory(), "node");
    writeFileSync(file, "#!/no/such/interpreter\n");
    chmodSync(file, 0o755);
    const { exitCode, stderr } = await vortex(...echoTest(file));
    expect(stderr).toContain(`Cannot run ${file}: `);
    expect(stderr).toContain("/no/such/interpreter, does not exist on this machine");
    expect(exitCode).toBe(255);
  });

  test.concurrent.each([
    ["does not exist", "/no/such/directory"],
    ["is not a directory", "/bin/sh"],
  ])("names the temporary directory if it %s", async (_, directory) => {
    const child = Bun.spawn([join(DIST, "vortex"), ...echoTest(join(DIST, "echo"))], {
      env: { ...process.env, TMPDIR: directory },
      stdout: "ignore",
      stderr: "pipe",
    });
    expect(await child.stderr.text()).toContain(
      `Nodes cannot run in the temporary directory ${directory}: `,
    );
    expect(await child.exited).toBe(255);
  });

  test.concurrent.skipIf(process.platform === "win32")(
    "names the limit on open files that many nodes exceed",
    async () => {
      const vortexTest = [join(DIST, "vortex"), ...echoTest(join(DIST, "echo"))];
      const limited = async (...flags: string[]) => {
        const argv = ["sh", "-c", 'ulimit -n 60; exec "$@"', "sh", ...vortexTest, ...flags];
        const child = Bun.spawn(argv, { stdout: "ignore", stderr: "pipe" });
        return { stderr: await child.stderr.text(), exitCode: await child.exited };
      };
      const unstored = await limited("--node-count", "100", "--no-store");
      expect(unstored.stderr).toMatch(/: this process has too many open files\. Raise the limit/);
      expect(unstored.exitCode).toBe(255);
      const stored = await limited("--node-count", "100", "--store", temporaryDirectory());
      expect(stored.stderr).toMatch(/Cannot store runs in .*EMFILE.*Raise the limit/);
      expect(stored.stderr).not.toContain("another directory");
      expect(stored.exitCode).toBe(254);
    },
  );

  test.concurrent("exits with 255 when a node answers init with an error", async () => {
    const file = nodeProgram("");
    const refusing = join(temporaryDirectory(), "refusing");
    const source = await Bun.file(file).text();
    writeFileSync(
      refusing,
      source.replace('{ type: "init_ok" }', '{ type: "error", code: 13, text: "not today" }'),
    );
    chmodSync(refusing, 0o755);
    const { exitCode, stderr } = await vortex(...echoTest(refusing));
    expect(stderr).toContain("n0 answered init with error 13 (crash): not today");
    expect(exitCode).toBe(255);
  });

  test.concurrent("exits with 255 at once when a node prints an invalid line before init_ok", async () => {
    const file = nodeProgram("");
    const source = await Bun.file(file).text();
    writeFileSync(
      file,
      source.replace('reply({ type: "init_ok" });', 'console.log("\\x1b[2Jhi");'),
    );
    const beganMs = performance.now();
    const { exitCode, stderr } = await vortex(...echoTest(file));
    expect(stderr).toContain("n0 printed a bad line, not JSON");
    expect(stderr).toContain("\\x1b[2Jhi");
    expect(exitCode).toBe(255);
    // The limit for init is 10 s.
    expect(performance.now() - beganMs).toBeLessThan(9000);
  });

  test.concurrent("shows an invalid line at once, and ignores that node from then on", async () => {
    const chatty = nodeProgram(`
      console.log("debug: got a message");
      reply({ type: "echo_ok", echo: body.echo });
    `);
    const { exitCode, stdout, stderr } = await vortex(...echoTest(chatty, "--json"));
    expect(stderr).toContain("n0, debug-line: not JSON");
    expect(stderr).toContain("debug: got a message");
    expect(JSON.parse(stdout)).toMatchObject({
      stats: { okCount: 0 },
      badLines: [{ node: "n0", line: "debug: got a message" }],
    });
    expect(exitCode).toBe(1);
  });

  test.concurrent("exits with 255 at an invalid line with --strict-stdout", async () => {
    const chatty = nodeProgram(`console.log("debug: got a message");`);
    const { exitCode, stderr } = await vortex(...echoTest(chatty, "--strict-stdout"));
    expect(stderr).toContain("n0 printed a line that is not a message: not JSON");
    expect(exitCode).toBe(255);
  });

  test.concurrent("passes the arguments after -- to every node", async () => {
    const picky = nodeProgram(`
      const words = process.argv.slice(2).join(" ");
      reply(words === "--flush-ms 3 x" ? { type: "echo_ok", echo: body.echo } : { type: "no" });
    `);
    const { exitCode } = await vortex(...echoTest(picky, "--", "--flush-ms", "3", "x"));
    expect(exitCode).toBe(0);
  });

  test.concurrent("accepts Maelstrom's flags that have no effect, with a remark", async () => {
    const flags = ["--username", "root", "--no-ssh", "--leave-db-running", "--no-store"];
    const { stderr, exitCode } = await vortex(...echoTest(ECHO, ...flags));
    expect(stderr).toContain("--username has no effect here\n--no-ssh has no effect here\n");
    expect(exitCode).toBe(0);
  });

  test.concurrent("remarks on an unknown consistency model before the test", async () => {
    const flags = ["--consistency-models", "read-comitted", "--rate", "0", "--no-store"];
    const args = ["test", "-w", "txn-rw-register", "--bin", ECHO, "--time-limit", "1", ...flags];
    const { stderr, exitCode } = await vortex(...args);
    expect(stderr).toStartWith('Unknown consistency model "read-comitted"');
    expect(exitCode).toBe(2);
  });

  test.concurrent("remarks on arguments that start with another dash", async () => {
    const { exitCode, stderr } = await vortex(...echoTest(ECHO, "–-nemesis", "partition"));
    expect(stderr).toContain('"–-nemesis" starts with another dash than "-" (U+2013)');
    expect(stderr).toContain('Did you mean "--nemesis"?');
    expect(exitCode).toBe(0);
  });

  test.concurrent("runs nodes in the directory for temporary files", async () => {
    const homesick = nodeProgram(`
      const { realpathSync } = require("node:fs");
      const isThere = process.cwd() === realpathSync(require("node:os").tmpdir());
      reply(isThere ? { type: "echo_ok", echo: body.echo } : { type: "no" });
    `);
    expect((await vortex(...echoTest(homesick))).exitCode).toBe(0);
  });

  test.concurrent("shows the stderr of nodes with --log-stderr", async () => {
    const talking = nodeProgram(`
      console.error("thinking of " + body.echo);
      reply({ type: "echo_ok", echo: body.echo });
    `);
    const { stderr } = await vortex(...echoTest(talking, "--log-stderr"));
    expect(stderr).toMatch(/^n0: thinking of Please echo \d+$/m);
  });

  test.concurrent("shows messages with --log-net-send and --log-net-recv", async () => {
    const { stderr } = await vortex(...echoTest(ECHO, "--log-net-send", "--log-net-recv"));
    expect(stderr).toContain('send {"id":0,"src":"c0","dest":"n0","body":{"type":"init"');
    expect(stderr).toContain('recv {"id":1,"src":"n0","dest":"c0","body":{"type":"init_ok"');
  });

  test.concurrent("ignores a node that prints a message nested too deep, as Maelstrom does", async () => {
    const deep = nodeProgram(`
      const echo = "[".repeat(50_000) + "]".repeat(50_000);
      console.log('{"src":"n0","dest":"' + src + '","body":{"type":"echo_ok","in_reply_to":' + body.msg_id + ',"echo":' + echo + "}}");
    `);
    const { stderr, exitCode } = await vortex(...echoTest(deep, "--no-store"));
    expect(stderr).toContain(
      "n0, malformed-message: the line is nested more than 1000 levels deep",
    );
    expect(exitCode).toBe(1);
  });

  test.concurrent("shows the progress on a terminal, and restores its cursor", async () => {
    const words =
      "test -w unique-ids --node-count 3 --time-limit 2 --nemesis partition --nemesis-interval 0.4 --no-store";
    const screen = await onTerminal({}, ...words.split(" "), "--bin", join(DIST, "unique-ids"));
    expect(screen).toMatch(
      /of 2 s, \d s left; \d+ ok, 0 fail, 0 info; nothing wrong (so far|in the first \d s)/,
    );
    expect(screen).toContain("; faults: partition");
    expect(screen.lastIndexOf("\x1b[?25h")).toBeGreaterThan(screen.lastIndexOf("\x1b[?25l"));
  });

  test.concurrent.each(["CI", "NO_COLOR"])(
    "prints plain lines on a terminal if %s is set",
    async (name) => {
      const screen = await onTerminal({ [name]: "1" }, ...echoTest(ECHO, "--no-store"));
      expect(screen).toContain("echo: 1 node, 1 client");
      expect(screen).not.toContain("s left");
      // picocolors uses colours where CI is set.
      expect(Bun.stripANSI(screen)).toContain("Everything looks good!");
      for (const redrawing of ["\x1b[?25l", "\x1b[1A", "\x1b[2K"]) {
        expect(screen).not.toContain(redrawing);
      }
    },
  );

  test.concurrent("kills and restarts nodes with --nemesis kill", async () => {
    const { stdout, stderr } = await vortex(
      ...["test", "-w", "unique-ids", "--bin", join(DIST, "unique-ids"), "--node-count", "3"],
      ...["--time-limit", "4", "--rate", "50", "--nemesis", "kill", "--nemesis-interval", "0.3"],
      ...["--log-net-send", "--json"],
    );
    const result = JSON.parse(stdout);
    expect(result.workload).toMatchObject({ valid: true, duplicatedCount: 0 });
    expect(result.faults.kill).toBeGreaterThan(0);
    expect(stderr.match(/"type":"init"/g)?.length).toBeGreaterThan(3);
  });

  test.concurrent("injects a repeated fault once", async () => {
    const flags = ["--seed", "7", "--nemesis-interval", "0.1", "--rate", "20", "--json"];
    const sim = ["sim", join(ROOT, "challenges/echo.ts"), "-w", "echo", "--time-limit", "5"];
    const once = await vortex(...sim, ...flags, "--nemesis", "kill");
    const twice = await vortex(...sim, ...flags, "--nemesis", "kill,kill");
    expect(twice.stdout).toBe(once.stdout);
    expect(JSON.parse(once.stdout).faults.kill).toBeGreaterThan(0);
  });

  test.concurrent("pauses nodes with --nemesis pause", async () => {
    const { stdout } = await vortex(
      // With three nodes, each fault affects at least one.
      ...["test", "-w", "unique-ids", "--bin", join(DIST, "unique-ids"), "--node-count", "3"],
      ...["--time-limit", "1", "--rate", "50", "--json"],
      ...["--nemesis", "pause", "--nemesis-interval", "0.2"],
    );
    const result = JSON.parse(stdout);
    expect(result.valid).toBe(true);
    expect(result.faults.pause).toBeGreaterThan(0);
    // Without a pause, the slowest operation takes a few milliseconds.
    expect(result.perf.latencies.all["1"]).toBeGreaterThan(20);
  });

  test.concurrent("repeats a test --test-count times, each with its own seed", async () => {
    const { stderr } = await vortex(...echoTest(ECHO, "--test-count", "2", "--seed", "40"));
    expect(stderr.match(/seed \d+/g)).toEqual(["seed 40", "seed 41"]);
  });

  test.concurrent("stops repeating at the first failure", async () => {
    const wrong = nodeProgram(`reply({ type: "echo_ok", echo: "wrong" });`);
    const { exitCode, stderr } = await vortex(...echoTest(wrong, "--test-count", "3"));
    expect(stderr.match(/seed \d+/g)).toHaveLength(1);
    expect(exitCode).toBe(1);
  });
});

/** Runs the command on a terminal. Returns its output. */
async function onTerminal(environment: Record<string, string>, ...args: string[]): Promise<string> {
  let screen = "";
  const { CI: _, NO_COLOR: __, ...env } = process.env;
  const child = Bun.spawn([join(DIST, "vortex"), ...args], {
    env: { ...env, ...environment },
    terminal: {
      cols: 200,
      data(_, bytes) {
        screen += Buffer.from(bytes).toString();
      },
    },
  });
  expect(await child.exited).toBe(0);
  while (!screen.includes("Everything looks good!")) await Bun.sleep(10);
  return screen;
}

describe("vortex test exits with 254 and says what to do about", () => {
  const bad: [string, string[], string][] = [
    ["an unknown flag", echoTest(ECHO, "--nods", "3"), "Did you mean"],
    ["a negative rate", echoTest(ECHO, "--rate", "-1"), "It must be a number of at least 0"],
    ["a rate that is not a number", echoTest(ECHO, "--rate", "fast"), "It must be a number"],
    ["a time limit of 0", echoTest(ECHO, "--time-limit", "0"), "It must be a positive integer"],
    ["half a node", echoTest(ECHO, "--node-count", "0.5"), "It must be a positive integer"],
    ["an unknown workload", ["test", "-w", "ekho", "--bin", ECHO], "Choose from broadcast, echo, "],
    ["an unknown fault", echoTest(ECHO, "--nemesis", "fire"), "Choose from partition, "],
    ["an unknown distribution", echoTest(ECHO, "--latency-dist", "flat"), "Choose from constant, "],
    [
      "a fraction above 1",
      echoTest(ECHO, "--availability", "1.5"),
      '"total" or a number from 0 to 1',
    ],
    ["no clients", echoTest(ECHO, "--concurrency", "0"), "It must be a positive integer"],
    ["a missing value", ["test", "-w", "echo", "--bin"], "argument missing"],
    ["a missing program", ["test", "-w", "echo"], "--bin is missing. Name the program to run"],
    ["a program that does not exist", echoTest("dist/ehco"), "file not found"],
    ["a program that is a directory", echoTest(DIST), "not a file"],
    [
      "TypeScript source",
      echoTest(join(ROOT, "challenges/echo.ts")),
      "simulate the source: vortex sim",
    ],
    [
      "another source",
      echoTest(join(ROOT, "test/bench/load.c")),
      "Compile it, and name the program",
    ],
    [
      "a port beyond the last",
      ["serve", "--port", "99999"],
      "It must be an integer from 0 to 65535",
    ],
    ["a store that is a file", ["serve", "--store", ECHO], "not a directory"],
    ["a percentage", echoTest(ECHO, "--availability", "99%"), "0.99 for 99 %"],
    ["a node named twice", ["test", "-w", "echo", "--bin", ECHO, "--nodes", "a,a"], "named twice"],
    ["a node named like a client", ["test", "-w", "echo", "--bin", ECHO, "-n", "c1"], "client"],
    ["a node named like a service", [...echoTest(ECHO).slice(0, 5), "-n", "seq-kv"], "service"],
    ["an unknown command", ["tset"], "Did you mean test?"],
  ];
  for (const [what, args, message] of bad) {
    test.concurrent(what, async () => {
      const { exitCode, stderr } = await vortex(...args);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(254);
    });
  }

  test.concurrent("a script that lacks its interpreter, too", async () => {
    const file = join(temporaryDirectory(), "main.py");
    writeFileSync(file, "print()\n");
    const { exitCode, stderr } = await vortex(...echoTest(file));
    expect(stderr).toContain(`not executable. Run "chmod +x ${file}", and name the interpreter`);
    expect(exitCode).toBe(254);
  });

  test.concurrent("to guess a workload in silence", async () => {
    const { stderr } = await vortex("test", "--bin", ECHO, "--node-count", "1", "--no-store");
    expect(stderr).toContain(
      "No -w: the workload is lin-kv, Maelstrom's default. Did you mean -w echo?",
    );
  });

  test.concurrent("a program that is not executable", async () => {
    const file = join(temporaryDirectory(), "program");
    writeFileSync(file, "#!/bin/sh\n");
    const { exitCode, stderr } = await vortex(...echoTest(file));
    expect(stderr).toContain(`not executable. Run "chmod +x ${file}"`);
    expect(exitCode).toBe(254);
  });
});

describe("vortex test leaves no node behind", () => {
  const pids = temporaryDirectory();
  const noting = nodeProgram(`
    require("node:fs").writeFileSync(process.argv[2] + "/" + process.pid, "");
    if (process.argv[3] === "die" && dest === "n1") process.exit(3);
    reply({ type: "echo_ok", echo: body.echo });
  `);
  const notingTest = (directory: string, ...more: string[]) => {
    mkdirSync(directory);
    return [
      ...["test", "-w", "echo", "--bin", noting, "--node-count", "3", "--time-limit", "2"],
      ...["--rate", "50", "--", directory, ...more],
    ];
  };
  const pidsIn = (directory: string) => readdirSync(directory).map(Number);
  afterAll(() => rmSync(pids, { recursive: true }));

  test.concurrent("when it completes", async () => {
    const directory = join(pids, "ended");
    await vortex(...notingTest(directory));
    expect(pidsIn(directory)).toHaveLength(3);
    expect(pidsIn(directory).filter(isRunning)).toEqual([]);
  });

  test.concurrent("and does not wait for a daemon that a node started", async () => {
    const ended = join(pids, "daemon-ended");
    const founder = nodeProgram(`
      Bun.spawn(["sh", "-c", "sleep 30; touch " + process.argv[2]], {
        ...{ detached: true, stdin: "ignore", stdout: "inherit", stderr: "inherit" },
      });
      reply({ type: "echo_ok", echo: body.echo });
    `);
    const { exitCode } = await vortex(...echoTest(founder, "--rate", "0.1", "--", ended));
    expect(existsSync(ended)).toBe(false);
    expect(exitCode).toBe(0);
  });

  test.concurrent("when a node crashes", async () => {
    const directory = join(pids, "crashed");
    const { exitCode } = await vortex(...notingTest(directory, "die"));
    expect(exitCode).toBe(255);
    expect(pidsIn(directory)).toHaveLength(3);
    expect(pidsIn(directory).filter(isRunning)).toEqual([]);
  });

  test.concurrent.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "when it is interrupted by %s",
    async (signal) => {
      const directory = join(pids, signal);
      const child = spawnVortex(...notingTest(directory));
      while (pidsIn(directory).length < 3) await Bun.sleep(10);
      child.kill(signal);
      expect(await child.exited).toBe(130);
      expect(pidsIn(directory).filter(isRunning)).toEqual([]);
    },
  );

  test.concurrent("when it is interrupted while a node does not answer init", async () => {
    const directory = join(pids, "silent");
    mkdirSync(directory);
    const silent = join(temporaryDirectory(), "silent");
    writeFileSync(silent, `#!/bin/sh\ntouch ${directory}/$$\nexec sleep 60\n`);
    chmodSync(silent, 0o755);
    const child = spawnVortex(...echoTest(silent));
    while (pidsIn(directory).length < 1) await Bun.sleep(10);
    child.kill("SIGINT");
    expect(await child.stderr.text()).toContain("Interrupted");
    expect(await child.exited).toBe(130);
    expect(pidsIn(directory).filter(isRunning)).toEqual([]);
  });
});
