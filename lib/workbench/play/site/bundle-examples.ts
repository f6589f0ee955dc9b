/** Collects the programs to start from: the steps of the guide, and the challenges. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { STAGES } from "../../stages/stages.ts";
import { collectFiles } from "../server/program-files.ts";
import type { Example } from "./site-data.ts";

const ROOT = join(import.meta.dir, "../../../..");
const GUIDE = join(ROOT, "docs/guide");
const TEMPLATE = join(ROOT, "lib/workbench/cli/new/template/echo.ts");
const CHALLENGES = join(ROOT, "challenges");

export async function bundleExamples(): Promise<readonly Example[]> {
  const chapters = (await readdir(GUIDE)).filter((file) => /^\d.*\.md$/.test(file)).sort();
  const steps = await Promise.all(chapters.map(stepsOf));
  return [await template(), ...steps.flat(), ...(await challenges())];
}

/** The program that `vortex new` writes. */
async function template(): Promise<Example> {
  return {
    id: "new",
    group: "Your own",
    title: "A new program",
    files: [{ name: "program.ts", source: await Bun.file(TEMPLATE).text() }],
    flags: ["-w", "echo", "--node-count", "3", "--rate", "10", "--time-limit", "10"],
    args: [],
  };
}

/** Each program of a chapter, as its first command runs it. */
async function stepsOf(chapter: string): Promise<Example[]> {
  const text = (await Bun.file(join(GUIDE, chapter)).text()).replaceAll("\\\n", " ");
  const group = `Guide, chapter ${/^# (.*)$/m.exec(text)?.[1] ?? chapter}`;
  const steps = new Map<string, Promise<Example>>();
  for (const { 1: command = "", index } of text.matchAll(/^vortex sim (\S+\.ts .*)$/gm)) {
    const [word = "", ...words] = command.trim().split(/\s+/);
    const file = word.includes("/") ? word : `${basename(chapter, ".md")}/${word}`;
    if (steps.has(file) || !(await Bun.file(join(GUIDE, file)).exists())) continue;
    const section = [...text.slice(0, index).matchAll(/^## (.*)$/gm)].at(-1);
    const note = firstParagraph(text.slice((section?.index ?? 0) + (section?.[0].length ?? 0)));
    steps.set(file, stepOf({ file, group, heading: section?.[1], note, words }));
  }
  const found = await Promise.all(steps.values());
  const counts = Map.groupBy(found, ({ title }) => title);
  return found.map(({ title, ...step }, index) => {
    // Programs of the same section differ in their names.
    const isOnly = counts.get(title)?.length === 1;
    const name = isOnly ? "" : ` (${basename(step.id).replace(/^\d+-/, "")})`;
    return { ...step, title: `${index + 1}. ${title}${name}` };
  });
}

interface Step {
  readonly file: string;
  readonly group: string;
  readonly heading: string | undefined;
  readonly note: string;
  readonly words: readonly string[];
}

async function stepOf({ file, group, heading, note, words }: Step): Promise<Example> {
  return {
    id: `guide/${file.replace(/\.ts$/, "")}`,
    group,
    title: plain(heading ?? basename(file, ".ts")),
    note,
    files: await filesOf(join(GUIDE, file)),
    ...split(words),
  };
}

/** Returns the first paragraph of a section as text; `""` if it begins with something else. */
function firstParagraph(section: string): string {
  const [first = ""] = section.trim().split("\n\n");
  if (!/^[A-Z`]/.test(first) || first.startsWith("```")) return "";
  return first
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/`|\*\*/g, "")
    .replaceAll("\n", " ");
}

/** A heading without code marks and the name of its stage: `"3b: send it"` is `"Send it"`. */
function plain(heading: string): string {
  const text = heading.replaceAll("`", "").replace(/^\d[a-z]: /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Each challenge at the last of its stages. */
async function challenges(): Promise<Example[]> {
  const files = (await readdir(CHALLENGES)).filter((file) => file.endsWith(".ts")).sort();
  return Promise.all(
    files.map(async (file) => {
      const name = basename(file, ".ts");
      const stage = STAGES.findLast(({ bin }) => bin === name);
      const flags = stage?.flags.split(" ") ?? ["-w", name, "--time-limit", "20", "--rate", "10"];
      return {
        id: `challenges/${name}`,
        group: "Challenges",
        title: name,
        files: await filesOf(join(CHALLENGES, file)),
        flags,
        args: stage?.args ?? [],
      };
    }),
  );
}

/** Separates the flags from the program's arguments, after `--`. */
function split(words: readonly string[]): Pick<Example, "flags" | "args"> {
  const end = words.indexOf("--");
  const flags = end < 0 ? words : words.slice(0, end);
  return {
    // The page has buttons for these.
    flags: flags.filter(
      (word, index) => !["--shrink", "--seeds"].includes(word) && flags[index - 1] !== "--seeds",
    ),
    args: end < 0 ? [] : words.slice(end + 1),
  };
}

/** The files of a program, which import the library by its name. */
async function filesOf(main: string) {
  const { files } = await collectFiles(main);
  return files.map(({ name, source }) => ({
    name,
    source: source
      .replaceAll(/(["'])(?:\.\.\/)+lib\/vortex\/index\.ts\1/g, '"vortex"')
      .replaceAll(/(["'])(?:\.\.\/)+lib\/raft\/index\.ts\1/g, '"vortex/raft"'),
  }));
}
