/**
 * Packs a program, and what defines its test, for workers on other machines.
 *
 * All files are bundled into one, with what they import: packages, and the library if they bring their
 * own. Small files beside it have the names of the originals, which name workloads and faults, and pass
 * their exports on. The same sources give the same pack, wherever they are.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import { InvalidOptions } from "../invalid-options.ts";
import { providedModules } from "../sweep/load-file.ts";

const BUNDLE = "bundle.js";

const Content = v.object({
  version: v.literal(1),
  /** Texts by paths within the pack. */
  files: v.record(v.pipe(v.string(), v.regex(/^(?:\d+\/)?[^/\\]+\.js$/)), v.string()),
});

export interface Pack {
  readonly bytes: Uint8Array;
  readonly hash: string;
  /** The path in the pack of each file. */
  readonly paths: ReadonlyMap<string, string>;
  /** Directory of all sources. Places in stack traces are relative to it. */
  readonly root: string;
}

/**
 * Bundles files.
 *
 * @param files Absolute paths of modules that are loaded.
 * @param loaded Absolute paths of all modules that they have loaded.
 * @throws {InvalidOptions} if that fails, as it does when an import has no literal name that exists.
 */
export async function packFiles(
  files: readonly string[],
  loaded: readonly string[],
): Promise<Pack> {
  const root = commonDirectory([...files, ...loaded]);
  const [program = ""] = files;
  const texts: Record<string, string> = { [BUNDLE]: await bundle(files, root) };
  const paths = new Map<string, string>();
  for (const [index, file] of files.entries()) {
    const path = `${index}/${basename(file, extname(file))}.js`;
    paths.set(file, path);
    texts[path] = await passOn(file, index);
  }
  const content: v.InferOutput<typeof Content> = { version: 1, files: texts };
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  if (program === "") throw new Error("A pack needs a program");
  return { bytes, hash: hashOf(bytes), paths, root };
}

export function hashOf(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/**
 * Writes the files of a pack into a directory. Its bytes must have the expected hash.
 *
 * @throws if they are not a pack.
 */
export function unpack(bytes: Uint8Array, directory: string): readonly string[] {
  const { files } = v.parse(Content, JSON.parse(new TextDecoder().decode(bytes)));
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return Object.keys(files);
}

function commonDirectory(files: readonly string[]): string {
  const [first = sep, ...others] = files.map((file) => dirname(file));
  return others.reduce((common, directory) => {
    let shorter = common;
    while (relative(shorter, directory).startsWith("..")) shorter = dirname(shorter);
    return shorter;
  }, first);
}

const NAMESPACE = "pack";

/** Returns the text of a module that exports the namespaces of all files, as e0, e1, ... */
async function bundle(files: readonly string[], root: string): Promise<string> {
  const entry = files
    .map((file, index) => `export * as e${index} from ${JSON.stringify(file)};`)
    .join("\n");
  const cwd = process.cwd();
  // The bundle names its sources relative to it.
  process.chdir(root);
  try {
    const { outputs } = await Bun.build({
      entrypoints: [BUNDLE],
      root,
      target: "bun",
      format: "esm",
      // Places in stack traces are those of the sources.
      sourcemap: "inline",
      throw: true,
      plugins: [
        {
          name: NAMESPACE,
          setup: (build) => {
            build.onResolve({ filter: /^bundle\.js$/ }, ({ path, importer }) =>
              importer === "" ? { path, namespace: NAMESPACE } : undefined,
            );
            build.onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({
              contents: entry,
              loader: "js",
            }));
            build.onResolve({ filter: /^(?:vortex|valibot)(?:\/|$)/ }, ({ path, importer }) =>
              providedModules(importer).includes(path) ? { path, external: true } : undefined,
            );
          },
        },
      ],
    });
    const [output] = outputs;
    if (output === undefined) throw new Error("The bundler wrote nothing");
    return await output.text();
  } catch (error) {
    const errors = error instanceof AggregateError ? error.errors : [error];
    const reasons = errors.map((each) => (each instanceof Error ? each.message : String(each)));
    throw new InvalidOptions(
      `Cannot bundle ${files[0]} for workers on other machines: ${reasons.join("; ")}`,
    );
  } finally {
    process.chdir(cwd);
  }
}

/** Returns the text of a module with the exports of one of the files. */
async function passOn(file: string, index: number): Promise<string> {
  const names = Object.keys(await import(pathToFileURL(file).href));
  const exported = names.map((name) => JSON.stringify(name));
  return [
    `import { e${index} } from "../${BUNDLE}";`,
    `const { ${exported.map((name, at) => `${name}: x${at}`).join(", ")} } = e${index};`,
    `export { ${exported.map((name, at) => `x${at} as ${name}`).join(", ")} };`,
    "",
  ].join("\n");
}
