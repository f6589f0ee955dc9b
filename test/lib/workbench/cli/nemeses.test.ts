import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadNemeses } from "../../../../lib/workbench/cli/nemeses.ts";
import { ROOT, temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const EXAMPLE = join(ROOT, "docs/examples/membership");
const MEMBERS = join(EXAMPLE, "members.ts");
const MEMBERSHIP = join(EXAMPLE, "membership.ts");

const GROUP = ["-w", "g-set", "--node-count", "3", "--rate", "20"];

const forgetful = (...more: string[]) =>
  vortex("sim", MEMBERS, "--export", "forgetful", ...GROUP, "--time-limit", "20", ...more);

/** Writes a file that defines nemeses, in a folder without node_modules. */
function nemesisFile(source: string, name = "own.ts"): string {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, `import { defineNemesis, kill } from "vortex/workload";\n${source}`);
  return file;
}

describe("--nemesis with a file", () => {
  test.concurrent("combines its fault with built-in ones, and says what it does", async () => {
    const { stdout, stderr, exitCode } = await vortex(
      ...["sim", MEMBERS, "--export", "members", ...GROUP, "--time-limit", "20", "--seed", "1"],
      ...["-N", "partition", "-N", MEMBERSHIP, "--nemesis-interval", "2"],
    );
    expect(stderr).toContain("membership: Removes a node from the group, by a request to another");
    expect(stdout).toMatch(/^ {2}faults {10}partition \d+, membership \d+ \(how often/m);
    expect(stderr).toContain(`--nemesis partition,${MEMBERSHIP} --nemesis-interval 2 --seed 1`);
    expect(exitCode).toBe(0);
  });

  test.concurrent("runs it in the workers of a sweep, and keeps it while shrinking", async () => {
    const { stdout } = await forgetful(
      ...["-N", `partition,${MEMBERSHIP}`, "--nemesis-interval", "2"],
      ...["--seeds", "1..2", "--time-limit", "6", "--shrink"],
    );
    expect(stdout).toContain("2 seeds: 0 valid, 2 invalid, 0 unknown");
    expect(stdout).toContain("membership took effect in 2 of 2 runs");
    const [, smallest = ""] = /Smallest failing test:\n {2}(.*)\n/.exec(stdout) ?? [];
    expect(smallest).toContain(`--nemesis ${MEMBERSHIP} `);
    expect(stdout).toMatch(/nemesis start-membership: n\d removed/);
    expect(stdout).toMatch(/nemesis stop-membership: n\d added/);
  });

  test.concurrent("runs it on processes, and records it in the stored run", async () => {
    const directory = temporaryDirectory();
    const bin = join(directory, "members");
    writeFileSync(bin, `#!/bin/sh\nexec ${process.execPath} ${MEMBERS}\n`);
    chmodSync(bin, 0o755);
    const store = join(directory, "store");
    const { exitCode, stdout } = await vortex(
      ...["test", "--bin", bin, ...GROUP, "--time-limit", "2", "--recovery", "1", "--seed", "1"],
      ...["-N", `pause,${MEMBERSHIP}`, "--nemesis-interval", "0.3", "--store", store, "--report"],
    );
    expect(stdout).toMatch(/membership [1-9]/);
    expect(exitCode).toBe(0);
    const run = join(store, "latest");
    const { command, options } = JSON.parse(readFileSync(join(run, "test.json"), "utf8"));
    expect(options.nemesis).toEqual(["pause", MEMBERSHIP]);
    expect(command).toContain(`--nemesis pause,${MEMBERSHIP}`);
    expect(readFileSync(join(run, "history.jsonl"), "utf8")).toMatch(
      /"f":"stop-membership","value":\{"n\d":"added"\}/,
    );
  });

  test.concurrent("ends the test when its code fails, with its line", async () => {
    const file = nemesisFile(`
      export const own = defineNemesis({ doc: "d", fault: () => ({
        start() { throw new TypeError("no such thing"); },
        stop: () => null,
      }) });`);
    const { stderr, exitCode } = await forgetful("-N", file, "--seed", "1");
    expect(stderr).toContain(
      `The nemesis own failed in start: TypeError: no such thing, at ${file}:4:`,
    );
    expect(exitCode).toBe(255);
  });
});

describe("The nemeses of files", () => {
  const load = (...words: string[]) =>
    loadNemeses(words, { limitS: 10, onPrinted: (text) => expect.unreachable(text) });
  const kills = 'export const own = defineNemesis({ doc: "d", fault: kill() });';

  test("have the names of their files, or those of their own", async () => {
    const file = nemesisFile(kills);
    const named = nemesisFile(
      'export const own = defineNemesis({ name: "mine", doc: "d", fault: kill() });',
    );
    const own = await load("partition", file, named);
    expect([...own].map(([word, { name }]) => [word, name])).toEqual([
      [file, "own"],
      [named, "mine"],
    ]);
  });

  test("are chosen by the name of an export, if a file has several", async () => {
    const file = nemesisFile(`
      export const first = defineNemesis({ doc: "Kills one.", fault: kill({ targets: ["one"] }) });
      export const second = defineNemesis({ doc: "Kills two.", fault: kill() });`);
    expect([...(await load(`${file}#second`)).values()]).toMatchObject([{ name: "second" }]);
    await expect(load(file)).rejects.toThrow(
      `${file} exports several definitions (first, second). Choose one, as in ${file}#first`,
    );
    await expect(load(`${file}#secnd`)).rejects.toThrow(
      'does not export a nemesis "secnd", only first, second. Did you mean "second"?',
    );
  });

  test.each([
    [
      "that defines nothing",
      "export const nothing = 1;",
      "does not export a nemesis: export const mine = defineNemesis(",
    ],
    ["that does not compile", "export const = 1;", "own.ts:2"],
    [
      "whose definition is wrong",
      'export const own = defineNemesis({ dox: "", fault: kill() });',
      'A nemesis has no field "dox"',
    ],
    [
      "whose target is unknown",
      'export const own = defineNemesis({ doc: "d", fault: kill({ targets: ["two"] }) });',
      "own.ts:2",
    ],
    [
      "whose name is a built-in fault's",
      'export const own = defineNemesis({ name: "kill", doc: "d", fault: kill() });',
      'A nemesis is named "kill", as a built-in fault is',
    ],
  ])("are refused by a file %s", async (_, source, message) => {
    await expect(load(nemesisFile(source))).rejects.toThrow(message);
  });

  test("are refused if there is no such file, if it is a directory, or if its name is of no use", async () => {
    await expect(load("./membershp.ts")).rejects.toThrow("./membershp.ts: file not found");
    await expect(load(`${EXAMPLE}/`)).rejects.toThrow("Name the file of the nemesis, such as");
    await expect(load(nemesisFile(kills, "über.ts"))).rejects.toThrow(
      'defines a nemesis without a name. "über" cannot be the name of a nemesis',
    );
    await expect(load(nemesisFile(kills), nemesisFile(kills))).rejects.toThrow(
      'Two nemeses are named "own". Rename one',
    );
  });
});
