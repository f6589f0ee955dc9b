/** `vortex new`: creates a small project, or the files of a workload. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { Command } from "commander";
import { InvalidOptions } from "../../invalid-options.ts";
import { shellCommand } from "../../shell.ts";
import { bunCommand } from "../../sweep/self.ts";
import { remark } from "../live.ts";
import { packedFiles, packedWorkload } from "./files.macro.ts" with { type: "macro" };

export function newCommand(): Command {
  return new Command("new")
    .description("create a small project, or a workload of your own with its test")
    .argument("[name]", "directory to create; its last part names the project")
    .option("--workload <name>", "create NAME.ts, nodes for it and a test: in the project, or here")
    .addHelpText("after", HELP)
    .action(async (path: string | undefined, { workload }: { readonly workload?: string }) => {
      if (path === undefined && workload === undefined) {
        throw new InvalidOptions("Name the directory to create, or a workload with --workload");
      }
      if (workload !== undefined) requireFileName(workload);
      if (path !== undefined) await writeProject(path);
      if (workload !== undefined) writeWorkload(path ?? ".", workload);
    });
}

const HELP = `
The project contains the library, in vendor/. Nothing is downloaded.

Examples:
  vortex new hello && cd hello
  bun test && bun build.ts && vortex test -w echo --bin dist/echo --time-limit 5
  vortex new --workload bank && vortex sim bank-nodes.ts -w ./bank.ts`;

async function writeProject(path: string): Promise<void> {
  const directory = resolve(path);
  const name = packageName(basename(directory));
  requireUnused(directory, path);
  const files: Record<string, string> = {
    ...unpack(packedFiles()),
    "package.json": manifest(name),
    ".gitignore": "node_modules\ndist/\nstore/\n*.bun-build\n",
  };
  for (const [file, text] of Object.entries(files)) {
    const target = join(directory, file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, file === "README.md" ? text.replace("NAME", name) : text);
  }
  await install(directory);
  const here = relative(process.cwd(), directory);
  const bun = Bun.which("bun") === null ? "vortex bun" : "bun";
  console.log(`Created ${path}. Next:

  ${shellCommand(["cd", here === "" ? "." : here])}
  ${bun} test
  ${bun} build.ts
  vortex test -w echo --bin dist/echo --node-count 3 --time-limit 5`);
}

/** Names that make file names, and no option or hidden file. */
const FILE_NAME = /^[A-Za-z0-9_][\w-]*$/;

/** @throws {InvalidOptions} unless the name can be that of a file. */
function requireFileName(name: string): void {
  if (FILE_NAME.test(name)) return;
  throw new InvalidOptions(
    `--workload: "${name}" cannot name a file. Use letters, digits, "-" and "_"`,
  );
}

/**
 * Writes a workload, nodes for it, and a test.
 *
 * @throws {InvalidOptions} if one of the files exists; then none is written.
 */
function writeWorkload(directory: string, name: string): void {
  const files = Object.entries(unpack(packedWorkload())).map(([file, text]) => ({
    path: join(directory, file.replace("workload", name)),
    text: text.replaceAll("./workload", `./${name}`).replaceAll("NAME", name),
  }));
  const used = files.find(({ path }) => existsSync(path));
  if (used !== undefined) throw new InvalidOptions(`${used.path} exists. Choose another name`);
  for (const { path, text } of files) writeFileSync(path, text);
  const file = (suffix: string) => join(directory, `${name}${suffix}`);
  console.log(`Created ${files.map(({ path }) => path).join(", ")}. Next:

  vortex sim ${file("-nodes.ts")} --export shared -w ./${file(".ts")}
  vortex sim ${file("-nodes.ts")} --export separate -w ./${file(".ts")} --report
  ${Bun.which("bun") === null ? "vortex bun" : "bun"} test   # in a project: vortex new creates one`);
}

/** Returns a valid package name. */
function packageName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, "-")
    .replace(/^[-._]+|-+$/g, "");
  return name === "" ? "nodes" : name;
}

/** @throws {InvalidOptions} unless the directory is new or empty, so that nothing is overwritten. */
function requireUnused(directory: string, path: string): void {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory())
    throw new InvalidOptions(`${path} is a file. Name a new or empty directory`);
  if (readdirSync(directory).length > 0) {
    throw new InvalidOptions(`${path} is not empty. Name a new or empty directory`);
  }
}

function unpack(packed: string): Record<string, string> {
  return JSON.parse(Buffer.from(Bun.gunzipSync(Buffer.from(packed, "base64"))).toString());
}

function manifest(name: string): string {
  const value = {
    name,
    private: true,
    type: "module",
    scripts: {
      test: "bun test",
      build: "bun build.ts",
      check: "vortex test -w echo --bin dist/echo --node-count 3 --time-limit 5",
      simulate: "vortex sim echo.ts -w echo --node-count 3 --nemesis partition,kill --seeds 1..100",
    },
    dependencies: { valibot: "file:./vendor/valibot", vortex: "file:./vendor/vortex" },
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Links the packages in vendor/, with the Bun that runs this command. */
async function install(directory: string): Promise<void> {
  const { argv, env } = bunCommand(["install", "--silent"]);
  const child = Bun.spawn([...argv], { cwd: directory, env, stdout: "ignore", stderr: "pipe" });
  const [text, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
  if (exitCode === 0) return;
  remark(`"bun install" failed. Run it in ${directory}:\n${text}`);
  process.exitCode = 1;
}
