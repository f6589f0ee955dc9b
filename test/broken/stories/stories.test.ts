import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");

/** Repeats a run of docs/stories.md from its decisions, with the options of the document. */
async function replay(program: string): Promise<string> {
  const page = await Bun.file(join(ROOT, "docs/stories.md")).text();
  const commands = page.replaceAll("\\\n", "").match(/^vortex sim .*$/gm) ?? [];
  const command = commands.find((line) => {
    return line.includes(`stories/${program}.ts`) && line.includes(".decisions.json");
  });
  if (command === undefined) throw new Error(`docs/stories.md replays no decisions of ${program}`);
  const args = command.replace(" --shrink", "").split(/\s+/).slice(1);
  const { stdout, exitCode } = Bun.spawnSync([process.execPath, "lib/workbench/main.ts", ...args], {
    cwd: ROOT,
  });
  expect(exitCode).toBe(1);
  return stdout.toString();
}

test("the decisions of the story of the lease replay its stale read", async () => {
  expect(await replay("leasing-store")).toContain("nonlinearizable: key 0");
});

test("the decisions of the story of figure 8 replay the loss of a committed entry", async () => {
  expect(await replay("textbook-store")).toContain(
    'failed-assertion: "a committed entry is not replaced" did not hold on n1 at 29.686 s: {"index":1}',
  );
});
