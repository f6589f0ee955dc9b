import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeLink } from "../../../../lib/workbench/play/link.ts";
import {
  DIST,
  isRunning,
  ROOT,
  spawnVortex,
  temporaryDirectory,
  textWrittenTo,
  vortex,
} from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const UNIQUE_IDS = join(ROOT, "challenges/unique-ids.ts");
const uniqueIds = (file: string, ...more: string[]) => [
  ...["sim", file, "-w", "unique-ids", "--node-count", "3", "--rate", "20", "--time-limit", "20"],
  ...["--nemesis", "kill", "--nemesis-interval", "3", ...more],
];

/** Creates a project: a program in a directory with its own packages. */
function project(source: string): string {
  const directory = temporaryDirectory();
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  const file = join(directory, "program.ts");
  writeFileSync(file, `import * as v from "valibot";\n${source}`);
  return file;
}

const FORGETFUL = `
  export function forgetful(node: any): void {
    let last = 0;
    node.handle("generate", v.object({}), (request: any) => {
      node.reply(request, { type: "generate_ok", id: node.id + "-" + ++last });
    });
  }`;

describe("vortex sim", () => {
  test.concurrent("runs a program file, and prints how to repeat the run", async () => {
    const { exitCode, stdout, stderr } = await vortex(...uniqueIds(UNIQUE_IDS, "--seed", "3"));
    expect(stdout).toMatch(/^Valid: all ids were unique, and [\d,]+ operations succeeded\.$/m);
    expect(stdout).toMatch(/^ {2}operations {6}\d+ ok, \d+ fail, \d+ info$/m);
    expect(stdout).toMatch(/^ {2}faults {10}kill \d+ /m);
    expect(stderr).toContain(
      `vortex sim ${UNIQUE_IDS} -w unique-ids --node-count 3 --rate 20 --time-limit 20 --nemesis kill --nemesis-interval 3 --seed 3`,
    );
    expect(exitCode).toBe(0);
  });

  test.concurrent("warns once of an argument that the program does not know", async () => {
    const { stderr, exitCode } = await vortex(
      ...["sim", join(ROOT, "challenges/g-counter.ts"), "-w", "g-counter", "--time-limit", "2"],
      ...["--seed", "1", "--", "--no-durabel"],
    );
    expect(stderr.match(/Ignoring "--no-durabel": the options are --durable, /g)).toHaveLength(1);
    expect(exitCode).toBe(0);
  });

  test.concurrent("prints every field of the result with --verbose", async () => {
    const { stdout } = await vortex(...uniqueIds(UNIQUE_IDS, "--seed", "3", "--verbose"));
    expect(stdout).toContain("valid: true");
    expect(stdout).toContain("msgsPerOp: 0");
  });

  const THROWING = `
    export function throwing(node: any): void {
      let seen: any;
      node.handle("generate", v.object({}), () => seen.push(1));
    }`;

  test.concurrent("groups what nodes answered in error, with the source line", async () => {
    const { stdout } = await vortex(...uniqueIds(project(THROWING), "--seed", "1"));
    expect(stdout).toMatch(
      /^ {2}n0 \(\d+\), n1 \(\d+\) and n2 \(\d+\) answered \d+ × error 13 \(crash\) to generate: TypeError: .*, at program.ts:5$/m,
    );
  });

  test.concurrent("shows the most frequent error of a failing sweep", async () => {
    const { stdout } = await vortex(...uniqueIds(project(THROWING), "--seeds", "1..2"));
    expect(stdout).toMatch(
      /^ {2}n0 .* answered \d+ × error 13 \(crash\) to generate: TypeError: /m,
    );
  });

  test.concurrent("warns of a partition that separated no nodes, in a run and in a sweep", async () => {
    const flags = ["-w", "unique-ids", "--node-count", "1", "--nemesis", "partition"];
    const run = await vortex("sim", UNIQUE_IDS, ...flags, "--seed", "1", "--strict-run");
    expect(run.stdout).toMatch(/^warning: partition separated no nodes: the test has only one/m);
    expect(run.exitCode).toBe(2);
    const swept = await vortex("sim", UNIQUE_IDS, ...flags, "--seeds", "1..3");
    expect(swept.stdout).toContain(
      "3 of 3 runs are valid with warnings. First in seed 1: partition separated no nodes",
    );
    expect(swept.exitCode).toBe(0);
    const strict = await vortex("sim", UNIQUE_IDS, ...flags, "--seeds", "1..3", "--strict-run");
    expect(strict.exitCode).toBe(2);
  });

  test.concurrent("diverts the stdout of nodes, with a remark", async () => {
    const file = project(`
      export function chatty(node: any): void {
        let last = 0;
        node.handle("generate", v.object({}), (request: any) => {
          console.log("debug", request.src);
          process.stdout.write("more\\n", () => console.table([1]));
          node.reply(request, { type: "generate_ok", id: node.id + "-" + ++last });
        });
      }`);
    const words = ["sim", file, "-w", "unique-ids", "--node-count", "2", "--time-limit", "5"];
    const one = await vortex(...words, "--seed", "1", "--json");
    expect(JSON.parse(one.stdout)).toMatchObject({ valid: true, seed: 1 });
    expect(one.stderr).toMatch(
      /^n\d printed to stdout \(all nodes together: \d+ times\)\. Only messages may go there/m,
    );
    expect(one.stderr).toMatch(/^ {2}first output {2}debug c\d+$/m);
    const many = await vortex(...words, "--seeds", "1..4", "--json");
    expect(JSON.parse(many.stdout)).toMatchObject({ validCount: 4 });
    expect(many.stderr.match(/ printed to stdout/g)).toHaveLength(1);
  });

  test.concurrent("names the node that printed to stdout, even after an await", async () => {
    const file = project(`
      export function chatty(node: any): void {
        node.handle("generate", v.object({}), async (request: any) => {
          await node.sleep(5);
          if (node.id === "n1") console.table(["debug"]);
          node.reply(request, { type: "generate_ok", id: node.id + request.body.msg_id });
        });
      }`);
    const words = ["sim", file, "-w", "unique-ids", "--node-count", "3", "--time-limit", "5"];
    const { stdout, stderr } = await vortex(...words, "--seed", "1", "--rate", "100", "--json");
    expect(() => JSON.parse(stdout)).not.toThrow();
    expect(stderr).toMatch(/^n1 printed to stdout \(all nodes together: \d+ times\)/m);
  });

  test.concurrent("returns the same result in another process", async () => {
    const run = () => vortex(...uniqueIds(UNIQUE_IDS, "--seed", "3", "--json"));
    const [one, other] = await Promise.all([run(), run()]);
    expect(one.stdout).toBe(other.stdout);
  });

  test.concurrent("runs a program with its own packages", async () => {
    const { exitCode, stdout } = await vortex(...uniqueIds(project(FORGETFUL), "--seed", "1"));
    expect(stdout).toMatch(/duplicated: id "n\d-1" was returned 2 times/);
    expect(exitCode).toBe(1);
  });

  test.concurrent("reports a program that is not deterministic", async () => {
    const clocked = FORGETFUL.replace("++last", "performance.now()");
    const { exitCode, stderr } = await vortex(...uniqueIds(project(clocked), "--seed", "1"));
    expect(stderr).toContain("Not deterministic: seed 1 gave a different history the second time");
    expect(exitCode).toBe(2);
  });

  test.concurrent("runs a seed of a sweep again if it failed, and says if that gave another outcome", async () => {
    const file = project(`
      let runs = 0;
      export function flaky(node: any): void {
        const isBroken = ++runs === 3;
        let last = 0;
        node.handle("generate", v.object({}), () => ({ type: "generate_ok", id: isBroken ? 0 : ++last }));
      }`);
    const { stdout, exitCode } = await vortex(
      ...["sim", file, "-w", "unique-ids", "--node-count", "1", "--time-limit", "3"],
      ...["--seeds", "1..4", "--jobs", "1"],
    );
    expect(stdout).toContain("4 seeds: 3 valid, 0 invalid, 1 unknown");
    expect(stdout).toMatch(/not deterministic.*\(seed 3\)|seed 3/);
    expect(stdout).toContain("Run again, it was valid");
    expect(exitCode).toBe(2);
  });

  test.concurrent("treats an unhandled rejection as a crash, as a process does", async () => {
    const careless = FORGETFUL.replace(
      "node.reply(",
      'void node.syncRpc(node.peers[0], { type: "x" }, v.object({}));\n      node.reply(',
    );
    const one = await vortex(...uniqueIds(project(careless), "--seed", "1"));
    // The error was made when time ran out; the line is that of the call.
    expect(one.stderr).toMatch(
      /A node crashed: unhandled promise rejection at .*program\.ts:\d+:\d+\. Await the promise/,
    );
    expect(one.stderr).toContain('RpcError: No reply to "x" from n0 within 1000 ms');
    expect(one.stderr).toMatch(/^To repeat it: vortex sim .* --seed 1$/m);
    expect(one.exitCode).toBe(255);
    const many = await vortex(...uniqueIds(project(careless), "--seeds", "1..3"));
    expect(many.stdout).toContain("3 seeds: 0 valid, 3 invalid");
    expect(many.exitCode).toBe(1);
  });

  test.concurrent("treats process.exit as a crash, as a process does", async () => {
    const exiting = FORGETFUL.replace(
      "node.reply(",
      "if (last > 2) process.exit(3);\n      node.reply(",
    );
    const { exitCode, stderr } = await vortex(...uniqueIds(project(exiting), "--seed", "1"));
    expect(stderr).toMatch(
      /^A node exited\. Nodes must run until they are killed \(the first of \d+\)$/m,
    );
    expect(stderr).toContain("process.exit(3)");
    expect(exitCode).toBe(255);
  });

  test.concurrent("exits at the first invalid line with --strict-stdout", async () => {
    const lost = FORGETFUL.replace("node.reply(", 'node.send("nobody", {});\n      node.reply(');
    const args = uniqueIds(project(lost), "--strict-stdout");
    const one = await vortex(...args, "--seed", "1");
    expect(one.stderr).toContain('Invalid dest: "nobody" is not in the network');
    expect(one.stderr).toMatch(/^To repeat it: vortex sim .* --seed 1 --strict-stdout$/m);
    expect(one.exitCode).toBe(255);
    const many = await vortex(...args, "--seeds", "1..3");
    expect(many.stdout).toContain("3 seeds: 0 valid, 3 invalid");
  });

  test.concurrent("summarises invalid lines, even of valid runs", async () => {
    const late = FORGETFUL.replace(
      "node.reply(",
      "if (last === 20) node.send('nobody', {});\n      node.reply(",
    );
    const file = project(late);
    const { stdout } = await vortex(
      "sim",
      file,
      "-w",
      "unique-ids",
      "--rate",
      "20",
      "--time-limit",
      "20",
      "--seeds",
      "1..3",
    );
    expect(stdout).toContain("3 seeds: 3 valid");
    expect(stdout).toContain(
      "In 3 of 3 runs a node printed an invalid line and was ignored from then on.",
    );
    expect(stdout).toMatch(/First in seed 1: n\d: Invalid dest: "nobody" is not in the network/);
  });

  test.concurrent("runs the function named by --export, if there are several", async () => {
    const file = project(`${FORGETFUL}\nexport function other(node: any): void {}`);
    const without = await vortex(...uniqueIds(file));
    expect(without.stderr).toContain("exports several functions (forgetful, other)");
    expect(without.exitCode).toBe(254);
    const { stdout } = await vortex(
      ...uniqueIds(file, "--export", "forgetful", "--seed", "1", "--json"),
    );
    expect(JSON.parse(stdout).stats.okCount).toBeGreaterThan(100);
  });

  test.concurrent("accepts a function exported by name and as the default", async () => {
    const file = project(`${FORGETFUL}\nexport default forgetful;`);
    const { stdout } = await vortex(...uniqueIds(file, "--seed", "1", "--json"));
    expect(JSON.parse(stdout).stats.okCount).toBeGreaterThan(100);
  });

  test.concurrent("reports a file that cannot be loaded, with the reason", async () => {
    const missing = await vortex(...uniqueIds("nowhere.ts"));
    expect(missing.stderr).toContain("nowhere.ts: file not found");
    const broken = await vortex(...uniqueIds(project("export function broken( {")));
    expect(broken.stderr).toContain("Cannot load ");
    const empty = await vortex(...uniqueIds(project("export const nothing = 1;")));
    expect(empty.stderr).toContain("does not export a function");
    for (const { exitCode } of [missing, broken, empty]) expect(exitCode).toBe(254);
  });
});

describe("vortex sim refuses", () => {
  const echo = join(ROOT, "challenges/echo.ts");
  const python = join(temporaryDirectory(), "main.py");
  writeFileSync(python, "#!/usr/bin/env python3\n");
  const bad: [string, string[], string][] = [
    ["a file without a workload", [echo], `as in -w echo, which ${echo} suggests`],
    ["an unknown file without a workload", ["x.ts"], "The workloads are broadcast, echo, "],
    [
      "a compiled program",
      [join(DIST, "echo"), "-w", "echo"],
      "a compiled program, but a simulation",
    ],
    ["a directory", [DIST, "-w", "echo"], "a directory. Name the file of the program"],
    ["another language", [python, "-w", "echo"], `vortex test --bin ${python} -w ...`],
    ["seeds that run backwards", [echo, "-w", "echo", "--seeds", "10..1"], "Write it as 1..10"],
    ["a shard that does not exist", [echo, "--shard", "4/3"], "the shards 1/3 to 3/3"],
  ];
  test.concurrent.each(bad)("%s", async (_, args, message) => {
    const { exitCode, stderr } = await vortex("sim", ...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(254);
  });
});

describe("vortex sim --seeds", () => {
  test.concurrent("summarises, and prints the command that repeats each failure", async () => {
    const file = project(FORGETFUL);
    const { exitCode, stdout } = await vortex(...uniqueIds(file, "--seeds", "1..20"));
    expect(stdout).toMatch(/20 seeds: \d+ valid, \d+ invalid, 0 unknown/);
    expect(stdout).toMatch(/kill took effect in \d+ of 20 runs/);
    const [, seed] = /^duplicated?.*: \d+ of 20 seeds invalid \((\d+)/m.exec(stdout) ?? [];
    expect(stdout).toContain(`vortex sim ${file} -w unique-ids`);
    expect(exitCode).toBe(1);
    const again = await vortex(...uniqueIds(file, "--seed", String(seed)));
    expect(again.exitCode).toBe(1);
  });

  test.concurrent("returns the same outcome per seed for any number of jobs", async () => {
    const sweep = (jobs: string) =>
      vortex(...uniqueIds(UNIQUE_IDS, "--seeds", "1..12", "--jobs", jobs, "--json"));
    const [one, three] = await Promise.all([sweep("1"), sweep("3")]);
    expect(three.stdout).toBe(one.stdout);
  });

  test.concurrent("stops after --stop-after failures", async () => {
    const file = project(FORGETFUL);
    const args = ["--seeds", "1..1000", "--jobs", "1", "--stop-after", "2", "--json"];
    const { stdout } = await vortex(...uniqueIds(file, ...args));
    expect(JSON.parse(stdout).failures).toHaveLength(2);
  });

  test.concurrent("splits seeds into shards that vortex merge joins", async () => {
    const file = project(FORGETFUL);
    const directory = temporaryDirectory();
    const files = ["1", "2"].map((index) => join(directory, index));
    await Promise.all(
      files.map((out, index) =>
        vortex(...uniqueIds(file, "--seeds", "1..7", "--shard", `${index + 1}/2`, "--out", out)),
      ),
    );
    const whole = await vortex(...uniqueIds(file, "--seeds", "1..7", "--json"));
    const merged = await vortex("merge", ...files, "--json");
    expect(JSON.parse(merged.stdout)).toEqual(JSON.parse(whole.stdout));
    expect(merged.exitCode).toBe(1);
    const printed = await vortex("merge", ...files);
    expect(printed.stdout).toMatch(/^ {2}vortex sim .*\/program\.ts -w unique-ids .* --seed \d$/m);
  });

  test.concurrent("lists the situations that no run reached, in shards as in the whole", async () => {
    const file = project(`
      export function program(node: any): void {
        let count = 0;
        node.handle("generate", v.object({}), () => {
          count++;
          node.sometimes(count > 5, "more than five");
          if (count < 0) node.sometimes(true, "fewer than none");
          return { type: "generate_ok", id: node.generateId() };
        });
      }
    `);
    const out = join(temporaryDirectory(), "out");
    const part = await vortex(
      ...uniqueIds(file, "--seeds", "1..4", "--shard", "1/2", "--out", out, "--strict-run"),
    );
    expect(part.exitCode).toBe(0);
    expect(part.stdout).toContain("│ fewer than none │ 0 of 2 │     0 │");
    const merged = await vortex("merge", out, "--json", "--strict-run");
    expect(JSON.parse(merged.stdout).coverage.sometimes).toMatchObject([
      { name: "more than five", runCount: 2 },
      { name: "fewer than none", runCount: 0, count: 0 },
    ]);
    expect(merged.exitCode).toBe(2);
  });

  test.concurrent("refuses flags that would have no effect", async () => {
    const alone = await vortex(...uniqueIds(UNIQUE_IDS, "--shard", "1/2"));
    expect(alone.stderr).toContain("--shard needs many seeds");
    expect(alone.exitCode).toBe(254);
    for (const flags of [["--seed", "1"], ["--log-stderr"]]) {
      const both = await vortex(...uniqueIds(UNIQUE_IDS, "--seeds", "1..3", ...flags));
      expect(both.stderr).toContain(`cannot be used with option '${flags[0]}`);
      expect(both.exitCode).toBe(254);
    }
  });

  test.concurrent("refuses a file of outcomes that cannot be written, before it runs anything", async () => {
    const args = ["--seeds", "1..3", "--out", "/no/such/directory/outcomes"];
    const { exitCode, stderr } = await vortex(...uniqueIds(UNIQUE_IDS, ...args));
    expect(stderr).toContain("Cannot write --out /no/such/directory/outcomes");
    expect(exitCode).toBe(254);
  });

  test.concurrent("shrinks a failure, and prints what happens in it", async () => {
    const args = ["--seeds", "1..10", "--shrink"];
    const { stdout } = await vortex(...uniqueIds(project(FORGETFUL), ...args));
    const [, story = ""] = stdout.split("Smallest failing test:");
    expect(story).toContain("--nemesis kill");
    expect(story).toMatch(/nemesis start-kill: n\d.* killed/);
    expect(story).toMatch(/duplicated: id/);
  });

  test.concurrent("stores the reduced test with --shrink --report, and replays it", async () => {
    const store = temporaryDirectory();
    const args = ["--seeds", "1..10", "--shrink", "--report", "--store", store];
    const { stdout } = await vortex(...uniqueIds(project(FORGETFUL), ...args));
    const [, command = ""] = /Smallest failing test:\n {2}(.*)/.exec(stdout) ?? [];
    const run = join(store, "latest");
    const description = JSON.parse(readFileSync(join(run, "test.json"), "utf8"));
    expect(description.command).toBe(command);
    expect(description.shrunkFrom).toMatch(/^vortex sim .* --seed \d+$/);
    expect(description.shrunkFrom).not.toBe(command);
    expect(existsSync(join(run, "report.html"))).toBe(true);
    const opened = await decodeLink(new URL(description.playground).hash);
    expect(command).toContain(` ${opened.flags.join(" ")}`);
    expect(readdirSync(join(store, "unique-ids")).length).toBe(2); // The run, and "latest".
    const [, word = ""] = / --decisions ('[^']*'|\S+)/.exec(command) ?? [];
    const [, ...words] = command.replace(` --decisions ${word}`, "").split(" ");
    const decisions = /^'?\{/.test(word) ? word.replaceAll("'", "") : readFileSync(word, "utf8");
    expect(opened.decisions).toEqual(JSON.parse(decisions));
    const replayed = await vortex(...words, "--decisions", word.replaceAll("'", ""), "--json");
    expect(JSON.parse(replayed.stdout)).toMatchObject({ valid: false, stats: { count: 2 } });
  });

  test.concurrent("prints only the result to stdout with --json, even with --shrink", async () => {
    const args = ["--seeds", "1..10", "--shrink", "--json"];
    const { stdout, stderr } = await vortex(...uniqueIds(project(FORGETFUL), ...args));
    expect(JSON.parse(stdout)).toMatchObject({ count: 10 });
    expect(stderr).toContain("Smallest failing test:");
  });

  test.concurrent("exits at once when interrupted, and summarises the seeds that were run", async () => {
    const hangs = join(temporaryDirectory(), "hangs");
    const endless = project(`
      let starts = 0;
      export function endless(node: any): void {
        if (process.argv.includes("--worker") && ++starts === 3) {
          require("node:fs").writeFileSync("${hangs}", String(process.pid));
          while (true);
        }
        node.handle("generate", v.looseObject({}), (request: any) => {
          node.reply(request, { type: "generate_ok", id: node.generateId() });
        });
      }`);
    const words = "-w unique-ids --node-count 1 --time-limit 5 --seeds 1..9 --jobs 1";
    const child = spawnVortex("sim", endless, ...words.split(" "));
    const job = Number(await textWrittenTo(hangs));
    child.kill("SIGINT");
    const stdout = await child.stdout.text();
    expect(stdout).toContain("2 seeds: 2 valid, 0 invalid, 0 unknown");
    expect(await child.exited).toBe(130);
    while (isRunning(job)) await Bun.sleep(10);
  });

  test.concurrent("stops and summarises when a worker dies", async () => {
    const directory = temporaryDirectory();
    const fragile = project(`
      import { existsSync, writeFileSync } from "node:fs";
      let starts = 0;
      export function fragile(node: any): void {
        if (process.argv.includes("--worker") && ++starts === 3) {
          try {
            writeFileSync("${directory}/stuck", String(process.pid), { flag: "wx" });
          } catch {
            writeFileSync("${directory}/doomed", String(process.pid));
          }
          while (true);
        }
        node.handle("generate", v.looseObject({}), (request: any) => {
          node.reply(request, { type: "generate_ok", id: node.generateId() });
        });
      }`);
    const words = "-w unique-ids --node-count 1 --time-limit 5 --seeds 1..99 --jobs 2";
    const out = join(directory, "outcomes");
    const running = vortex("sim", fragile, ...words.split(" "), "--out", out);
    const stuck = Number(await textWrittenTo(join(directory, "stuck")));
    process.kill(Number(await textWrittenTo(join(directory, "doomed"))), "SIGKILL");
    const { exitCode, stdout, stderr } = await running;
    expect(stdout).toContain("5 seeds: 4 valid, 1 invalid, 0 unknown");
    expect(stdout).toMatch(/The process that simulated this seed died \(signal SIGKILL\)/);
    expect(stdout).toMatch(/^ {2}vortex sim .* --seed \d+$/m);
    expect(stderr).toMatch(
      /^The process .* died \(signal SIGKILL\): seed \d+\. The sweep stops here$/m,
    );
    expect(exitCode).toBe(1);
    expect(readFileSync(out, "utf8").trimEnd().split("\n")).toHaveLength(5);
    while (isRunning(stuck)) await Bun.sleep(10);
  });

  test.concurrent("takes output past console.log for a crash of the seed", async () => {
    const loud = project(`
      import { writeSync } from "node:fs";
      export function loud(node: any): void {
        node.handle("echo", v.looseObject({}), () => {
          writeSync(1, "hello\\n");
          return { type: "echo_ok", echo: 1 };
        });
      }`);
    const words = "-w echo --node-count 1 --time-limit 1 --seeds 1..3 --jobs 1";
    const { exitCode, stdout } = await vortex("sim", loud, ...words.split(" "));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/seed \d: The program wrote to file descriptor 1, .* "hello"\. Print/);
  });

  test.concurrent("shrinks a crash, and prints what led to it", async () => {
    const failing = FORGETFUL.replace(
      "node.handle(",
      'if (node.id === "n1") void Promise.reject(Error("no n1"));\n    node.handle(',
    );
    const { stdout, exitCode } = await vortex(
      ...uniqueIds(project(failing), "--seed", "1", "--shrink"),
    );
    const [, story = ""] = stdout.split("Smallest failing test:");
    expect(story).toContain("--nodes n1");
    expect(story).toContain("Error: no n1");
    expect(exitCode).toBe(255);
  });

  test.concurrent("replays the decisions that a run wrote", async () => {
    const written = join(temporaryDirectory(), "decisions.json");
    const run = ["--seed", "3", "--nemesis", "kill", "--json"];
    const plain = await vortex(...uniqueIds(UNIQUE_IDS, ...run, "--write-decisions", written));
    const replayed = await vortex(...uniqueIds(UNIQUE_IDS, ...run, "--decisions", written));
    expect(replayed.stdout).toBe(plain.stdout);
    expect(replayed.stderr).toContain(`--decisions ${written}`);
    expect(replayed.exitCode).toBe(0);
  });

  test.concurrent.each([
    ["/no/such/file", "--decisions /no/such/file cannot be replayed: ENOENT"],
    ['{"version":1,"main":{}}', '--decisions cannot be replayed: "main.lengthNs" is missing'],
    ["{", "--decisions cannot be replayed: "],
    [import.meta.path, "--write-decisions writes such a file"],
  ])("refuses the decisions %s", async (word, reason) => {
    const { exitCode, stderr } = await vortex(...uniqueIds(UNIQUE_IDS, "--decisions", word));
    expect(stderr).toContain(reason);
    expect(exitCode).toBe(254);
  });

  test.concurrent("shrinks only to options that the workload accepts", async () => {
    const file = project(`
      export function unread(node: any): void {
        node.handle("read", v.looseObject({}), (request: any) => node.reply(request, { type: "read_ok", value: 9 }));
        node.handle("write", v.looseObject({}), (request: any) => node.reply(request, { type: "write_ok" }));
        node.handle("cas", v.looseObject({}), (request: any) => node.reply(request, { type: "cas_ok" }));
      }`);
    const { stdout, exitCode } = await vortex(
      ...["sim", file, "-w", "lin-kv", "--node-count", "3", "--concurrency", "12"],
      ...["--time-limit", "20", "--seed", "1", "--shrink"],
    );
    const [, story = ""] = stdout.split("Smallest failing test:");
    expect(story).toContain("--node-count 1 --concurrency 2");
    expect(story).toContain("nonlinearizable: key 0");
    expect(exitCode).toBe(1);
  });
});

describe("vortex merge", () => {
  test.concurrent("refuses a directory", async () => {
    const { exitCode, stderr } = await vortex("merge", DIST);
    expect(stderr).toContain("a directory. Name the files that --out wrote");
    expect(exitCode).toBe(254);
  });

  test.concurrent("refuses files without outcomes", async () => {
    const file = join(temporaryDirectory(), "empty");
    writeFileSync(file, "");
    const { exitCode, stderr } = await vortex("merge", file);
    expect(stderr).toContain(": no outcomes");
    expect(exitCode).toBe(254);
  });

  test.concurrent("reports the file and line of an invalid outcome", async () => {
    const file = join(temporaryDirectory(), "outcomes");
    writeFileSync(file, '{"seed":1,"valid":true,"faults":{}}\nhello\n');
    const { exitCode, stderr } = await vortex("merge", file);
    expect(stderr).toContain(`${file}, line 2: not an outcome of a sweep`);
    expect(exitCode).toBe(254);
  });
});

const ECHO_ONCE = ["-w", "echo", "--node-count", "2", "--time-limit", "2", "--stall-limit", "1"];

/** A program whose handler does something before it replies. */
const echoThat = (handling: string, loading = "") =>
  project(`${loading}
export function echo(node: any): void {
  node.handle("echo", v.looseObject({}), async (request: any) => {
    ${handling}
    return { type: "echo_ok", echo: request.body.echo };
  });
}`);

describe("vortex sim ends, and names the cause and its place, when", () => {
  const stalls: [what: string, handling: string][] = [
    ["a handler loops", "for (;;);"],
    ["a handler calls itself through promises", "for (;;) await null;"],
    ["a handler calls a function that loops", "const f = () => { for (;;) Math.sqrt(2); }; f();"],
    ["a handler waits for a lock", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
  ];
  // One at a time: each needs the processor to interrupt itself in time.
  test.each(stalls)("%s", async (_, handling) => {
    const file = echoThat(handling);
    const { exitCode, stdout, stderr } = await vortex("sim", file, ...ECHO_ONCE, "--seed", "1");
    expect(stderr).toContain('n0 has not returned from the message {"src":"c4","dest":"n0"');
    expect(stderr).toContain(` for 1 s of real time, at `);
    // The jump back of a loop belongs to the statement after it.
    expect(stderr).toMatch(/, at [^ ]*( \()?\/[^ ]*program\.ts:[56]:\d+/);
    expect(stderr).toMatch(/^To repeat it: vortex sim .* --seed 1$/m);
    expect(stdout).toBe("");
    expect(exitCode).toBe(255);
  });

  test.concurrent("a handler loops in one of many seeds", async () => {
    const file = echoThat('if (node.id === "n1" && request.body.echo.endsWith(" 77")) for (;;);');
    const words = [...ECHO_ONCE, "--seeds", "1..300", "--jobs", "2"];
    const { exitCode, stdout } = await vortex("sim", file, ...words);
    expect(stdout).toMatch(/^ {2}seed \d+: n1 has not returned from the message .*Please echo 77/m);
    expect(stdout).toContain(`, at ${file}:5:`);
    expect(stdout).toMatch(/^ {2}vortex sim .* --seed \d+$/m);
    expect(exitCode).toBe(1);
  });

  test.concurrent("a timer loops", async () => {
    const file = project(`
      export function echo(node: any): void {
        node.after(5, () => { for (;;); });
      }`);
    const { exitCode, stderr } = await vortex("sim", file, ...ECHO_ONCE, "--seed", "1");
    expect(stderr).toContain("has not returned from a timer for 1 s of real time, at ");
    expect(exitCode).toBe(255);
  });

  const loads: [what: string, loading: string, reason: string, exitCode: number][] = [
    ["the file exits while it loads", "process.exit(0);", "process.exit(0) at ", 254],
    ["the file kills its process", "process.kill(process.pid, 9);", "process.kill(", 254],
    ["its top level awaits for ever", "await new Promise(() => {});", "never settles", 254],
    ["its top level loops", "while (true);", "has not finished loading for 1 s", 255],
    [
      "it leaves an interval",
      "setInterval(() => {}, 50);",
      "real timer running: setInterval at",
      254,
    ],
    ["it leaves a timeout", "setTimeout(() => {}, 1e6);", "real timer running: setTimeout at", 254],
    ["it throws", 'throw new Error("oh");', "error: oh", 254],
    ["it rejects", 'void Promise.reject(new Error("oh"));', "unhandled promise rejection", 254],
    ["it has syntax errors", "const = 3;", 'but found "="', 254],
    ["it serves what is not run", "serve(echo);", "if (import.meta.main) await serve(", 254],
    ["it awaits serving", "await serve(echo);", "if (import.meta.main) await serve(", 254],
  ];
  test.concurrent.each(loads)("%s", async (_, loading, reason, status) => {
    const library = join(ROOT, "lib/vortex/index.ts");
    const file = echoThat("", `import { serve } from ${JSON.stringify(library)};\n${loading}`);
    const { exitCode, stdout, stderr } = await vortex("sim", file, ...ECHO_ONCE, "--seed", "1");
    expect(stderr).toContain(file);
    expect(stderr).toContain(reason);
    expect(stdout).toBe("");
    expect(exitCode).toBe(status);
  });

  test.concurrent("the program leaves a listener of the exit that loops", async () => {
    const file = echoThat("", 'process.on("exit", () => { process.exitCode = 7; for (;;); });');
    expect(await vortex("sim", file, ...ECHO_ONCE, "--seed", "1")).toMatchObject({ exitCode: 0 });
  });

  test.concurrent("a callback of the runtime throws", async () => {
    const file = echoThat(
      'queueMicrotask(() => { throw new Error("mine"); });',
      'process.on("uncaughtException", () => {});',
    );
    const { exitCode, stderr } = await vortex("sim", file, ...ECHO_ONCE, "--seed", "1");
    expect(stderr).toContain(`A node crashed: uncaught exception at ${file}:5:`);
    expect(exitCode).toBe(255);
  });

  test.concurrent("it is interrupted", async () => {
    const started = join(temporaryDirectory(), "started");
    const file = echoThat(
      'fs.writeFileSync(STARTED, ""); for (;;);',
      `import fs from "node:fs"; const STARTED = ${JSON.stringify(started)};`,
    );
    const child = spawnVortex("sim", file, ...ECHO_ONCE.slice(0, -1), "60", "--seed", "1");
    while (!existsSync(started)) await Bun.sleep(10);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  });

  test.concurrent("something else kills its process", async () => {
    const pidFile = join(temporaryDirectory(), "pid");
    const file = echoThat(
      "for (;;);",
      `require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));`,
    );
    const words = [...ECHO_ONCE.slice(0, -2), "--stall-limit", "60"];
    const running = vortex("sim", file, ...words, "--seed", "1");
    process.kill(Number(await textWrittenTo(pidFile)), "SIGKILL");
    const { exitCode, stderr } = await running;
    expect(stderr).toContain("ended before its verdict, with signal SIGKILL");
    expect(exitCode).toBe(255);
  });
});

const IMPORTS = `import { connect } from "net";
import * as nodeFs from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";`;

describe("vortex sim names what works only in real time", () => {
  const uses: [call: string, handling: string, instead: string][] = [
    ["setInterval", "setInterval(() => {}, 100);", "node.every"],
    ["setTimeout", "setTimeout(() => {}, 100);", "node.after"],
    ["AbortSignal.timeout", "AbortSignal.timeout(100);", "node.after"],
    ["Bun.sleepSync", "Bun.sleepSync(1e6);", "node.sleep"],
    ["Bun.file", 'try { Bun.file("x"); } catch {}', "messages to a service"],
    ["fetch", 'await fetch("http://127.0.0.1:1/").catch(() => {});', "messages"],
    ["Bun.serve", "try { Bun.serve({ fetch: () => new Response() }); } catch {}", "messages"],
    [
      "readFile of node:fs/promises",
      'void nodeFs.readFile("/etc/hosts").catch(() => {});',
      "service",
    ],
    ["setTimeout of node:timers/promises", "void wait(5);", "node.sleep"],
    ["connect of node:net", "try { connect(1); } catch {}", "messages"],
    ["Bun.spawn", 'try { Bun.spawn(["true"]); } catch {}', "messages"],
  ];
  test.concurrent.each(uses)("%s", async (call, handling, instead) => {
    const file = echoThat(handling, IMPORTS);
    const words = [...ECHO_ONCE, "--seed", "1", "--json"];
    const { exitCode, stdout, stderr } = await vortex("sim", file, ...words);
    expect(stderr).toContain(`called ${call} at ${file}:7:`);
    expect(stderr).toContain(instead);
    const { valid, error } = JSON.parse(stdout);
    // An asynchronous call that throws leaves the request without a reply.
    expect(valid).toBe("unknown");
    expect(error).toContain(call);
    expect(exitCode).toBe(2);
  });

  test.concurrent("a file that is read synchronously, and keeps the verdict", async () => {
    const file = echoThat('fs.readFileSync("/dev/null");', 'import fs from "node:fs";');
    const { exitCode, stderr } = await vortex("sim", file, ...ECHO_ONCE, "--seed", "1");
    expect(stderr).toContain(`called readFileSync of node:fs at ${file}:`);
    expect(exitCode).toBe(0);
  });

  test.concurrent("what is printed while the file loads, off stdout", async () => {
    const file = echoThat("", 'console.log("loaded");');
    const one = await vortex("sim", file, ...ECHO_ONCE, "--seed", "1", "--json");
    expect(one.stderr).toContain(`${file} printed to stdout while it was loaded`);
    expect(JSON.parse(one.stdout)).toMatchObject({ valid: true });
    const many = await vortex("sim", file, ...ECHO_ONCE, "--seeds", "1..3", "--json");
    expect(JSON.parse(many.stdout)).toMatchObject({ validCount: 3 });
  });
});
