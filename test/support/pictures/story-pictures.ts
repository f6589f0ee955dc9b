/**
 * Draws the pictures of docs/stories.md: moments of the runs that it replays from decisions.
 *
 *   bun test/support/pictures/story-pictures.ts     writes docs/images/stories/
 *
 * A picture follows a comment with the moment, in ms, and the name of the program:
 *
 *   <!-- moment 8148..8149: leasing-store -->
 *   ![n1 answers from its copy](images/stories/lease.svg)
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { findingsOf } from "../../../lib/workbench/run/check-history.ts";
import { parseSim, runSim } from "../guide/sim-command.ts";
import { drawMoment } from "./moment.ts";

const ROOT = join(import.meta.dir, "../../..");
const DOCS = join(ROOT, "docs");

export interface StoryPicture {
  /** Path of the file. */
  readonly path: string;
  readonly caption: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly program: string;
}

/** Finds the pictures of the stories. */
export function storyPictures(): StoryPicture[] {
  const pattern = /<!-- moment ([\d.]+)\.\.([\d.]+): ([\w-]+) -->\s+!\[([^\]]+)\]\(([^)]+)\)/g;
  return [...stories().matchAll(pattern)].map(
    ([, from, to, program = "", caption = "", path = ""]) => ({
      path: join(DOCS, path),
      caption: caption.replaceAll(/\s+/g, " "),
      fromMs: Number(from),
      toMs: Number(to),
      program,
    }),
  );
}

/**
 * Returns the command by which the stories replay a program from decisions.
 *
 * @throws {Error} if there is none.
 */
export function replayOf(program: string): string {
  const commands = stories()
    .replaceAll("\\\n", "")
    .match(/^vortex sim .*$/gm);
  const command = commands?.find(
    (line) => line.includes(`${program}.ts `) && line.includes("--decisions"),
  );
  if (command === undefined) throw new Error(`docs/stories.md replays no decisions of ${program}`);
  return command.replace(" --shrink", "");
}

/** Replays a picture's run, and draws its moment. */
export async function drawStory({ program, caption, fromMs, toMs }: StoryPicture): Promise<string> {
  // Those of a file are named from the root of the repository.
  const command = replayOf(program)
    .replace(/\S+\.ts/, join("test/broken/stories", `${program}.ts`))
    .replace(/--decisions ([\w/.-]+)/, (_, file) => `--decisions ${resolve(ROOT, file)}`);
  const { trace, result } = await runSim(await parseSim(command, ROOT));
  const wrong = findingsOf(result)[0]?.operations ?? [];
  return drawMoment({ trace, fromMs, toMs, wrong, caption });
}

function stories(): string {
  return readFileSync(join(DOCS, "stories.md"), "utf8");
}

if (import.meta.main) {
  for (const picture of storyPictures()) {
    mkdirSync(dirname(picture.path), { recursive: true });
    writeFileSync(picture.path, await drawStory(picture));
  }
}
