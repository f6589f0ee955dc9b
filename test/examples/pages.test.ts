/**
 * Runs the commands in the pages of the examples that show what they print: sweeps with `--shrink`, with
 * the first of their seeds, which fails. `SEEDS` raises the number of seeds.
 *
 * Text blocks up to the next command are excerpts of its output, in any order: lines that are left out are
 * a line `...`, or at either end.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import {
  expectExcerpt,
  isCode,
  linesOf,
  simCommandsIn,
  tokensOf,
} from "../support/guide/excerpts.ts";
import { DIST, ROOT, temporaryDirectory } from "../support/processes/vortex.ts";
import { simulationSeeds } from "../support/seeds.ts";

setDefaultTimeout(180_000);

const PAGES = [...new Glob("docs/examples/*/README.md").scanSync(ROOT)].sort();

describe.each(PAGES)("%s", (page) => {
  test.each(shownCommandsOf(page))("shows what it prints: %s", async (command, excerpts) => {
    const { length } = simulationSeeds(1);
    const [, ...args] = command.replace(/--seeds \S+/, `--seeds 1..${length}`).split(" ");
    const child = Bun.spawn([join(DIST, "vortex"), ...args, "--store", temporaryDirectory()], {
      cwd: join(ROOT, dirname(page)),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      env: { ...process.env, NO_COLOR: "1" },
    });
    const printed = linesOf(await child.stdout.text());
    expect(excerpts).not.toEqual([]);
    for (const excerpt of excerpts) expectExcerpt(printed, excerpt);
  });
});

test("the pages of the examples show what their broken programs do", () => {
  expect(PAGES.filter((page) => shownCommandsOf(page).length !== 1)).toEqual([]);
});

/** The commands with `--shrink`, and the excerpts of what each prints. */
function shownCommandsOf(page: string): [command: string, shown: string[]][] {
  const commands: [string, string[]][] = [];
  let excerpts: string[] | undefined;
  for (const { lang, text } of tokensOf(join(ROOT, page)).filter(isCode)) {
    if (lang === "sh") {
      const command = simCommandsIn(text).at(-1);
      excerpts = command?.includes("--shrink") === true ? [] : undefined;
      if (command !== undefined && excerpts !== undefined) commands.push([command, excerpts]);
    } else if (lang === "text") excerpts?.push(text);
  }
  return commands;
}
