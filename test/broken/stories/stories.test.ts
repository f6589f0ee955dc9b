import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { drawStory, replayOf, storyPictures } from "../../support/pictures/story-pictures.ts";

const ROOT = join(import.meta.dir, "../../..");

/** Repeats a run of docs/stories.md from its decisions, with the options of the document. */
function replay(program: string): string {
  const args = replayOf(program).split(/\s+/).slice(1);
  const { stdout, exitCode } = Bun.spawnSync([process.execPath, "lib/workbench/main.ts", ...args], {
    cwd: ROOT,
  });
  expect(exitCode).toBe(1);
  return stdout.toString();
}

test("the decisions of the story of the lease replay its stale read", () => {
  expect(replay("leasing-store")).toContain("nonlinearizable: key 0");
});

test("the decisions of the story of figure 8 replay the loss of a committed entry", () => {
  expect(replay("textbook-store")).toContain(
    'failed-assertion: "a committed entry is not replaced" did not hold on n1 at 29.686 s: {"index":1}',
  );
});

test("docs/stories.md shows the pictures that test/support/pictures/story-pictures.ts draws", async () => {
  const pictures = storyPictures();
  expect(pictures).toHaveLength(3);
  for (const picture of pictures) {
    expect(readFileSync(picture.path, "utf8")).toBe(await drawStory(picture));
  }
});
