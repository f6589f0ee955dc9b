/**
 * Draws the pictures of docs/guide/: moments of simulated runs.
 *
 *   bun test/support/pictures/guide-pictures.ts     writes docs/images/guide/
 *
 * In a chapter a picture follows a comment with the moment, in ms, and the command that gives it:
 *
 *   <!-- moment 0..120: vortex sim 2-unique-ids/1-counter.ts -w unique-ids --seed 2 -->
 *   ![Both nodes return 1](../images/guide/2-counter.svg)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { findingsOf } from "../../../lib/workbench/run/check-history.ts";
import { parseSim, runSim } from "../guide/sim-command.ts";
import { drawMoment } from "./moment.ts";

export const GUIDE = join(import.meta.dir, "../../../docs/guide");

export interface GuidePicture {
  /** Path of the file. */
  readonly path: string;
  readonly caption: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly command: string;
}

/** Finds the pictures of a chapter. */
export function picturesOf(chapter: string): GuidePicture[] {
  const text = readFileSync(join(GUIDE, chapter), "utf8");
  const pattern = /<!-- moment (\d+)\.\.(\d+): (vortex sim [^>]+?) -->\s+!\[([^\]]+)\]\(([^)]+)\)/g;
  return [...text.matchAll(pattern)].map(([, from, to, command = "", caption = "", path = ""]) => ({
    path: join(GUIDE, path),
    caption: caption.replaceAll(/\s+/g, " "),
    fromMs: Number(from),
    toMs: Number(to),
    command,
  }));
}

/** Runs a picture's command, and draws its moment. */
export async function draw({ caption, fromMs, toMs, command }: GuidePicture): Promise<string> {
  const { trace, result } = await runSim(await parseSim(command, GUIDE));
  const wrong = findingsOf(result)[0]?.operations ?? [];
  return drawMoment({ trace, fromMs, toMs, wrong, caption });
}

if (import.meta.main) {
  for (const chapter of new Glob("*.md").scanSync(GUIDE)) {
    for (const picture of picturesOf(chapter)) writeFileSync(picture.path, await draw(picture));
  }
}
