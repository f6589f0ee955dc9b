/**
 * Checks what the sources may touch. `.dependency-cruiser.cjs` holds the rules for imports.
 *
 * Whatever a node or a simulation cannot compute for itself is passed to it, so that a seed fixes a
 * whole run. One stray `Date.now()` would break that without a sign; here it fails a test.
 */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";

const ROOT = join(import.meta.dir, "..");

/** The edges: the only files that may touch time, randomness, processes, files and streams. */
const EDGES = [
  "build.ts",
  "lib/vortex/{serve,file-disk,directory-lock}.ts",
  "lib/workbench/main.ts",
  "lib/workbench/cli/**",
  "lib/workbench/maelstrom/run-maelstrom.ts",
  "lib/workbench/nats/**",
  "lib/workbench/program-file.ts",
  "lib/workbench/suggestions.ts",
  "lib/workbench/clusters/executable-problem.ts",
  "lib/workbench/system-error.ts",
  "lib/workbench/sweep/{assertion-catalog,divert-exits,divert-rejections,divert-stdout,outside-world,load-definition,load-file,program,progress-watch,sample,self,simulate-program,supervisor,worker,workload-file}.ts",
  "lib/workbench/fleet/**",
  "lib/workbench/search/corpus-directory.ts",
  "lib/workbench/store/stored-results.ts",
  "lib/workbench/clusters/process-tree.ts",
  "lib/workbench/clusters/{node-process,process-cluster}.ts",
  "lib/workbench/play/{bundle-engine,engine/worker}.ts",
  "lib/workbench/play/{page,server,site}/**",
  "lib/workbench/report/**",
  "lib/workbench/store/{line-file,run-directory,run-store}.ts",
];

/** Code that a simulation runs: its results must be the same in every JavaScript engine. */
const SIMULATED = [
  "challenges/**",
  "lib/{protocol,vortex,services,raft,workload}/**",
  "lib/workbench/*.ts",
  "lib/workbench/{history,network,clients,clusters,checkers,workloads,nemesis,diagnostics,run,search}/**",
];

/** Signs of what the language leaves to engines: accuracy, locales, the formats of dates. */
const ENGINES_DIFFER = [
  /\bMath\.(?!abs|ceil|clz32|floor|fround|imul|max|min|round|sign|sqrt|trunc|LN2\b)\w+/,
  // A power of 2 is exact.
  /(?<!\b2|\*) \*\* /,
  /\blocaleCompare\b/,
  /\btoLocale\w+/,
  /\bIntl\b/,
];

/** Uses elsewhere that do not reach outside. */
const EXCUSED: ReadonlySet<string> = new Set([
  "lib/vortex/log-format.ts touches Bun", // A hash function makes checksums.
  "lib/testing/manual-clock.ts touches setImmediate", // It lets promise continuations run.
  'lib/workbench/clusters/scheduler.ts touches "bun:', // It drains the queue of promise continuations.
]);

/** Signs of reaching outside. */
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
  /** The text without comments. */
  readonly code: string;
}

async function readSource(file: string): Promise<Source> {
  return { file, code: withoutComments(await Bun.file(join(ROOT, file)).text()) };
}

function withoutComments(text: string): string {
  // Strings first: the glob "lib/**/*.ts" begins no comment.
  return text.replace(/("(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/.*$/gm, "$1");
}

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

  test("touch time, randomness, processes, files and streams only at the edges", () => {
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

  test("give the same run in every engine: they have their own logarithms and order of names", () => {
    const found = sources
      .filter(({ file }) => matches(file, SIMULATED))
      .flatMap(({ file, code }) =>
        ENGINES_DIFFER.flatMap((pattern) => {
          const [use] = pattern.exec(code) ?? [];
          return use === undefined ? [] : [`${file} uses ${use}`];
        }),
      );
    expect(found).toEqual([]);
  });

  test("read the wall clock only to name runs and to compare it with times of files: it may jump", () => {
    const found = sources.filter(({ code }) => /\bDate\b/.test(code)).map(({ file }) => file);
    expect(found).toEqual([
      "lib/workbench/report/server/run-rows.ts",
      "lib/workbench/store/run-directory.ts",
    ]);
  });

  test("have no default exports", () => {
    const found = sources.filter(({ code }) => /\bexport\s+default\b|\bas default\b/.test(code));
    expect(found.map(({ file }) => file)).toEqual([]);
  });
});

describe("Every challenge", () => {
  test.each(challenges.map((source) => [source.file, source] as const))(
    "%s exports its program, and serves it only when it is the main file",
    async (file, { code }) => {
      const [, name] = /^if \(import\.meta\.main\) await serve\((\w+)\);$/m.exec(code) ?? [];
      const exported: Record<string, unknown> = await import(join(ROOT, file));
      expect(exported[name ?? ""]).toBeFunction();
      expect(code.match(/\bserve\(/g)).toHaveLength(1);
    },
  );
});
