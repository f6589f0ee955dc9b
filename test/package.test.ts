/** The archive that is published, as somebody who installs it meets it. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { INIT, INIT_OK, line, run } from "./support/processes/node-process.ts";
import { nodeProgram, ROOT, temporaryDirectory } from "./support/processes/vortex.ts";

setDefaultTimeout(120_000);

/** The page of a run, with its plots, is a good part of it. */
const MAX_ARCHIVE_BYTES = 700_000;

const ECHO = `import * as v from "valibot";
import { type Node, serve } from "vortex";

export function echo(node: Node): void {
  node.handle("echo", v.object({ echo: v.unknown() }), (request) => {
    node.reply(request, { type: "echo_ok", echo: request.body.echo });
  });
}

if (import.meta.main) await serve(echo);
`;

const ECHO_TEST = `import { expect, test } from "bun:test";
import { TestCluster } from "vortex/testing";
import { echo } from "./echo.ts";

test("echo answers with what it was sent", async () => {
  const cluster = new TestCluster({ program: echo });
  const reply = await cluster.ask("n0", { type: "echo", echo: "hello" });
  expect(reply).toMatchObject({ type: "echo_ok", echo: "hello" });
});
`;

const SIMULATION_TEST = `import { expect, test } from "bun:test";
import type { Node } from "vortex";
import { simulate, SimulationCrash, type SimulationOptions } from "vortex/simulation";
import { echo } from "./echo.ts";

const OPTIONS: SimulationOptions = { workload: "echo", nodeCount: 3, nemesis: ["kill"], seed: 7 };

test("echo answers, whatever happens to its nodes", () => {
  const result = simulate(echo, OPTIONS);
  expect(result.problems).toEqual([]);
  expect(result.faults.kill).toBeGreaterThan(0);
});

test("a node in a simulation is the library's own", async () => {
  const library = await import("vortex");
  const nodes: Node[] = [];
  const program = (node: Node) => {
    nodes.push(node);
    echo(node);
  };
  simulate(program, OPTIONS);
  expect(nodes[0]).toBeInstanceOf(library.Node);
});

test("a program that does not start is told from one that is wrong", () => {
  const broken = () => {
    throw new Error("no");
  };
  expect(() => simulate(broken, OPTIONS)).toThrow(SimulationCrash);
});
`;

// What bun init writes, in essence; with types from here, as a test installs nothing from afar.
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

const bun = (...words: readonly string[]) => [process.execPath, ...words];
const project = temporaryDirectory();
const archive = join(project, `vortex-${packageJson.version}.tgz`);

/** Packs what a directory holds, and returns the archive. */
async function pack(directory: string, ...flags: readonly string[]): Promise<string> {
  const words = bun("pm", "pack", "--quiet", "--destination", project, ...flags);
  const { lines, stderr, exitCode } = await run(words, "", { cwd: directory });
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
  test("is small, and holds neither tests nor challenges nor binaries", async () => {
    expect(statSync(archive).size).toBeLessThan(MAX_ARCHIVE_BYTES);
    const { lines } = await run(["tar", "-tzf", archive], "");
    const others = lines.filter(
      (file) => !/^package\/(lib\/|dist\/package\/|[A-Z]+(\.md)?$|package\.json$)/.test(file),
    );
    expect(others).toEqual([]);
    expect(lines).toContain("package/lib/vortex/index.ts");
    expect(lines).toContain("package/LICENSE");
  });

  test("needs valibot and nothing else", () => {
    expect(Object.keys(packageJson.dependencies)).toEqual(["valibot"]);
  });

  test("runs an echo program in the project that installs it", async () => {
    const echoed = line({ type: "echo", msg_id: 2, echo: "hello" });
    const { lines, exitCode } = await run(bun("echo.ts"), INIT + echoed, { cwd: project });
    expect(lines.map((text) => JSON.parse(text).body)).toEqual([
      INIT_OK,
      { type: "echo_ok", echo: "hello", in_reply_to: 2 },
    ]);
    expect(exitCode).toBe(0);
  });

  test("tests it with the test kit, and in simulations", async () => {
    const { stderr, exitCode } = await run(bun("test"), "", { cwd: project });
    expect(stderr).toContain("4 pass");
    expect(exitCode).toBe(0);
  });

  test("type-checks in it", async () => {
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    const { lines, exitCode } = await run([tsc, "--project", project], "", { cwd: project });
    expect({ lines, exitCode }).toEqual({ lines: [], exitCode: 0 });
  });

  test("brings the vortex command, which simulates the program", async () => {
    const command = join(project, "node_modules/.bin/vortex");
    const version = await run(bun(command, "--version"), "", { cwd: project });
    expect(version.lines).toEqual([packageJson.version]);
    const words = ["sim", "echo.ts", "-w", "echo", "--node-count", "3", "--seeds", "1..4"];
    const swept = await run(bun(command, ...words), "", { cwd: project });
    expect(swept.lines.at(-1)).toBe("4 seeds: 4 valid, 0 invalid, 0 unknown");
  });

  test("brings a command that leaves a page of a run that is not valid", async () => {
    const command = join(project, "node_modules/.bin/vortex");
    const bin = nodeProgram(`reply({ type: "echo_ok", echo: "wrong" });`);
    const words = ["test", "-w", "echo", "--bin", bin, "--node-count", "1", "--time-limit", "1"];
    expect(await run(bun(command, ...words), "", { cwd: project })).toMatchObject({ exitCode: 1 });
    const report = readFileSync(join(project, "store/latest/report.html"), "utf8");
    expect(report).toStartWith("<!doctype html>");
    expect(report.length).toBeGreaterThan(100_000);
  });

  test("brings a command that writes a project, as the compiled one does", async () => {
    const command = join(project, "node_modules/.bin/vortex");
    const made = await run(bun(command, "new", "hello"), "", { cwd: project });
    expect(made).toMatchObject({ stderr: "", exitCode: 0 });
    const tested = await run(bun("test"), "", { cwd: join(project, "hello") });
    expect(tested.stderr).toContain(" 2 pass");
  });

  test("cannot be published by mistake while its name is another package's", () => {
    const isNamed = packageJson.name !== "vortex";
    expect(isNamed || packageJson.private).toBe(true);
  });

  test("has a version that the changelog tells of", () => {
    expect(packageJson.version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    expect(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8")).toContain(
      `\n## ${packageJson.version}`,
    );
  });
});
