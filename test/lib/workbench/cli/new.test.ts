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

describe("vortex new --workload", () => {
  test("creates a workload whose test passes in a project, with the types of Bun", async () => {
    const { stdout, exitCode } = await vortexAlone(project, "new", "--workload", "my-bank");
    expect(stdout).toContain("Created my-bank-nodes.ts, my-bank.test.ts, my-bank.ts.");
    expect(exitCode).toBe(0);
    const { stderr } = await vortexAlone(project, "bun", "test", "my-bank");
    expect(stderr).toContain(" 4 pass");
    const tsc = Bun.spawn([join(ROOT, "node_modules/.bin/tsc")], { cwd: project, stdout: "pipe" });
    expect(await tsc.stdout.text()).toBe("");
  });

  test("creates a workload that runs without a project, and catches its wrong nodes", async () => {
    const empty = join(directory, "empty");
    mkdirSync(empty);
    expect(await vortexAlone(empty, "new", "--workload", "kv")).toMatchObject({ exitCode: 0 });
    const words = ["-w", "./kv.ts", "--node-count", "3", "--time-limit", "5"];
    const right = await vortexAlone(empty, "sim", "kv-nodes.ts", "--export", "shared", ...words);
    expect(right.exitCode).toBe(0);
    const wrong = await vortexAlone(empty, "sim", "kv-nodes.ts", "--export", "separate", ...words);
    expect(wrong.stdout).toContain("nonlinearizable");
    expect(wrong.exitCode).toBe(1);
  });

  test("overwrites no file, and writes none then", async () => {
    const used = join(directory, "taken");
    mkdirSync(used);
    writeFileSync(join(used, "bank.test.ts"), "mine");
    const { stderr, exitCode } = await vortexAlone(used, "new", "--workload", "bank");
    expect(stderr).toBe("error: bank.test.ts exists. Choose another name\n");
    expect(exitCode).toBe(254);
    expect(existsSync(join(used, "bank.ts"))).toBe(false);
  });

  test.each(["../bank", "", "-x", "a b"])("refuses the name %p", async (name) => {
    const { stderr, exitCode } = await vortexAlone(directory, "new", `--workload=${name}`);
    expect(stderr).toStartWith(`error: --workload: "${name}" cannot name a file.`);
    expect(exitCode).toBe(254);
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

  test("does not turn the programs that it starts into Bun", async () => {
    expect(await vortexAlone(project, "bun", "build.ts")).toMatchObject({ exitCode: 0 });
    const init =
      '{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}';
    writeFileSync(
      join(project, "spawn.test.ts"),
      `import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { spawn } from "bun";

const input = ${JSON.stringify(`${init}\n`)};
const stdin = Buffer.from(input);
const WORKER = \`postMessage(Bun.spawnSync(["env"]).stdout.toString())\`;

test("Bun.spawn", async () => {
  expect(await spawn(["dist/echo"], { stdin }).stdout.text()).toContain("init_ok");
  expect(Bun.spawnSync({ cmd: ["dist/echo"], stdin }).stdout.toString()).toContain("init_ok");
});
test("child_process", () => {
  expect(spawnSync("dist/echo", { input }).stdout.toString()).toContain("init_ok");
});
test("a shell", async () => {
  expect(await Bun.$\`dist/echo < \${stdin}\`.text()).toContain("init_ok");
});
test("a worker", async () => {
  const worker = new Worker(URL.createObjectURL(new Blob([WORKER])));
  const environment = await new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  expect(environment).not.toContain("BUN_BE_BUN");
});
test("Bun itself", () => {
  for (const bun of [process.execPath, "bun"]) {
    expect(Bun.spawnSync([bun, "--version"]).stdout.toString()).toBe(\`\${Bun.version}\\n\`);
  }
});
`,
    );
    const { stderr, exitCode } = await vortexAlone(project, "bun", "test", "spawn");
    expect(stderr).toContain(" 5 pass");
    expect(exitCode).toBe(0);
  });

  test.skipIf(process.platform === "win32")(
    "starts what scripts name, Bun and Node included",
    async () => {
      const file = join(project, "package.json");
      const json = JSON.parse(readFileSync(file, "utf8"));
      const echo =
        "echo $BUN_BE_BUN. && dist/echo < init.jsonl && vortex --version && bun --version";
      json.scripts = { all: `${echo} && ./as-node.js` };
      writeFileSync(file, JSON.stringify(json));
      writeFileSync(
        join(project, "init.jsonl"),
        '{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}\n',
      );
      const script = '#!/usr/bin/env node\nconsole.log("node ran");\n';
      writeFileSync(join(project, "as-node.js"), script, { mode: 0o755 });
      const { stdout, exitCode } = await vortexAlone(project, "bun", "run", "all");
      const lines = stdout.trimEnd().split("\n");
      expect(lines).toEqual([
        ".",
        expect.stringContaining("init_ok"),
        expect.any(String),
        Bun.version,
        "node ran",
      ]);
      expect(exitCode).toBe(0);
    },
  );

  test("names a temporary directory that it cannot use", async () => {
    const child = Bun.spawn([join(DIST, "vortex"), "bun", "--version"], {
      env: { ...process.env, TMPDIR: "/no/such/directory" },
      stdout: "ignore",
      stderr: "pipe",
    });
    expect(await child.stderr.text()).toBe(
      "error: Cannot use /no/such/directory: it does not exist. Set TMPDIR to a directory that can be written\n",
    );
    expect(await child.exited).toBe(254);
  });
});
