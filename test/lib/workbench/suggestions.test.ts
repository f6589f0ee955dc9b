import { describe, expect, test } from "bun:test";
import { ECHO, vortex } from "../../support/processes/vortex.ts";

const SOURCE = new URL("../../../challenges/echo.ts", import.meta.url).pathname;

/** The suggestion, and the mistyped words. */
const MISTYPED: readonly [meant: string, words: string][] = [
  ["(Did you mean stages?)", "stagse"],
  ["(Did you mean --seed?)", `test --bin ${ECHO} --seeed 3`],
  ["(Did you mean --nemesis?)", "test --nemisis kill"],
  ["(Did you mean --full?)", "stages --ful"],
  ["(Did you mean --shrink?)", "sim x.ts --shrnk"],
  ['Did you mean "broadcast"?', `test -w brodcast --bin ${ECHO}`],
  ['Did you mean "kafka"?', "check -w kafak x"],
  ['Did you mean "partition"?', `test --bin ${ECHO} -w echo --nemesis kill,partitoin`],
  ['Did you mean "grid"?', `test --bin ${ECHO} -w broadcast --topology gird`],
  ['Did you mean "uniform"?', `test --bin ${ECHO} -w echo --latency-dist unifrom`],
  ['Did you mean "echo"?', `test --bin ${ECHO.replace("echo", "ecoh")} -w echo`],
  ['Did you mean "3d"?', "stages 3dd"],
  ['Did you mean "echo"?', `sim ${SOURCE} -w echo --export ecoh`],
];

describe("vortex", () => {
  test.concurrent.each(MISTYPED)("suggests %s for: vortex %s", async (meant, words) => {
    const { stderr, exitCode } = await vortex(...words.split(" "));
    expect(stderr).toContain(meant);
    expect(exitCode).toBe(254);
  });

  test("suggests a consistency model, and runs the test", async () => {
    const words = `sim ${SOURCE} -w echo --time-limit 1 --consistency-models read-commited`;
    const { stderr, exitCode } = await vortex(...words.split(" "));
    expect(stderr).toContain('Did you mean "read-committed"?');
    expect(exitCode).toBe(0);
  });

  test("suggests nothing for a word unlike any known one", async () => {
    const { stderr } = await vortex("stages", "everything");
    expect(stderr).toContain('Unknown stage "everything". Choose from 1, 2, 3a,');
  });
});
