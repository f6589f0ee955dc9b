/**
 * Scenarios of the gossiper as text, in `testdata/`; `transcript.ts` explains the format. After a
 * change of the algorithm, rewrite them with UPDATE=1 and read the difference.
 */
import { expect, test } from "bun:test";
import { Glob } from "bun";
import { replay } from "./transcript.ts";

const FOLDER = `${import.meta.dir}/testdata`;

test.each([...new Glob("*.txt").scanSync(FOLDER)].sort())("%s is what happens", async (name) => {
  const file = Bun.file(`${FOLDER}/${name}`);
  const recorded = await file.text();
  const replayed = replay(recorded);
  if (process.env["UPDATE"] === "1") await Bun.write(file, replayed);
  else expect(replayed).toBe(recorded);
});
