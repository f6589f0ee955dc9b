import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Json } from "../../../../lib/vortex/index.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { Journal, type JournalEvent } from "../../../../lib/workbench/network/journal.ts";
import { checkTest, type TestResult } from "../../../../lib/workbench/run/results.ts";
import { DEFAULTS } from "../../../../lib/workbench/run/test-options.ts";
import {
  RunStore,
  StoreError,
  type StoreLimits,
} from "../../../../lib/workbench/store/run-store.ts";
import {
  DIST,
  ECHO,
  echoTest,
  nodeProgram,
  spawnVortex,
  temporaryDirectory,
  textWrittenTo,
  vortex,
} from "../../../support/processes/vortex.ts";

// Far above what a test takes, even on a busy machine.
setDefaultTimeout(60_000);

describe("RunStore", () => {
  const open: RunStore[] = [];
  afterEach(() => {
    for (const store of open.splice(0)) store.close();
  });

  interface Limited {
    readonly limits: StoreLimits;
    readonly remarks: string[];
  }

  function newStore(root: string, nodeIds: readonly string[] = ["n0"], limited?: Limited) {
    const problems: string[] = [];
    const store = new RunStore({
      root,
      run: {
        command: "vortex test --bin /bin/echo -w echo --seed 7",
        bin: "/bin/echo",
        args: ["--fast"],
        options: { ...DEFAULTS, workload: "echo", nodeIds, concurrency: 1, seed: 7 },
      },
      onProblem: ({ message }) => problems.push(message),
      ...(limited && { limits: limited.limits, onRemark: (text) => limited.remarks.push(text) }),
    });
    open.push(store);
    return { store, problems };
  }

  test("creates a directory named after workload and time, and links to it as the latest", () => {
    const root = join(temporaryDirectory(), "not/there/yet");
    const { store } = newStore(root);
    expect(dirname(store.directory)).toBe(join(root, "echo"));
    expect(basename(store.directory)).toMatch(/^\d{8}T\d{6}\.\d{3}[+-]\d{4}(-\d+)?$/);
    expect(readlinkSync(join(root, "latest"))).toBe(join("echo", basename(store.directory)));
    expect(readlinkSync(join(root, "echo/latest"))).toBe(basename(store.directory));
  });

  test("creates a directory per run, even for runs in the same millisecond", () => {
    const root = temporaryDirectory();
    const stores = Array.from({ length: 50 }, () => newStore(root).store);
    expect(new Set(stores.map(({ directory }) => directory)).size).toBe(50);
    expect(readdirSync(join(root, "echo"))).toHaveLength(51);
    expect(readlinkSync(join(root, "echo/latest"))).toBe(basename(stores.at(-1)?.directory ?? ""));
  });

  test("stores how to repeat the test", () => {
    const { store } = newStore(temporaryDirectory());
    expect(readJson(store, "test.json")).toMatchObject({
      command: "vortex test --bin /bin/echo -w echo --seed 7",
      bin: "/bin/echo",
      args: ["--fast"],
      options: {
        workload: "echo",
        nodeIds: ["n0"],
        seed: 7,
        consistencyModels: ["strict-serializable"],
      },
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  test("writes operations, messages and logs, one line each, in order", () => {
    const { store } = newStore(temporaryDirectory(), ["n0", "n1"]);
    // Many blocks.
    for (let index = 0; index < 5000; index++) {
      store.addOperation(operation(index, `value ${index}`));
      store.addMessage(message(index, `body ${index}`));
      store.addLog({ node: index % 2 === 0 ? "n0" : "n1", line: `line ${index}`, time: index });
    }
    store.close();
    const wanted = Array.from({ length: 5000 }, (_, index) => index);
    const { directory } = store;
    expect(readLines(directory, "history.jsonl")).toEqual(
      wanted.map((index) => JSON.stringify(operation(index, `value ${index}`))),
    );
    expect(readLines(directory, "messages.jsonl")).toEqual(
      wanted.map((index) => JSON.stringify(message(index, `body ${index}`))),
    );
    expect(readLines(directory, "node-logs/n1.log")).toEqual(
      wanted.filter((index) => index % 2 === 1).map((index) => `line ${index}`),
    );
    expect(readLines(directory, "logs.jsonl")[3]).toBe('{"node":"n1","line":"line 3","time":3}');
  });

  test("writes an incomplete block within a second", async () => {
    const { store } = newStore(temporaryDirectory());
    store.addLog({ node: "n0", line: "hello", time: 5, starting: true });
    const log = join(store.directory, "node-logs/n0.log");
    while (readFileSync(log, "utf8") === "") await Bun.sleep(20);
    expect(readFileSync(log, "utf8")).toBe("hello\n");
    expect(readLines(store.directory, "logs.jsonl")).toEqual([
      '{"node":"n0","line":"hello","time":5,"starting":true}',
    ]);
  });

  test("writes the results, and nothing else", () => {
    const { store } = newStore(temporaryDirectory());
    const results = someResults();
    store.addResults(results);
    expect(JSON.stringify(readJson(store, "results.json"))).toBe(JSON.stringify(results));
    expect(readdirSync(store.directory).sort()).toEqual([
      ...[
        "history.jsonl",
        "logs.jsonl",
        "messages.jsonl",
        "node-logs",
        "results.json",
        "test.json",
      ],
    ]);
  });

  test("keeps logs within their directory, whatever the names of the nodes", () => {
    const root = temporaryDirectory();
    const names = ["../x", "/etc/passwd", "..", "a\0b", "N1", "n1"];
    const { store } = newStore(root, names);
    for (const name of names) store.addLog({ node: name, line: `of ${name}`, time: 0 });
    store.close();
    const logs = readdirSync(join(store.directory, "node-logs"));
    expect(logs).toHaveLength(names.length);
    const texts = logs.map((log) => readFileSync(join(store.directory, "node-logs", log), "utf8"));
    expect(texts.sort()).toEqual(names.map((name) => `of ${name}\n`).sort());
    expect(readdirSync(root).sort()).toEqual(["echo", "latest"]);
  });

  test("stores an entry without its value if that is nested too deep to print", () => {
    let deep: Json = [];
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const { store, problems } = newStore(temporaryDirectory());
    store.addOperation(operation(0, deep));
    store.addMessage(message(0, deep));
    store.close();
    const [entry] = readLines(store.directory, "history.jsonl").map((line) => JSON.parse(line));
    expect(entry).toMatchObject({ index: 0, value: null, unprintable: expect.any(String) });
    const [event] = readLines(store.directory, "messages.jsonl").map((line) => JSON.parse(line));
    expect(event).toMatchObject({ type: "send", message: { id: 0, src: "n0", body: null } });
    expect(problems).toEqual([]);
    // The engine takes a second to detect it each time; a busy machine, half a minute.
  }, 240_000);

  test("leaves out log lines and messages beyond the limit, with a remark per file", () => {
    const remarks: string[] = [];
    const limits = { maxLogBytes: 100_000, maxTimedLogBytes: 100_000, maxRecordBytes: 200_000 };
    const { store, problems } = newStore(temporaryDirectory(), ["n0", "n1"], { limits, remarks });
    const line = "é".repeat(99);
    for (let index = 0; index < 5000; index++) {
      store.addLog({ node: "n0", line, time: 0 });
      store.addMessage(message(index, line));
    }
    store.addLog({ node: "n1", line: "a word", time: 0 });
    store.close();
    expect(remarks).toEqual([
      `${store.directory}/logs.jsonl has reached its limit of 0.1 MB: later lines are left out`,
      `${store.directory}/node-logs/n0.log has reached its limit of 0.1 MB: later lines are left out`,
      `${store.directory}/messages.jsonl has reached its limit of 0.2 MB: later lines are left out`,
    ]);
    const logs = readLines(store.directory, "node-logs/n0.log");
    expect(new Set(logs)).toEqual(new Set([line]));
    // The limit can be exceeded by a block.
    expect(logs.length * 199).toBeWithin(90_000, 240_000);
    expect(readLines(store.directory, "node-logs/n1.log")).toEqual(["a word"]);
    expect(problems).toEqual([]);
  });

  test("reports a history beyond the limit as a failure to store the run", () => {
    const limits = { maxLogBytes: 1000, maxTimedLogBytes: 1000, maxRecordBytes: 1000 };
    const { store, problems } = newStore(temporaryDirectory(), ["n0"], { limits, remarks: [] });
    for (let index = 0; index < 50; index++) store.addOperation(operation(index, null));
    expect(problems).toEqual([
      `Cannot store the whole run: ${store.directory}/history.jsonl has reached its limit of 0.001 MB`,
    ]);
  });

  test("throws if the root is not writable", () => {
    expect(() => newStore("/dev/null/store")).toThrow(StoreError);
    expect(() => newStore("/dev/null/store")).toThrow("Cannot store runs in /dev/null/store: ");
  });

  test.skipIf(process.platform !== "linux")(
    "leaves no file open if a later one cannot be created",
    () => {
      const openFiles = () => readdirSync("/proc/self/fd").length;
      // Paths have at most 4,095 characters: history.jsonl fits, the log of a long name does not.
      let root = temporaryDirectory();
      while (root.length < 4000) root = join(root, "d".repeat(Math.min(200, 4000 - root.length)));
      const before = openFiles();
      expect(() => newStore(root, ["n".repeat(100)])).toThrow("ENAMETOOLONG");
      expect(openFiles()).toBe(before);
      const [run = ""] = readdirSync(join(root, "echo"));
      expect(readdirSync(join(root, "echo", run))).toContain("messages.jsonl");
    },
  );

  test("reports the first failure only, and goes on", () => {
    const { store, problems } = newStore(temporaryDirectory());
    rmSync(store.directory, { recursive: true });
    store.addResults(someResults());
    store.addResults(someResults());
    store.addOperation(operation(0, null));
    expect(problems).toEqual([expect.stringContaining("Cannot store the whole run: ENOENT")]);
    expect(store.problem).toBeInstanceOf(StoreError);
  });

  test("keeps a directory that is in the place of a link, and stores the run", () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, "latest/mine"), { recursive: true });
    const { store, problems } = newStore(root);
    expect(problems).toEqual([expect.stringContaining(`Cannot link ${join(root, "latest")}: `)]);
    expect(store.problem).toBeUndefined();
    expect(readdirSync(root).sort()).toEqual(["echo", "latest"]);
    expect(readdirSync(join(root, "latest"))).toEqual(["mine"]);
  });
});

describe("vortex test", () => {
  const busyTest = (bin: string, ...more: string[]) =>
    echoTest(bin, "--node-count", "2", "--rate", "30", ...more);

  test.concurrent("stores the run and prints its directory", async () => {
    const root = temporaryDirectory();
    const talking = nodeProgram(`
      console.error("thinking of " + body.echo);
      reply({ type: "echo_ok", echo: body.echo });
    `);
    const run = await vortex(...busyTest(talking, "--store", root, "--json", "--seed", "5"));
    const [, directory = ""] = /^Stored in (.*)$/m.exec(run.stderr) ?? [];
    expect(dirname(directory)).toBe(join(root, "echo"));
    const results = JSON.parse(readFileSync(join(directory, "results.json"), "utf8"));
    expect(results).toEqual(JSON.parse(run.stdout));
    const history = readLines(directory, "history.jsonl");
    expect(history).toHaveLength(2 * results.stats.count);
    expect(readLines(directory, "messages.jsonl")).toHaveLength(
      results.net.all.sendCount + results.net.all.recvCount,
    );
    const logs = readLines(directory, "node-logs/n0.log");
    expect(logs.length).toBeGreaterThan(0);
    expect(logs.every((line) => line.startsWith("thinking of Please echo"))).toBe(true);
    const { command } = JSON.parse(readFileSync(join(directory, "test.json"), "utf8"));
    expect(command).toBe(
      `vortex test --bin ${talking} -w echo --node-count 2 --rate 30 --time-limit 1 --seed 5`,
    );
  });

  test.concurrent("stores a history that vortex check gives the same verdict", async () => {
    const root = temporaryDirectory();
    const shouting = nodeProgram(`reply({ type: "echo_ok", echo: body.echo.toUpperCase() });`);
    const run = await vortex(...busyTest(shouting, "--store", root, "--json"));
    const { workload } = JSON.parse(run.stdout);
    const again = await vortex("check", "--json", join(root, "latest"));
    expect(JSON.parse(again.stdout)).toMatchObject({ ...workload, overallValid: false });
    expect(again.exitCode).toBe(1);
  });

  test.concurrent("stores in store/ by default, and nothing with --no-store", async () => {
    const cwd = temporaryDirectory();
    const inDirectory = async (...args: string[]) =>
      Bun.spawn([join(DIST, "vortex"), ...args], { cwd, stdout: "ignore", stderr: "ignore" })
        .exited;
    expect(await inDirectory(...busyTest(ECHO, "--no-store"))).toBe(0);
    expect(readdirSync(cwd)).toEqual([]);
    expect(await inDirectory(...busyTest(ECHO))).toBe(0);
    expect(readdirSync(cwd)).toEqual(["store"]);
    expect(existsSync(join(cwd, "store/echo/latest/results.json"))).toBe(true);
  });

  test.concurrent("keeps the records of a test that crashes, without results", async () => {
    const root = temporaryDirectory();
    const dying = nodeProgram(`
      console.error("I am out of ideas");
      process.exit(3);
    `);
    const { exitCode, stderr } = await vortex(...busyTest(dying, "--store", root));
    const [, directory = ""] = /^The records until then are in (.*)$/m.exec(stderr) ?? [];
    expect(dirname(directory)).toBe(join(root, "echo"));
    expect(readLines(directory, "history.jsonl").length).toBeGreaterThan(0);
    expect(readLines(directory, "node-logs/n0.log")).toEqual(["I am out of ideas"]);
    expect(existsSync(join(directory, "results.json"))).toBe(false);
    expect(exitCode).toBe(255);
  });

  test.concurrent("keeps the records of a test that is interrupted", async () => {
    const root = temporaryDirectory();
    const child = spawnVortex(...busyTest(ECHO, "--time-limit", "50", "--store", root));
    await textWrittenTo(join(root, "latest/history.jsonl"));
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(readLines(join(root, "latest"), "history.jsonl").length).toBeGreaterThan(0);
    expect(await child.stderr.text()).toContain("The records until then are in");
  });

  test.concurrent("exits with 254 before the test if it cannot store the run", async () => {
    const { exitCode, stderr } = await vortex(...busyTest(ECHO, "--store", "/dev/null/store"));
    expect(stderr).toContain("Cannot store runs in /dev/null/store: ");
    expect(stderr).toContain(
      "Choose another directory with --store, or do not store runs with --no-store",
    );
    expect(exitCode).toBe(254);
  });

  test.concurrent("prints its verdict when the disk is full, and exits with 255", async () => {
    const root = temporaryDirectory();
    // Limits files to 8 blocks of 512 bytes, like a full disk.
    const limited = 'ulimit -f 8; trap "" XFSZ; exec "$@"';
    const command = [join(DIST, "vortex"), ...busyTest(ECHO, "--store", root, "--json")];
    // Many clients: on a busy machine, each completes few operations in a second.
    const load = ["--rate", "1000", "--concurrency", "40"];
    const child = Bun.spawn(["sh", "-c", limited, "sh", ...command, ...load], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, workload: { valid: true } });
    expect(stderr).toContain("Everything looks good!");
    expect(stderr).toMatch(
      /\nerror: Cannot store the whole run: .*\.jsonl: .*EFBIG.*verdict above/,
    );
    expect(await child.exited).toBe(255);
    expect(existsSync(join(root, "latest/results.json"))).toBe(true);
  });
});

describe("vortex stages", () => {
  test.concurrent("stores each stage with the command that repeats it", async () => {
    const root = temporaryDirectory();
    await vortex("stages", "1", "--store", root, "--seed", "9");
    const { command } = JSON.parse(readFileSync(join(root, "latest/test.json"), "utf8"));
    expect(command).toBe(
      `vortex test --bin ${ECHO} -w echo --node-count 1 --time-limit 5 --nemesis-interval 2 --recovery 4 --seed 9`,
    );
    expect(existsSync(join(root, "echo/latest/results.json"))).toBe(true);
  });
});

function operation(index: number, value: Json): Operation {
  return { index, time: index, type: "invoke", process: 0, f: "echo", value };
}

function message(id: number, echo: Json): JournalEvent {
  return {
    type: "send",
    time: id,
    message: { id, src: "n0", dest: "c0", body: { type: "echo_ok", echo } },
  };
}

/** Results of a test with one wrong echo. */
function someResults(): TestResult {
  const history: Operation[] = [
    operation(0, "a"),
    {
      index: 1,
      time: 1,
      type: "ok",
      process: 0,
      f: "echo",
      value: { echo: "b", deep: [{ x: 1 }] },
    },
  ];
  const result = checkTest({
    options: { ...DEFAULTS, workload: "echo", concurrency: 1, seed: 7 },
    history,
    journal: new Journal(),
    badLines: [
      {
        node: "n0",
        line: "</script>\u001b[2J",
        reason: "not JSON",
        kind: "debug-line",
      },
    ],
    faults: {},
    messagesBetweenNodes: 0,
  });
  const finding = { anomaly: "x", sentence: "y", operations: history };
  return { ...result, workload: { valid: false, explanation: [finding] } };
}

function readJson({ directory }: RunStore, name: string): unknown {
  return JSON.parse(readFileSync(join(directory, name), "utf8"));
}

function readLines(directory: string, name: string): string[] {
  return readFileSync(join(directory, name), "utf8").trimEnd().split("\n");
}
