/** docs/anomalies.md describes every anomaly that a checker can report. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { CYCLE_TYPES } from "../lib/workbench/checkers/elle/cycles/cycle-types.ts";
import { draw, PICTURE_DIRECTORY, PICTURES } from "./support/pictures/anomaly-pictures.ts";
import { ROOT } from "./support/processes/vortex.ts";

const page = readFileSync(join(ROOT, "docs/anomalies.md"), "utf8");
const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, name]) => name);

/** Names in the sources of the checkers, without the endings that the page describes once for all. */
function reportedNames(): string[] {
  const names = new Set<string>(CYCLE_TYPES.map(({ name }) => name));
  const directory = join(ROOT, "lib/workbench/checkers");
  for (const file of new Glob("**/*.ts").scanSync(directory)) {
    const source = readFileSync(join(directory, file), "utf8");
    const literals =
      /(?:\banomaly: |\b(?:anomalies|findings)\.add\(|^export const [A-Z_]+ = |^ {2}\| )"([A-Za-z][\w-]+)"/gm;
    const code = source.replaceAll(/^\s*\*.*$/gm, "");
    for (const [, name = ""] of code.matchAll(literals)) names.add(name);
  }
  const bare = [...names].map((name) =>
    name.replace(/-(process|realtime)$/, "").replace(/-item$/, ""),
  );
  return [...new Set(bare)].filter((name) => !name.endsWith("-cycle-exists")).sort();
}

describe("docs/anomalies.md", () => {
  test("describes every anomaly that a checker can report", () => {
    const reported = reportedNames();
    for (const known of [
      "lost",
      "G1a",
      "G-single",
      "poll-skip",
      "unseen",
      "unexpected",
      "cycle-search-timeout",
    ]) {
      expect(reported).toContain(known);
    }
    expect(reported.filter((name) => !headings.includes(name))).toEqual([]);
  });

  test("describes each anomaly once, with its picture", () => {
    expect(new Set(headings).size).toBe(headings.length);
    for (const [name, { caption }] of Object.entries(PICTURES)) {
      expect(headings).toContain(name);
      expect(page).toContain(`![${caption}](images/anomalies/${name}.svg)`);
    }
  });

  test("shows the pictures that test/support/pictures/anomaly-pictures.ts draws", () => {
    const names = Object.keys(PICTURES).map((name) => `${name}.svg`);
    expect(readdirSync(PICTURE_DIRECTORY).sort()).toEqual(names.sort());
    for (const [name, picture] of Object.entries(PICTURES)) {
      const drawn = readFileSync(join(PICTURE_DIRECTORY, `${name}.svg`), "utf8");
      expect(drawn).toBe(draw(picture));
    }
  });
});
