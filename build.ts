/**
 * Compiles each challenge and the `vortex` command into a standalone executable.
 *
 *   bun run build.ts [NAME...] [--target TARGET] [--stale] [--quiet]
 *   bun run build.ts --package
 *
 * An artifact is compiled in a temporary directory and moved into place when complete, so a failed or
 * interrupted build keeps the previous one. It has its final name there, because the name becomes
 * part of the binary.
 */
import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { type BuildConfig, Glob, type PluginBuilder } from "bun";
import { bundleSite } from "./lib/workbench/play/site/bundle-site.ts";
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
       bun run build.ts --package

  NAME       program to build, such as "echo" or "vortex" (default: all)
  --target   platform to build for, into dist/TARGET/: ${TARGETS.join(", ")}, all
             (default: this machine's platform, into dist/)
  --stale    build only what is missing or older than the sources
  --quiet    print errors only
  --package  build dist/package/vortex.js, the command as published to npm, for Bun to run`;

const ROOT = import.meta.dir;
const WORKBENCH = "vortex";
const PACKAGE = join(ROOT, "dist/package");
const SIMULATION = "simulation.js";

interface Artifact {
  readonly name: string;
  readonly entry: string;
  readonly outfile: string;
  readonly target: Target | undefined;
}

// The compiler names sources relative to the working directory, and these names end up in the binary.
process.chdir(ROOT);
const { values: flags, positionals: names } = readArguments();
if (flags.help) console.log(USAGE);
else if (flags.package) await buildPackage();
else process.exitCode = (await buildArtifacts()) ? 0 : 1;

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

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/** Builds what the command line names; returns whether all of it was built. */
async function buildArtifacts(): Promise<boolean> {
  const targets = targetsNamed(flags.target);
  const changedMs = flags.stale ? await sourcesChangedMs() : Number.POSITIVE_INFINITY;
  // The command embeds the simulation, for the projects that `vortex new` creates.
  const needsSimulation = names.length === 0 || names.includes(WORKBENCH);
  if (needsSimulation && (await isOlder(join(PACKAGE, SIMULATION), changedMs))) {
    await buildSimulation();
  }

  let allBuilt = true;
  for (const target of targets) {
    await mkdir(join(ROOT, "dist", target ?? ""), { recursive: true });
    const artifacts = artifactsFor(target);
    const older = await Promise.all(artifacts.map(({ outfile }) => isOlder(outfile, changedMs)));
    const chosen = artifacts.filter((_, index) => older[index]);
    const results = await Promise.allSettled(chosen.map(build));
    for (const [index, result] of results.entries()) {
      if (result.status === "fulfilled") {
        if (!flags.quiet) console.log(result.value);
      } else {
        allBuilt = false;
        console.error(`Cannot build ${chosen[index]?.entry}:\n${describe(result.reason)}`);
      }
    }
  }
  return allBuilt;
}

function targetsNamed(name: string | undefined): readonly (Target | undefined)[] {
  if (name === undefined) return [undefined];
  if (name === "all") return TARGETS;
  const target = TARGETS.find((known) => known === name);
  return target === undefined
    ? fail(`Unknown target "${name}". Expected one of: ${TARGETS.join(", ")}, all`)
    : [target];
}

function artifactsFor(target: Target | undefined): Artifact[] {
  const challenges = [...new Glob("challenges/*.ts").scanSync(ROOT)].sort();
  const entries = new Map([
    ...challenges.map((file) => [basename(file, ".ts"), file] as const),
    [WORKBENCH, "lib/workbench/main.ts"],
  ]);
  return (names.length > 0 ? names : [...entries.keys()]).map((name) => {
    const entry = entries.get(name);
    if (entry === undefined) {
      fail(`Unknown program "${name}". Expected one of: ${[...entries.keys()].join(", ")}`);
    }
    const file = target === "windows-x64" ? `${name}.exe` : name;
    return { name, entry, outfile: join(ROOT, "dist", target ?? "", file), target };
  });
}

/** Whether a file is missing or older than the given time. */
async function isOlder(file: string, timeMs: number): Promise<boolean> {
  const built = await stat(file).catch(() => undefined);
  return built === undefined || built.mtimeMs < timeMs;
}

/** Time of the latest change to any source. */
async function sourcesChangedMs(): Promise<number> {
  const sources = [
    "build.ts",
    "package-lock.json",
    "package.json",
    "lib/**/*",
    "challenges/**/*.ts",
  ].flatMap((pattern) => [...new Glob(pattern).scanSync(ROOT)]);
  const changes = sources.map(async (source) => (await stat(join(ROOT, source))).mtimeMs);
  return Math.max(...(await Promise.all(changes)));
}

/** Builds an artifact; returns a line with its file, size and build time. */
async function build(artifact: Artifact): Promise<string> {
  const startedMs = performance.now();
  const directory = join(dirname(artifact.outfile), `.${artifact.name}.${process.pid}.partial`);
  const complete = join(directory, basename(artifact.outfile));
  try {
    await Bun.build(await configFor(artifact, complete));
    await rename(complete, artifact.outfile);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const { size } = await stat(artifact.outfile);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const megabytes = (size / 1e6).toFixed(1);
  const file = artifact.outfile.slice(ROOT.length + 1);
  return `${file.padEnd(34)}${megabytes.padStart(7)} MB${seconds.padStart(7)} s`;
}

/**
 * Compiler options for a fast start, independent of the working directory.
 *
 * - Bytecode saves 1 to 2 of 6 ms at start-up. It implies CommonJS unless `format` says otherwise, and
 *   top-level await needs ESM.
 * - The source map makes stack traces name the source line. It adds 64 kB and no measurable time.
 * - A challenge loads no configuration from its working directory, which may be anything. Only the
 *   workbench reads package.json files: it loads users' programs and resolves their imports.
 */
async function configFor({ name, entry, target }: Artifact, outfile: string): Promise<BuildConfig> {
  const isWorkbench = name === WORKBENCH;
  return {
    define: isWorkbench ? await bundledPages() : {},
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
      autoloadPackageJson: isWorkbench,
    },
  };
}

/** Bundles the command and the simulation, so that the package depends on valibot only. */
async function buildPackage(): Promise<void> {
  await buildSimulation();
  await Bun.build({
    entrypoints: [join(ROOT, "lib/workbench/main.ts")],
    outdir: PACKAGE,
    naming: `${WORKBENCH}.js`,
    define: await bundledPages(),
    target: "bun",
    minify: true,
    banner: "#!/usr/bin/env bun",
    throw: true,
  });
  await chmod(join(PACKAGE, `${WORKBENCH}.js`), 0o755);
}

/**
 * Bundles the simulation into one file.
 *
 * The library stays external: the simulation and the program must share its classes, so that a node
 * is an instance of the `Node` that the program imports.
 */
async function buildSimulation(): Promise<void> {
  await Bun.build({
    entrypoints: [join(ROOT, "lib/simulation/index.ts")],
    outdir: PACKAGE,
    naming: SIMULATION,
    target: "bun",
    // Not minified: Bun shows the lines around an error, such as an option that does not fit.
    external: ["valibot"],
    plugins: [{ name: "external-library", setup: keepLibraryExternal }],
    throw: true,
  });
}

function keepLibraryExternal(build: PluginBuilder): void {
  build.onResolve({ filter: /^\.\.?\// }, ({ path, importer }) => {
    const file = join(dirname(importer), path);
    const isLibrary = ["lib/protocol/", "lib/vortex/"].some((folder) =>
      file.startsWith(join(ROOT, folder)),
    );
    if (!isLibrary) return undefined;
    return { path: relative(PACKAGE, file), external: true };
  });
}

/** The report's page and the playground, as the constants that the workbench reads them from. */
async function bundledPages() {
  const [page, site] = await Promise.all([bundlePage(), bundleSite()]);
  return {
    IS_BUILT: "true",
    BUNDLED_PAGE: JSON.stringify(page),
    BUNDLED_SITE: JSON.stringify(site),
  };
}

/** The errors of a failed build, each with its file and line. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join("\n");
  return error instanceof Error || typeof error === "object" ? Bun.inspect(error) : String(error);
}
