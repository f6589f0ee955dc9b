/** The published package, installed into a fresh project. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { INIT, INIT_OK, line, run } from "./support/processes/node-process.ts";
import { echoTest, nodeProgram, ROOT, temporaryDirectory } from "./support/processes/vortex.ts";

setDefaultTimeout(120_000);

/** The command is most of it: the playground, the report's page, the library for users' files, all of valibot. */
const MAX_ARCHIVE_BYTES = 2_200_000;

const ECHO = `import * as v from "valibot";
import { type Node, serve } from "vortex";

export function echo(node: Node): void {
  node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => ({
    type: "echo_ok",
    echo: body.echo,
  }));
}

if (import.meta.main) await serve(echo);
`;

const ECHO_TEST = `import { expect, test } from "bun:test";
import { TestCluster } from "vortex/testing";
import { echo } from "./echo.ts";

test("echo replies with the text it was sent", async () => {
  const cluster = new TestCluster({ program: echo });
  const reply = await cluster.ask("n0", { type: "echo", echo: "hello" });
  expect(reply).toMatchObject({ type: "echo_ok", echo: "hello" });
});
`;

const SIMULATION_TEST = `import { expect, test } from "bun:test";
import type { Node } from "vortex";
import { simulate, SimulationCrash, type SimulationOptions } from "vortex/simulation";
import { defineWorkload, rpc } from "vortex/workload";
import * as v from "valibot";
import { echo } from "./echo.ts";

const OPTIONS: SimulationOptions = { workload: "echo", nodeCount: 3, nemesis: ["kill"], seed: 7 };

test("echo replies while its nodes are killed", () => {
  const result = simulate(echo, OPTIONS);
  expect(result.problems).toEqual([]);
  expect(result.faults.kill).toBeGreaterThan(0);
});

test("a simulated node is an instance of the library's Node", async () => {
  const library = await import("vortex");
  const nodes: Node[] = [];
  const program = (node: Node) => {
    nodes.push(node);
    echo(node);
  };
  simulate(program, OPTIONS);
  expect(nodes[0]).toBeInstanceOf(library.Node);
});

test("a workload of one's own is simulated", () => {
  const shout = defineWorkload({
    operations: {
      echo: rpc({
        request: (echo: string) => ({ echo }),
        reply: { echo: v.string() },
        outcome: (reply) => reply.echo,
      }),
    },
    generators: ({ limit }) => ({ main: limit(20, () => ({ f: "echo", value: "HELLO" })) }),
    check: (history) => ({ valid: history.every(({ value }) => value === "HELLO") }),
  });
  const { valid, history } = simulate(echo, { workload: shout, nodeCount: 2 });
  expect({ valid, entries: history.length }).toEqual({ valid: true, entries: 40 });
});

test("a program that fails to start throws SimulationCrash", () => {
  const broken = () => {
    throw new Error("no");
  };
  expect(() => simulate(broken, OPTIONS)).toThrow(SimulationCrash);
});
`;

// The essence of what bun init writes. Types come from this project, so that nothing is downloaded.
const TSCONFIG = {
  compilerOptions: {
    target: "esnext",
    module: "preserve",
    lib: ["esnext"],
    types: ["bun-types"],
    typeRoots: [join(ROOT, "node_modules"), join(ROOT, "node_modules/@types")],
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
  },
  include: ["*.ts"],
};

const bun = (...args: readonly string[]) => [process.execPath, ...args];
const project = temporaryDirectory();
const archive = join(project, `vortex-${packageJson.version}.tgz`);

/** Packs a directory; returns the archive. */
async function pack(directory: string, ...flags: readonly string[]): Promise<string> {
  const command = bun("pm", "pack", "--quiet", "--destination", project, ...flags);
  const { lines, stderr, exitCode } = await run(command, "", { cwd: directory });
  if (exitCode !== 0) throw new Error(stderr);
  return lines.at(-1) ?? "";
}

beforeAll(async () => {
  await pack(ROOT);
  const valibot = `file:${await pack(join(ROOT, "node_modules/valibot"), "--ignore-scripts")}`;
  const manifest = {
    name: "fresh",
    type: "module",
    dependencies: { vortex: `file:${archive}`, valibot },
    overrides: { valibot },
  };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(TSCONFIG));
  writeFileSync(join(project, "echo.ts"), ECHO);
  writeFileSync(join(project, "echo.test.ts"), ECHO_TEST);
  writeFileSync(join(project, "simulation.test.ts"), SIMULATION_TEST);
  const installed = await run(bun("install", "--offline"), "", { cwd: project });
  expect(installed).toMatchObject({ exitCode: 0 });
});

describe("The package", () => {
  test("is small, and contains no tests, challenges or binaries", async () => {
    expect(statSync(archive).size).toBeLessThan(MAX_ARCHIVE_BYTES);
    const { lines } = await run(["tar", "-tzf", archive], "");
    const others = lines.filter(
      (file) => !/^package\/(lib\/|dist\/package\/|[A-Z]+(\.md)?$|package\.json$)/.test(file),
    );
    expect(others).toEqual([]);
    expect(lines).toContain("package/lib/vortex/index.ts");
    expect(lines).toContain("package/LICENSE");
  });

  test("depends on valibot only", () => {
    expect(Object.keys(packageJson.dependencies)).toEqual(["valibot"]);
  });

  test("runs an echo program", async () => {
    const echoed = line({ type: "echo", msg_id: 2, echo: "hello" });
    const { lines, exitCode } = await run(bun("echo.ts"), INIT + echoed, { cwd: project });
    expect(lines.map((text) => JSON.parse(text).body)).toEqual([
      INIT_OK,
      { type: "echo_ok", echo: "hello", in_reply_to: 2 },
    ]);
    expect(exitCode).toBe(0);
  });

  test("tests the program with the test kit and in simulations", async () => {
    const { stderr, exitCode } = await run(bun("test"), "", { cwd: project });
    expect(stderr).toContain("5 pass");
    expect(exitCode).toBe(0);
  });

  test("type-checks", async () => {
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    const { lines, exitCode } = await run([tsc, "--project", project], "", { cwd: project });
    expect({ lines, exitCode }).toEqual({ lines: [], exitCode: 0 });
  });

  test("includes the vortex command, which simulates the program", async () => {
    const command = join(project, "node_modules/.bin/vortex");
    const version = await run(bun(command, "--version"), "", { cwd: project });
    expect(version.lines).toEqual([packageJson.version]);
    const args = ["sim", "echo.ts", "-w", "echo", "--node-count", "3", "--seeds", "1..4"];
    const swept = await run(bun(command, ...args), "", { cwd: project });
    expect(swept.lines.at(-1)).toBe("4 seeds: 4 valid, 0 invalid, 0 unknown");
  });

  test("writes a report of an invalid run", async () => {
    const command = join(project, "node_modules/.bin/vortex");
    const bin = nodeProgram(`reply({ type: "echo_ok", echo: "wrong" });`);
    const invalid = await run(bun(command, ...echoTest(bin)), "", { cwd: project });
    expect(invalid.exitCode).toBe(1);
    const report = readFileSync(join(project, "store/latest/report.html"), "utf8");
    expect(report).toStartWith("<!doctype html>");
    expect(report.length).toBeGreaterThan(100_000);
  });

  test("creates a project, as the compiled command does", async () => {
    const command = join(project, "node_modules/.bin/vortex");
    const made = await run(bun(command, "new", "hello"), "", { cwd: project });
    expect(made).toMatchObject({ stderr: "", exitCode: 0 });
    const tested = await run(bun("test"), "", { cwd: join(project, "hello") });
    expect(tested.stderr).toContain(" 2 pass");
  });

  test("cannot be published by mistake under another package's name", () => {
    const isNamed = packageJson.name !== "vortex";
    expect(isNamed || packageJson.private).toBe(true);
  });

  test("has a version with an entry in the changelog", () => {
    expect(packageJson.version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    expect(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8")).toContain(
      `\n## ${packageJson.version}`,
    );
  });
});
