import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { decodeLink } from "../../../../lib/workbench/play/link.ts";
import { linkRun } from "../../../../lib/workbench/play/server/link-run.ts";
import { parseWords, toOptions } from "../../../../lib/workbench/play/settings.ts";

const BROADCAST = join(import.meta.dir, "../../../../challenges/broadcast.ts");

function optionsOf(words: string) {
  return toOptions(parseWords(words.split(" ")));
}

describe("A link to a run", () => {
  test("opens the same program with the same options, arguments and decisions", async () => {
    const options = optionsOf(
      "-w broadcast --node-count 5 --concurrency 2n --rate 30 --time-limit 7 --latency 20 --latency-dist exponential --nemesis partition,kill --nemesis-interval 3 --topology line --liveness 2 --search swarm --seed 9",
    );
    const decisions = { version: 1 as const, main: { lengthNs: 5, operations: [] } };
    const args = ["--flush-ms", "40"];
    const link = await linkRun({ file: BROADCAST, args, options, decisions });
    const opened = await decodeLink(link ?? "");
    expect(toOptions(parseWords(opened.flags))).toEqual(options);
    expect(opened).toMatchObject({ args, decisions });
    expect(opened.files[0]?.source).toBe(await Bun.file(BROADCAST).text());
    expect(opened.files.length).toBeGreaterThan(1);
  });

  test.each([
    ["a workload of one's own", { workloadFile: "bank.ts" }],
    ["faults of one's own", { nemesis: ["./flood.ts"] }],
    ["more nodes than a page can draw", optionsOf("-w echo --node-count 200")],
  ])("is not made of %s", async (_, changed) => {
    const options = { ...optionsOf("-w echo"), ...changed };
    const nodeIds = options.nodeIds.length === 200 ? [...options.nodeIds, "n200"] : options.nodeIds;
    const link = linkRun({ file: BROADCAST, args: [], options: { ...options, nodeIds } });
    expect(await link).toBeUndefined();
  });

  test("is not made of a program that cannot be read", async () => {
    const link = linkRun({ file: "absent.ts", args: [], options: optionsOf("-w echo") });
    expect(await link).toBeUndefined();
  });
});
