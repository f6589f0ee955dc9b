import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { stageOptions } from "../../../../lib/workbench/cli/stage-options.ts";
import { parseArguments } from "../../../../lib/workbench/play/page/arguments.ts";
import {
  DEFAULT_SETTINGS,
  FLAG_NAMES,
  flagOf,
  parseWords,
  problemOf,
  type Settings,
  toOptions,
  toWords,
} from "../../../../lib/workbench/play/settings.ts";
import { stageIndexOf, stageOf } from "../../../../lib/workbench/play/stage-settings.ts";
import { toArgv } from "../../../../lib/workbench/run/argv.ts";
import { shellCommand } from "../../../../lib/workbench/shell.ts";
import { STAGES } from "../../../../lib/workbench/stages/stages.ts";

describe.each(STAGES.map((stage) => [`${stage.id} ${stage.name}`, stage] as const))(
  "Stage %s",
  (_, stage) => {
    const settings = parseWords(stage.flags.split(" "));

    test("has the options that the command line gives it", () => {
      expect(toOptions({ ...settings, seed: "7" })).toEqual(stageOptions(stage, 7));
    });

    test("is recognised, with its target", () => {
      const run = { args: stage.args ?? [], options: toOptions(settings) };
      expect(STAGES[stageIndexOf(run)]?.id[0]).toBe(stage.id[0]);
      expect(stageOf(run)?.target).toEqual(stage.target);
    });

    test("is repeated by the words of its settings, and by those of its options", () => {
      expect(parseWords(toWords(settings))).toEqual(settings);
      const options = toOptions(settings);
      expect(toOptions(parseWords(toArgv(options)))).toEqual(options);
    });
  },
);

describe("Settings", () => {
  test("that are changed in any field survive as words", () => {
    const texts: Readonly<Partial<Record<keyof Settings, fc.Arbitrary<string>>>> = {
      "node-count": fc.integer({ min: 1, max: 200 }).map(String),
      rate: fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value.toFixed(3)),
      nemesis: fc.subarray(["partition", "kill", "loss", "disk"]).map((names) => names.join()),
      search: fc.subarray(["swarm", "order"]).map((names) => names.join()),
      availability: fc.constantFrom("", "total", "0.5"),
      liveness: fc.constantFrom("", "10", "2.5"),
      converge: fc.constantFrom("", "yes"),
      seed: fc.nat().map(String),
    };
    fc.assert(
      fc.property(fc.record(texts), (changed) => {
        const settings = { ...DEFAULT_SETTINGS, ...changed } as Settings;
        expect(parseWords(toWords(settings))).toEqual(settings);
      }),
    );
  });

  test.each([
    "-w nothing",
    "--node-count 0",
    "--node-count 201",
    "--nodes n1,n1",
    "--nodes c1",
    "--concurrency n",
    "--rate -1",
    "--rate 1e999",
    "--time-limit 1.5",
    "--latency NaN",
    "--nemesis partition,flood",
    "--availability 2",
    "--seed 9007199254740993",
    "--unknown 1",
    "--__proto__ 1",
    "--rate",
  ])("refuse %s", (command) => {
    expect(() => parseWords(command.split(" "))).toThrow();
  });

  test("that do not fit the workload are refused before a run", () => {
    const settings = parseWords(["-w", "echo", "--converge"]);
    expect(() => toOptions(settings)).toThrow("--converge: the nodes of echo cannot be compared");
  });

  test("have defaults without a problem, and a field that names them", () => {
    for (const name of FLAG_NAMES) {
      expect(problemOf(name, flagOf(name).standard)).toBeUndefined();
      expect(flagOf(name).label).not.toBe("");
    }
  });
});

describe("The program's arguments", () => {
  test("are split as a shell does", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (args) => {
        const words = args.filter((word) => word !== "");
        expect(parseArguments(shellCommand(words))).toEqual(words);
      }),
    );
  });

  test("may have quotes of both kinds, backslashes, and an open quote", () => {
    expect(parseArguments(`--a "b c" d\\ e 'f "g"' h'i`)).toEqual([
      "--a",
      "b c",
      "d e",
      'f "g"',
      "hi",
    ]);
  });
});
