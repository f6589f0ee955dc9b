/**
 * Compiles every challenge, and the workbench's command, into one standalone executable each.
 *
 *   bun run build.ts [NAME...] [--target TARGET] [--stale] [--quiet]
 *   bun run build.ts --package
 *
 * Each artifact is built in a directory of its own and moved when it is whole, so that a failing or
 * interrupted build leaves the former one in place. It keeps its name there: that becomes part of it.
 */
import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { type BuildConfig, Glob, type PluginBuilder } from "bun";
import { bundlePage } from "./lib/workbench/report/html/bundle-page.ts";

const TARGETS = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "darwin-arm64",
  "darwin-x64",
  "windows-x64",
] as const;
type Target = (typeof TARGETS)[number];

const USAGE = `Usage: bun run build.ts [NAME...] [--target TARGET] [--stale] [--quiet]

  NAME      what to build, such as "echo" or "vortex"; everything by default
  --target  platform to build for, into dist/TARGET/: ${TARGETS.join(", ")}, all.
            By default this machine's, into dist/
  --stale   build only what is missing, or older than the sources
  --quiet   print nothing but errors
  --package build dist/package/vortex.js instead: the command as it is published, for Bun to run`;

const ROOT = import.meta.dir;
const WORKBENCH = "vortex";

interface Artifact {
  readonly name: string;
  readonly entry: string;
  readonly outfile: string;
  readonly target: Target | undefined;
}

function entries(): Map<string, string> {
  const challenges = [...new Glob("challenges/*.ts").scanSync(ROOT)].sort();
  return new Map([
    ...challenges.map((file) => [basename(file, ".ts"), file] as const),
    [WORKBENCH, "lib/workbench/main.ts"],
  ]);
}

function artifacts(names: readonly string[], target: Target | undefined): Artifact[] {
  const known = entries();
  return (names.length > 0 ? names : [...known.keys()]).map((name) => {
    const entry = known.get(name);
    if (entry === undefined) {
      fail(`Nothing here is called "${name}"; there are ${[...known.keys()].join(", ")}`);
    }
    const file = target === "windows-x64" ? `${name}.exe` : name;
    return { name, entry, outfile: join(ROOT, "dist", target ?? "", file), target };
  });
}

/**
 * What makes a binary start fast and mind its own business.
 *
 * Bytecode saves 1 to 2 ms of a start of 6; it means CommonJS unless ESM is asked for, which
 * top-level await needs. The source map lets a crash name the line in the source; it adds 64 kB and
 * no measurable time. A challenge runs in a directory that it does not control: nothing there
 * may be loaded. The workbench loads people's programs, and finds what those import through their
 * package.json, and brings the report's page along.
 */
async function config({ name, entry, target }: Artifact, outfile: string): Promise<BuildConfig> {
  return {
    define: name === WORKBENCH ? await definePage() : {},
    entrypoints: [join(ROOT, entry)],
    minify: true,
    sourcemap: "linked",
    bytecode: true,
    format: "esm",
    throw: true,
    compile: {
      outfile,
      ...(target === undefined ? {} : { target: `bun-${target}` as const }),
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: name === WORKBENCH,
    },
  };
}

async function definePage() {
  return { BUNDLED_PAGE: JSON.stringify(await bundlePage()) };
}

const PACKAGE = join(ROOT, "dist/package");
const SIMULATION = "simulation.js";

/**
 * Bundles the simulation into one file: whoever installs the package needs none of its parts. The
 * library stays outside, where its types are: a node in a simulation is a node of the program's own.
 */
async function buildSimulation(): Promise<void> {
  await Bun.build({
    entrypoints: [join(ROOT, "lib/simulation/index.ts")],
    outdir: PACKAGE,
    naming: SIMULATION,
    target: "bun",
    minify: true,
    external: ["valibot"],
    plugins: [{ name: "library", setup: keepLibraryOutside }],
    throw: true,
  });
}

function keepLibraryOutside(build: PluginBuilder): void {
  build.onResolve({ filter: /^\.\.?\// }, ({ path, importer }) => {
    const file = join(dirname(importer), path);
    const isLibrary = ["lib/protocol/", "lib/vortex/"].some((folder) =>
      file.startsWith(join(ROOT, folder)),
    );
    if (!isLibrary) return undefined;
    return { path: relative(PACKAGE, file), external: true };
  });
}

/** Bundles the command into one file: whoever installs the package needs none of its parts. */
async function buildPackage(): Promise<void> {
  await buildSimulation();
  await Bun.build({
    entrypoints: [join(ROOT, "lib/workbench/main.ts")],
    outdir: PACKAGE,
    naming: `${WORKBENCH}.js`,
    define: await definePage(),
    target: "bun",
    minify: true,
    banner: "#!/usr/bin/env bun",
    throw: true,
  });
  await chmod(join(PACKAGE, `${WORKBENCH}.js`), 0o755);
}

/** Builds one artifact; returns a line about it. */
async function build(artifact: Artifact): Promise<string> {
  const beganMs = performance.now();
  const directory = join(dirname(artifact.outfile), `.${artifact.name}.${process.pid}.partial`);
  const whole = join(directory, basename(artifact.outfile));
  try {
    await Bun.build(await config(artifact, whole));
    await rename(whole, artifact.outfile);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const { size } = await stat(artifact.outfile);
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
  const megabytes = (size / 1e6).toFixed(1);
  const file = artifact.outfile.slice(ROOT.length + 1);
  return `${file.padEnd(34)}${megabytes.padStart(7)} MB${seconds.padStart(7)} s`;
}

/** When anything that an artifact is made of was last changed. */
async function sourcesChangedMs(): Promise<number> {
  const sources = [
    "build.ts",
    "package-lock.json",
    "lib/**/*.{ts,tsx,css}",
    "challenges/**/*.ts",
  ].flatMap((pattern) => [...new Glob(pattern).scanSync(ROOT)]);
  const changes = sources.map(async (source) => (await stat(join(ROOT, source))).mtimeMs);
  return Math.max(...(await Promise.all(changes)));
}

async function isOlder(
  { outfile }: Pick<Artifact, "outfile">,
  changedMs: number,
): Promise<boolean> {
  const built = await stat(outfile).catch(() => undefined);
  return built === undefined || built.mtimeMs < changedMs;
}

/** The errors of a failed build, each with its file and line. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join("\n");
  return error instanceof Error || typeof error === "object" ? Bun.inspect(error) : String(error);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        target: { type: "string" },
        stale: { type: "boolean", default: false },
        package: { type: "boolean", default: false },
        quiet: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    fail(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function targets(name: string | undefined): readonly (Target | undefined)[] {
  if (name === undefined) return [undefined];
  if (name === "all") return TARGETS;
  const target = TARGETS.find((known) => known === name);
  return target === undefined
    ? fail(`Unknown target "${name}"; there are ${TARGETS.join(", ")} and all`)
    : [target];
}

// The compiler names sources relative to the working directory, also within the artifact.
process.chdir(ROOT);
const { values, positionals } = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

if (values.package) {
  await buildPackage();
  process.exit(0);
}

const isSimulationStale = async () =>
  !values.stale || isOlder({ outfile: join(PACKAGE, SIMULATION) }, await sourcesChangedMs());
// The command brings it along for the projects that it writes.
if (positionals.length === 0 || positionals.includes(WORKBENCH)) {
  if (await isSimulationStale()) await buildSimulation();
}

let failures = 0;
for (const target of targets(values.target)) {
  await mkdir(join(ROOT, "dist", target ?? ""), { recursive: true });
  let wanted = artifacts(positionals, target);
  if (values.stale) {
    const changedMs = await sourcesChangedMs();
    const stale = await Promise.all(wanted.map((artifact) => isOlder(artifact, changedMs)));
    wanted = wanted.filter((_, index) => stale[index]);
  }
  const results = await Promise.allSettled(wanted.map(build));
  for (const [index, result] of results.entries()) {
    if (result.status === "fulfilled") {
      if (!values.quiet) console.log(result.value);
    } else {
      failures++;
      console.error(`Cannot build ${wanted[index]?.entry}:\n${describe(result.reason)}`);
    }
  }
}
if (failures > 0) process.exitCode = 1;
