import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  isRunning,
  ROOT,
  spawnVortex,
  temporaryDirectory,
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
    expect(stdout).toMatch(/^Valid: all ids were unique, and \d+ operations succeeded\.$/m);
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

  test.concurrent("treats an unhandled rejection as a crash, as a process does", async () => {
    const careless = FORGETFUL.replace(
      "node.reply(",
      'void node.syncRpc(node.peers[0], { type: "x" }, v.object({}));\n      node.reply(',
    );
    const one = await vortex(...uniqueIds(project(careless), "--seed", "1"));
    expect(one.stderr).toContain("A node crashed: unhandled promise rejection");
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
    expect(story).toMatch(/nemesis info start-kill/);
    expect(story).toMatch(/duplicated: id/);
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
    while (!existsSync(hangs)) await Bun.sleep(10);
    child.kill("SIGINT");
    const stdout = await child.stdout.text();
    expect(stdout).toContain("2 seeds: 2 valid, 0 invalid, 0 unknown");
    expect(await child.exited).toBe(130);
    const job = Number(readFileSync(hangs, "utf8"));
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
            while (true);
          } catch {
            process.kill(process.pid, "SIGKILL");
          }
        }
        node.handle("generate", v.looseObject({}), (request: any) => {
          node.reply(request, { type: "generate_ok", id: node.generateId() });
        });
      }`);
    const words = "-w unique-ids --node-count 1 --time-limit 5 --seeds 1..99 --jobs 2";
    const out = join(directory, "outcomes");
    const { exitCode, stdout, stderr } = await vortex(
      ...["sim", fragile, ...words.split(" "), "--out", out],
    );
    expect(stdout).toContain("5 seeds: 4 valid, 1 invalid, 0 unknown");
    expect(stdout).toMatch(/The process that simulated this seed died \(signal SIGKILL\)/);
    expect(stdout).toMatch(/^ {2}vortex sim .* --seed \d+$/m);
    expect(stderr).toMatch(
      /^The process .* died \(signal SIGKILL\): seed \d+\. The sweep stops here$/m,
    );
    expect(exitCode).toBe(1);
    expect(readFileSync(out, "utf8").trimEnd().split("\n")).toHaveLength(5);
    const stuck = Number(readFileSync(join(directory, "stuck"), "utf8"));
    while (isRunning(stuck)) await Bun.sleep(10);
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
    expect(story).toContain("--node-count 2");
    expect(story).toContain("Error: no n1");
    expect(exitCode).toBe(255);
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
