/** Scenarios of the gossiper as text, in `testdata/`; `transcript.ts` explains their commands. */
import { expect, test } from "bun:test";
import { Glob } from "bun";
import { ROOT } from "../../support/processes/vortex.ts";
import { testTranscripts } from "../../support/transcript.ts";
import { GossiperPlayer } from "./transcript.ts";

const FOLDER = `${import.meta.dir}/testdata`;

testTranscripts(FOLDER, () => new GossiperPlayer());

test("docs/challenges/broadcast.md quotes transcripts correctly", async () => {
  const files = [...new Glob(`${FOLDER}/*.txt`).scanSync("/")];
  const texts = await Promise.all(files.map((file) => Bun.file(file).text()));
  const lines = new Set(texts.flatMap((text) => text.split("\n")));
  const page = await Bun.file(`${ROOT}/docs/challenges/broadcast.md`).text();
  const quoted = page.split("\n").filter((line) => / -> n\d~/.test(line));
  expect(quoted.length).toBeGreaterThan(0);
  expect(quoted.filter((line) => !lines.has(line))).toEqual([]);
});
