/**
 * Runs the guide: every `vortex sim` command in its chapters, in this process.
 *
 * A text block that follows a command shows what it prints to stdout, with a line `...` for lines that
 * are left out. Files are named from `docs/guide/` or from the chapter's folder; those of a reader's own
 * project are left to `docs.test.ts`. Each file that a chapter shows is shown whole.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import type { Tokens } from "marked";
import { playAddress } from "../lib/workbench/play/address.ts";
import { bundleExamples } from "../lib/workbench/play/site/bundle-examples.ts";
import {
  expectExcerpt,
  isCode,
  linesOf,
  simCommandsIn,
  tokensOf,
} from "./support/guide/excerpts.ts";
import { parseSim, printedBy } from "./support/guide/sim-command.ts";
import { draw, GUIDE, picturesOf } from "./support/pictures/guide-pictures.ts";

setDefaultTimeout(180_000);

const CHAPTERS = [...new Glob("*.md").scanSync(GUIDE)].sort();
const STEPS = [...new Glob("*/*.ts").scanSync(GUIDE)].sort();

/** Ids of the examples that the playground can open. */
const EXAMPLES = (await bundleExamples()).map(({ id }) => id);

/** Maximum length of a program in the guide, in lines. */
const MAX_LINES = 120;

interface Command {
  readonly text: string;
  /** The excerpt of its output; `undefined` if the chapter shows none. */
  readonly shown: string | undefined;
}

describe.each(CHAPTERS)("docs/guide/%s", (chapter) => {
  const blocks = blocksOf(chapter);

  test.each(commandsOf(chapter).map((command) => [command.text, command] as const))(
    "%s",
    async (_, { text, shown }) => {
      const printed = await printedBy(await parseSim(text, directoryOf(chapter, text)));
      if (shown !== undefined) expectWhole(linesOf(printed), shown);
    },
  );

  test("shows the pictures that test/support/pictures/guide-pictures.ts draws", async () => {
    for (const picture of picturesOf(chapter)) {
      const shown = readFileSync(picture.path, "utf8");
      if ((await draw(picture)) !== shown) throw new Error(`${picture.path} is out of date`);
    }
  });

  test("links to the playground below each program that is an example in it", () => {
    const text = readFileSync(join(GUIDE, chapter), "utf8");
    const links = [...text.matchAll(/\[Open it in the playground\]\((\S+)\)/g)];
    const shown = blocks.flatMap(({ text }) => {
      const [, id = ""] = /^\/\/ docs\/(guide\/\S+)\.ts\n/.exec(text) ?? [];
      return EXAMPLES.includes(id) ? [playAddress(`example=${id}`)] : [];
    });
    expect(links.map(([, address]) => address)).toEqual(shown);
  });

  test("shows its programs whole", () => {
    for (const { text } of blocks) {
      const [, file] = /^\/\/ docs\/guide\/(\S+\.ts)\n/.exec(text) ?? [];
      if (file === undefined) continue;
      const source = readFileSync(join(GUIDE, file), "utf8");
      const shown = text.slice(text.indexOf("\n") + 1);
      expect(withoutHeader(source)).toBe(`${shown}\n`);
    }
  });
});

test("the guide has a chapter for each of its folders, and uses every program in it", () => {
  const commands = CHAPTERS.flatMap((chapter) => [
    ...commandsOf(chapter).map(({ text }) => join(directoryOf(chapter, text), fileOf(text))),
    ...picturesOf(chapter).map(({ command }) => join(GUIDE, fileOf(command))),
  ]);
  const run = new Set(commands);
  for (const step of STEPS.filter((file) => !file.endsWith(".test.ts"))) {
    expect(existsSync(join(GUIDE, `${step.split("/", 1)[0]}.md`))).toBe(true);
    if (!isImported(step)) expect(run).toContain(join(GUIDE, step));
  }
});

test("no program of the guide is long", () => {
  for (const step of STEPS) {
    const { length } = readFileSync(join(GUIDE, step), "utf8").trimEnd().split("\n");
    if (length > MAX_LINES) throw new Error(`${step} has ${length} lines`);
  }
});

function blocksOf(chapter: string): Tokens.Code[] {
  return tokensOf(join(GUIDE, chapter)).filter(isCode);
}

/** Whether another file of the folder imports a file. */
function isImported(step: string): boolean {
  const [folder = "", name = ""] = step.split("/");
  const others = STEPS.filter((other) => other.startsWith(`${folder}/`));
  return others.some((other) => readFileSync(join(GUIDE, other), "utf8").includes(`"./${name}"`));
}

/** The file of the program that a command names. */
function fileOf(command: string): string {
  return command.split(/\s+/)[2] ?? "";
}

/** The directory in which a command of a chapter runs: the guide, or the chapter's own folder. */
function directoryOf(chapter: string, command: string): string {
  const own = join(GUIDE, chapter.replace(".md", ""));
  return existsSync(join(own, fileOf(command))) ? own : GUIDE;
}

function commandsOf(chapter: string): Command[] {
  const blocks = blocksOf(chapter);
  return blocks.flatMap(({ lang, text }, at) => {
    if (lang !== "sh") return [];
    const commands = simCommandsIn(text).filter((line) =>
      existsSync(join(directoryOf(chapter, line), fileOf(line))),
    );
    const next = blocks[at + 1];
    const shown = next?.lang === "text" ? next.text : undefined;
    return commands.map((command, nth) => ({
      text: command,
      shown: nth === commands.length - 1 ? shown : undefined,
    }));
  });
}

/** Removes the comment at the top of a file, which a chapter says in its text. */
function withoutHeader(source: string): string {
  return source.replace(/^\/\*\*[\s\S]*?\*\/\n/, "");
}

/** An excerpt says where it leaves out lines, at its ends as well. */
function expectWhole(printed: readonly string[], shown: string): void {
  const { from, to, isOpen } = expectExcerpt(printed, shown);
  if (from > 0 && !shown.startsWith("...")) {
    throw new Error('The excerpt leaves out the first line without "..."');
  }
  if (to < printed.length && !isOpen) {
    throw new Error(`Lines follow, but no "...":\n${printed.slice(to).join("\n")}`);
  }
}
