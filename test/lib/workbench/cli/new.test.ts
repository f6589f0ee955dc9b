/** `vortex new`, where only the compiled command is installed. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIST, ROOT, temporaryDirectory } from "../../../support/processes/vortex.ts";

setDefaultTimeout(120_000);

const directory = temporaryDirectory();
const project = join(directory, "hello");

/** Runs the command without Bun on the PATH and without a registry. */
async function vortexAlone(cwd: string, ...args: readonly string[]) {
  const child = Bun.spawn([join(DIST, "vortex"), ...args], {
    cwd,
    env: {
      HOME: directory,
      NO_COLOR: "1",
      PATH: "/usr/bin:/bin",
      BUN_CONFIG_REGISTRY: "http://127.0.0.1:9/",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}

beforeAll(async () => {
  const { stdout, stderr, exitCode } = await vortexAlone(directory, "new", "hello");
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).toContain("cd hello");
});

describe("vortex new", () => {
  test("creates a project whose tests pass", async () => {
    const { stderr, exitCode } = await vortexAlone(project, "bun", "test");
    expect(stderr).toContain(" 2 pass");
    expect(stderr).toContain(" 0 fail");
    expect(exitCode).toBe(0);
  });

  test("creates a program that passes vortex test after a build", async () => {
    const built = await vortexAlone(project, "bun", "build.ts");
    expect(built).toMatchObject({ stdout: "dist/echo\n", exitCode: 0 });
    const words = ["-w", "echo", "--bin", "dist/echo", "--node-count", "3", "--time-limit", "2"];
    expect(await vortexAlone(project, "test", ...words)).toMatchObject({ exitCode: 0 });
  });

  test("creates a program that passes vortex sim with partitions and kills", async () => {
    const words = "-w echo --node-count 3 --nemesis partition,kill --seeds 1..5 --time-limit 30";
    const { stdout, exitCode } = await vortexAlone(project, "sim", "echo.ts", ...words.split(" "));
    expect(stdout).toContain("5 seeds: 5 valid, 0 invalid, 0 unknown");
    expect(stdout).toContain("kill took effect in 5 of 5 runs");
    expect(exitCode).toBe(0);
  });

  test("creates scripts that run without an installed Bun", async () => {
    const tested = await vortexAlone(project, "bun", "run", "test");
    expect(tested.stderr).toContain(" 2 pass");
    const simulated = await vortexAlone(project, "bun", "run", "simulate");
    expect(simulated.stdout).toContain("100 seeds: 100 valid, 0 invalid, 0 unknown");
    expect(simulated.exitCode).toBe(0);
  });

  test("creates a project whose tests can simulate", async () => {
    const test = `import { expect, test } from "bun:test";
import { simulate } from "vortex/simulation";
import { echo } from "./echo.ts";

test("echo answers", () => {
  expect(simulate(echo, { workload: "echo", nemesis: ["kill"] }).problems).toEqual([]);
});
`;
    writeFileSync(join(project, "simulation.test.ts"), test);
    const { stderr, exitCode } = await vortexAlone(project, "bun", "test");
    expect(stderr).toContain(" 3 pass");
    expect(exitCode).toBe(0);
  });

  test("creates a project that type-checks with the types of Bun", async () => {
    for (const name of ["bun-types", "@types"]) {
      symlinkSync(join(ROOT, "node_modules", name), join(project, "node_modules", name));
    }
    const tsc = Bun.spawn([join(ROOT, "node_modules/.bin/tsc")], { cwd: project, stdout: "pipe" });
    expect(await tsc.stdout.text()).toBe("");
    expect(await tsc.exited).toBe(0);
  });

  test("names the project after its directory, as a valid package name", async () => {
    expect(await vortexAlone(directory, "new", "in/My Nodes!")).toMatchObject({ exitCode: 0 });
    const made = join(directory, "in/My Nodes!");
    expect(JSON.parse(readFileSync(join(made, "package.json"), "utf8")).name).toBe("my-nodes");
    expect(readFileSync(join(made, "README.md"), "utf8")).toStartWith("# my-nodes\n");
  });

  test("refuses a directory that is not empty", async () => {
    const used = join(directory, "used");
    mkdirSync(used);
    writeFileSync(join(used, "echo.ts"), "mine");
    const { stderr, exitCode } = await vortexAlone(directory, "new", "used");
    expect(stderr).toBe("error: used is not empty. Name a new or empty directory\n");
    expect(exitCode).toBe(254);
    expect(readFileSync(join(used, "echo.ts"), "utf8")).toBe("mine");
    expect(existsSync(join(used, "package.json"))).toBe(false);
  });
});

describe("vortex bun", () => {
  test("runs the Bun of this command, with its exit code", async () => {
    expect(await vortexAlone(directory, "bun", "--version")).toMatchObject({
      stdout: `${Bun.version}\n`,
      exitCode: 0,
    });
    expect(await vortexAlone(directory, "bun", "-e", "process.exit(7)")).toMatchObject({
      exitCode: 7,
    });
  });
});
