/**
 * Runs the examples of the documentation, and checks its links and commands.
 *
 * Each page has a directory of its own, and its blocks are used in order:
 *
 * - A TypeScript block that begins with a comment with a file name becomes that file. If the project
 *   has that file, it must contain the block, word for word.
 * - A shell block below `<!-- run -->` must succeed, one below `<!-- run, fails -->` must fail.
 * - Each line of a text block that follows must appear in the output.
 *
 * The first chapter of the guide starts in an empty directory, and the `vortex` command is alone on its PATH.
 *
 * In running text, commands that run Bun must name existing files and tests.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Glob } from "bun";
import GithubSlugger from "github-slugger";
import { marked, type Token, type Tokens } from "marked";
import { DIST, ROOT, temporaryDirectory } from "./support/processes/vortex.ts";

setDefaultTimeout(300_000);

const PAGES = ["*.md", "docs/**/*.md", "test/**/*.md"]
  .flatMap((pattern) => [...new Glob(pattern).scanSync(ROOT)])
  .filter((page) => !page.includes("node_modules/") && !page.startsWith("docs/api/reference/"))
  .sort();

const FIRST_CHAPTER = "docs/guide/1-echo.md";
const FULL_PATH = [DIST, join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(":");

interface Page {
  readonly path: string;
  readonly tokens: readonly Token[];
}

function readPage(path: string): Page {
  return { path, tokens: marked.lexer(readFileSync(join(ROOT, path), "utf8")) };
}

const pages = PAGES.map(readPage);

describe.each(pages.map((page) => [page.path, page] as const))("%s", (_, page) => {
  const links = linksOf(page.tokens);

  test("links to existing files and headings", () => {
    expect(links.filter((link) => !isReachable(page.path, link))).toEqual([]);
  });

  test("names existing files and tests in its commands", () => {
    expect(commandsOf(page.tokens).flatMap(missingFrom)).toEqual([]);
  });
});

// Side by side, so that no page waits for the examples of another.
const withExamples = pages.filter((page) => examplesOf(page).length > 0);
describe.each(withExamples.map((page) => [page.path, page] as const))("%s", (_, page) => {
  test.concurrent("has examples that run and print what it shows", async () => {
    const isFromScratch = page.path === FIRST_CHAPTER;
    const path = isFromScratch ? DIST : FULL_PATH;
    let cwd = isFromScratch ? temporaryDirectory() : makeProject();
    let printed = "";
    for (const example of examplesOf(page)) {
      if (example.kind === "source") checkSource(example.text);
      else if (example.kind === "file") writeExample(cwd, example);
      else if (example.kind === "output") expectPrinted(printed, example.text);
      else ({ cwd, printed } = await runExample(example, cwd, path));
    }
  });
});

test("finds the pages", () => {
  expect(PAGES).toContain("README.md");
  expect(PAGES).toContain(FIRST_CHAPTER);
});

type Example =
  | { readonly kind: "source"; readonly text: string }
  | { readonly kind: "file"; readonly file: string; readonly text: string }
  | { readonly kind: "commands"; readonly text: string; readonly fails: boolean }
  | { readonly kind: "output"; readonly text: string };

function examplesOf({ tokens }: Page): Example[] {
  const examples: Example[] = [];
  let mark: string | undefined;
  let wasRun = false;
  for (const token of tokens) {
    if (token.type === "space") continue;
    const comment = token.type === "html" ? /^<!-- (run(?:, fails)?) -->/.exec(token.raw) : null;
    if (token.type === "code") {
      const { lang = "", text } = token as Tokens.Code;
      const [, file] = /^\/\/ (\S+\.ts)\n/.exec(text) ?? [];
      if (lang === "ts")
        examples.push(file === undefined ? source(text) : { kind: "file", file, text });
      const isRun = lang === "sh" && mark !== undefined;
      if (isRun) examples.push({ kind: "commands", text, fails: mark === "run, fails" });
      if (lang === "text" && wasRun) examples.push({ kind: "output", text });
      wasRun = isRun;
    } else if (token.type !== "paragraph") {
      wasRun = false;
    }
    mark = comment?.[1];
  }
  return examples;
}

function source(text: string): Example {
  return { kind: "source", text };
}

/** Creates a directory where programs find the library as in a project that installed it. */
function makeProject(): string {
  const directory = temporaryDirectory();
  const modules = join(directory, "node_modules");
  mkdirSync(modules);
  symlinkSync(ROOT, join(modules, "vortex"));
  symlinkSync(join(ROOT, "node_modules/valibot"), join(modules, "valibot"));
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  return directory;
}

/** Checks that part of a program is TypeScript. */
function checkSource(text: string): void {
  new Bun.Transpiler({ loader: "ts" }).transformSync(text);
}

function writeExample(cwd: string, { file, text }: Extract<Example, { kind: "file" }>): void {
  const own = join(ROOT, file);
  const [, ...lines] = text.split("\n");
  if (file.includes("/") && existsSync(own)) {
    expect(readFileSync(own, "utf8")).toContain(lines.join("\n"));
    return;
  }
  writeFileSync(join(cwd, file), `${text}\n`);
}

async function runExample(
  { text, fails }: Extract<Example, { kind: "commands" }>,
  cwd: string,
  path: string,
): Promise<{ cwd: string; printed: string }> {
  const script = `set -e\n${text}\nprintf '\\nnow in %s' "$PWD"`;
  const child = Bun.spawn([Bun.which("bash") ?? "bash", "-c", `exec 2>&1\n${script}`], {
    cwd,
    env: { ...process.env, PATH: path, NO_COLOR: "1" },
    stdin: "ignore",
    stdout: "pipe",
  });
  const printed = await child.stdout.text();
  const exitCode = await child.exited;
  if ((exitCode !== 0) !== fails) {
    throw new Error(`Exit code ${exitCode}:\n${text}\n\nOutput:\n${printed}`);
  }
  return { cwd: /\nnow in (.*)$/.exec(printed)?.[1] ?? cwd, printed };
}

function expectPrinted(printed: string, text: string): void {
  const flat = (line: string) => line.trim().replaceAll(/\s+/g, " ");
  const lines = text.split("\n").map(flat);
  for (const line of lines) if (line !== "...") expect(flat(printed)).toContain(line);
}

function linksOf(tokens: readonly Token[]): string[] {
  const links: string[] = [];
  void marked.walkTokens([...tokens], (token) => {
    if (token.type === "link" || token.type === "image") links.push((token as Tokens.Link).href);
  });
  return links;
}

/** Commands in running text and tables that run Bun on a file of the project. */
function commandsOf(tokens: readonly Token[]): string[] {
  const commands: string[] = [];
  void marked.walkTokens([...tokens], (token) => {
    if (token.type === "codespan" && /\bbun (test|lib)\b/.test(token.text))
      commands.push(token.text);
  });
  return commands;
}

/** Lists files that a command names and the project lacks, or the command if no test matches its `-t`. */
function missingFrom(command: string): string[] {
  const paths = command.match(/(?<= )(?:test|lib)\/[\w./-]+/g) ?? [];
  const missing = paths.filter((path) => !existsSync(join(ROOT, path)));
  if (missing.length > 0) return missing;
  const [, name] = / -t "?([^"]+)"?$/.exec(command) ?? [];
  if (name === undefined || paths.length === 0) return [];
  const isTested = paths
    .flatMap((path) => (path.endsWith(".ts") ? [path] : testsIn(path)))
    .some((path) => readFileSync(join(ROOT, path), "utf8").includes(name));
  return isTested ? [] : [command];
}

function testsIn(folder: string): string[] {
  const glob = new Glob("**/*.test.ts");
  return [...glob.scanSync(join(ROOT, folder))].map((file) => join(folder, file));
}

/** Whether a link names an existing file and heading, or is a valid URL. */
function isReachable(page: string, link: string): boolean {
  if (link.startsWith("http://127.0.0.1")) return URL.canParse(link); // The reader's own server.
  if (/^[a-z]+:/.test(link)) return URL.canParse(link) && /^(https|mailto):/.test(link);
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path));
  if (target.startsWith("..") || !existsSync(join(ROOT, target))) return false;
  if (anchor === undefined || !target.endsWith(".md")) return anchor === undefined;
  return anchorsOf(readPage(target).tokens).has(anchor);
}

/** Anchors of the headings, as GitHub generates them. */
function anchorsOf(tokens: readonly Token[]): ReadonlySet<string> {
  const slugger = new GithubSlugger();
  const headings: string[] = [];
  void marked.walkTokens([...tokens], (token) => {
    if (token.type === "heading")
      headings.push(slugger.slug((token as Tokens.Heading).text.replaceAll("`", "")));
  });
  return new Set(headings);
}
