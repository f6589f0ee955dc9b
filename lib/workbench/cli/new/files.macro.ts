/**
 * Packs the files of a new project when the command is bundled. They include the library, so that
 * nothing is downloaded.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";

const ROOT = join(import.meta.dir, "../../../..");
const TEMPLATE = join(import.meta.dir, "template");
const WORKLOAD_TEMPLATE = join(import.meta.dir, "workload-template");

interface Manifest {
  readonly [field: string]: unknown;
}

/** Returns path in the project -> text, as JSON, gzipped, in base 64. */
export function packedFiles(): string {
  const files = { ...template(), ...library(), ...valibot() };
  return Buffer.from(Bun.gzipSync(JSON.stringify(files))).toString("base64");
}

/** Returns file in the template -> text, as JSON, gzipped, in base 64. */
export function packedWorkload(): string {
  const files = filesIn(WORKLOAD_TEMPLATE, ["**"], "");
  return Buffer.from(Bun.gzipSync(JSON.stringify(files))).toString("base64");
}

function template(): Record<string, string> {
  return filesIn(TEMPLATE, ["**"], "");
}

/** Returns the published files of this package, without the command. */
function library(): Record<string, string> {
  const manifest: Manifest = JSON.parse(read(ROOT, "package.json"));
  const { name, version, description, license, type, exports, engines, sideEffects } = manifest;
  const { dependencies, files } = manifest;
  const kept = { name, version, description, license, type, exports, engines, sideEffects };
  const sources = (files as string[]).filter((file) => file.startsWith("lib/"));
  sources.push("dist/package/simulation.js");
  const patterns = sources.map((file) => (/\.[jt]s$/.test(file) ? file : `${file}/**`));
  return {
    // As a peer dependency, valibot is the project's copy and not fetched from a registry.
    ...filesIn(ROOT, [...patterns, "LICENSE"], "vendor/vortex"),
    "vendor/vortex/package.json": json({ ...kept, peerDependencies: dependencies }),
  };
}

/** Returns valibot as published, without its development dependencies. */
function valibot(): Record<string, string> {
  const directory = dirname(Bun.resolveSync("valibot/package.json", ROOT));
  const {
    devDependencies: _,
    scripts: __,
    ...kept
  }: Manifest = JSON.parse(read(directory, "package.json"));
  return {
    ...filesIn(directory, ["dist/index.mjs", "dist/index.d.mts", "LICENSE*"], "vendor/valibot"),
    "vendor/valibot/package.json": json(kept),
  };
}

function filesIn(directory: string, patterns: readonly string[], to: string) {
  const files = patterns.flatMap((pattern) => [
    ...new Glob(pattern).scanSync({ cwd: directory, dot: true }),
  ]);
  return Object.fromEntries(files.sort().map((file) => [join(to, file), read(directory, file)]));
}

function read(directory: string, file: string): string {
  return readFileSync(join(directory, file), "utf8");
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
