/**
 * Facts about the project's own sources: who imports whom, and who may touch the outside world.
 *
 * Everything that a node or a simulation cannot compute for itself is handed to it, so that a seed
 * fixes a whole run. One stray `Date.now()` would break that silently; here it fails a test.
 */
import { describe, expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

const ROOT = join(import.meta.dir, "..");

/** Which files and packages a file may import, by the folder it is in. */
const IMPORTS: readonly { readonly files: string; readonly may: readonly string[] }[] = [
  // Finds programs by their file names; how the report's page is bundled is said in one place.
  { files: "build.ts", may: ["./lib/workbench/report/html/bundle-page.ts"] },
  { files: "lib/vortex/**", may: ["./lib/{protocol,vortex}/**", "valibot"] },
  { files: "lib/protocol/**", may: ["./lib/{protocol,vortex}/**", "valibot"] },
  {
    files: "lib/services/**",
    may: ["./lib/{protocol,vortex,services}/**", "valibot"],
  },
  // What is too long for a challenge's file is in the folder of its name, for that one alone.
  ...["broadcast", "counter", "kafka"].map((name) => {
    return {
      files: `challenges/{${name === "counter" ? "*-counter" : name}.ts,${name}/**}`,
      may: [`./challenges/${name}/**`, "./lib/vortex/index.ts", "valibot"],
    };
  }),
  { files: "challenges/**", may: ["./lib/vortex/index.ts", "valibot"] },
  // Only the workbench's pure services: whoever installs the library has valibot and nothing else.
  {
    files: "lib/testing/**",
    may: ["./lib/{protocol,vortex,services,testing}/**", "valibot"],
  },
  // Its types are what is published of it, and name nothing that is not.
  {
    files: "lib/simulation/api.ts",
    may: ["./lib/vortex/index.ts", "./lib/workbench/history/history.ts"],
  },
  { files: "lib/simulation/**", may: ["./lib/{vortex,simulation,workbench}/**"] },
  // Third-party packages may earn their place here; a program arrives as a value or a path.
  {
    files: "lib/workbench/**",
    may: [
      "./lib/{protocol,services,vortex,workbench}/**",
      "[a-z@]*",
      "[a-z@]*/**",
      "./package.json",
    ],
  },
];

/** The only files that may touch time, chance, processes, files and streams, and import for it. */
const EDGES = [
  "build.ts",
  "lib/vortex/serve.ts",
  "lib/workbench/main.ts",
  "lib/workbench/cli/**",
  "lib/workbench/maelstrom/run-maelstrom.ts",
  "lib/workbench/suggestions.ts",
  "lib/workbench/sweep/{program,self,simulate-program,workers}.ts",
  "lib/workbench/store/stored-results.ts",
  "lib/workbench/clusters/process-tree.ts",
  "lib/workbench/clusters/process-cluster.ts",
  "lib/workbench/report/**",
  "lib/workbench/store/run-store.ts",
];

/** What some others touch of them, which does not reach outside. */
const EXCUSED: ReadonlySet<string> = new Set([
  "lib/workbench/random.ts touches Bun", // A hash function makes seeds.
  "lib/testing/manual-clock.ts touches setImmediate", // It lets promise continuations run.
  'lib/workbench/clusters/scheduler.ts touches "bun:', // It drains the queue of promise continuations.
]);

/** What touches them. */
const OUTSIDE_WORLD = [
  /\bDate\b/,
  /\bperformance\b/,
  /\bMath\.random\b/,
  /\bcrypto\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /(?<![.\w/])process\./,
  /\bBun\b/,
  /\bconsole\b/,
  /\bfetch\(/,
  /["']node:/,
  /["']bun["':]/,
];

interface Source {
  readonly file: string;
  /** Its text, without comments. */
  readonly code: string;
  /** What it imports: packages by name, files by their path from the root: `./lib/...`. */
  readonly imports: readonly string[];
}

async function readSource(file: string): Promise<Source> {
  const code = withoutComments(await Bun.file(join(ROOT, file)).text());
  const imports = [...code.matchAll(/(?<!["'\w])(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g)].map(
    ([, name = ""]) => (name.startsWith(".") ? `./${normalize(join(dirname(file), name))}` : name),
  );
  return { file, code, imports };
}

function withoutComments(text: string): string {
  // Strings first: the glob "lib/**/*.ts" begins no comment.
  return text.replace(/("(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/.*$/gm, "$1");
}

const isSystemModule = (name: string) => name === "bun" || name.startsWith("node:");

const matches = (file: string, patterns: readonly string[]) =>
  patterns.some((pattern) => new Glob(pattern).match(file));

const files = ["build.ts", "{lib,challenges}/**/*.ts"].flatMap((pattern) => [
  ...new Glob(pattern).scanSync(ROOT),
]);
const sources = await Promise.all(files.sort().map(readSource));
const challenges = sources.filter(({ file }) => matches(file, ["challenges/*.ts"]));

describe("The sources", () => {
  test("are found", () => {
    expect(files).toContain("build.ts");
    expect(files).toContain("lib/vortex/node.ts");
    expect(files).toContain("lib/workbench/main.ts");
    expect(files).toContain("challenges/echo.ts");
  });

  test.each(sources.map((source) => [source.file, source] as const))(
    "%s imports only what its folder may",
    (file, { imports }) => {
      const rule = IMPORTS.find((candidate) => matches(file, [candidate.files]));
      const isEdge = matches(file, EDGES);
      const strangers = imports.filter((name) =>
        isSystemModule(name) ? !isEdge : !matches(name, rule?.may ?? []),
      );
      expect(strangers).toEqual([]);
    },
  );

  test("touch time, chance, processes, files and streams only at the edges", () => {
    const found = sources
      .filter(({ file }) => !matches(file, EDGES))
      .flatMap(({ file, code }) =>
        OUTSIDE_WORLD.flatMap((pattern) => {
          const [word] = pattern.exec(code) ?? [];
          return word === undefined ? [] : [`${file} touches ${word}`];
        }),
      );
    expect(found.filter((touch) => !EXCUSED.has(touch))).toEqual([]);
  });

  test("ask the wall clock for the names of runs only: it may be set back at any time", () => {
    const found = sources.filter(({ code }) => /\bDate\b/.test(code)).map(({ file }) => file);
    expect(found).toEqual(["lib/workbench/store/run-store.ts"]);
  });

  test("have no default exports", () => {
    const found = sources.filter(({ code }) => /\bexport\s+default\b|\bas default\b/.test(code));
    expect(found.map(({ file }) => file)).toEqual([]);
  });

  test("import no file that imports them: there are no cycles at run time", () => {
    const imports = new Map(
      sources.map(({ file, code }) => [file, readRuntimeImports(file, code)] as const),
    );
    const reaches = (from: string, to: string, seen: Set<string>): boolean =>
      (imports.get(from) ?? []).some((next) => {
        if (next === to) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, to, seen);
      });
    expect(files.filter((file) => reaches(file, file, new Set()))).toEqual([]);
  });
});

/** The files that a file loads: `import type` loads nothing. */
function readRuntimeImports(file: string, code: string): string[] {
  const statements = code.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s*"(\.[^"]+)"/gm);
  return [...statements].map(([, name = ""]) => normalize(join(dirname(file), name)));
}

describe("lib/vortex/serve.ts", () => {
  test("imports no module of Bun's or Node's: each costs milliseconds of start-up", () => {
    const source = sources.find(({ file }) => file === "lib/vortex/serve.ts");
    expect(source?.imports.filter((name) => !name.startsWith("./"))).toEqual([]);
  });
});

describe("Every challenge", () => {
  test.each(challenges.map((source) => [source.file, source] as const))(
    "%s exports its program, and serves it only as the main file",
    async (file, { code }) => {
      const [, name] = /^if \(import\.meta\.main\) await serve\((\w+)\);$/m.exec(code) ?? [];
      const exported: Record<string, unknown> = await import(join(ROOT, file));
      expect(exported[name ?? ""]).toBeFunction();
      expect(code.match(/\bserve\(/g)).toHaveLength(1);
    },
  );
});
