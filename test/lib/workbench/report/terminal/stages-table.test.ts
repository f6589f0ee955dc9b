import { describe, expect, test } from "bun:test";
import { TestProgress } from "../../../../../lib/workbench/report/terminal/progress.ts";
import {
  type StageRow,
  stagesTable,
} from "../../../../../lib/workbench/report/terminal/stages-table.ts";
import { STAGES, type Stage } from "../../../../../lib/workbench/stages/stages.ts";
import { testOptionsOf } from "../../../../support/simulations/simulate.ts";

const isFull = false;
const waiting: readonly StageRow[] = STAGES.map((stage) => ({ stage, state: "waiting" }));
const linesOf = (table: string) => Bun.stripANSI(table).split("\n");

describe("stagesTable", () => {
  test("shows each stage's command, broken between its flags", () => {
    const stage: Stage = {
      ...{ id: "9", name: "Far away", bin: "echo", target: {} },
      flags: "-w echo --node-count 25 --time-limit 20 --rate 100 --latency 100",
    };
    const table = Bun.stripANSI(stagesTable([{ stage, state: "waiting" }], { isFull }));
    expect(table).toContain("│ 9 │ Far away  ");
    expect(table).toContain("│   │ -w echo --node-count 25 --time-limit 20 ");
    expect(table).toContain("│   │ --rate 100 --latency 100 ");
  });

  test.each([72, 80, 100, 120])("fits a screen of %d columns, with figures", (columns) => {
    const lines = linesOf(stagesTable(waiting, { isFull, columns }));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines.join()).toContain("msgs/op");
    expect(lines.join()).toContain("--node-count 1");
  });

  test.each([42, 60])("omits figures on %d columns while it is redrawn", (columns) => {
    const lines = linesOf(stagesTable(waiting, { isFull, columns, nowMs: 0 }));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines.join()).toContain("--node-count 1");
  });

  test("shows the progress of the running stage", () => {
    const [stage] = STAGES;
    if (stage === undefined) throw new Error("STAGES is empty");
    const progress = new TestProgress(testOptionsOf("echo", { timeLimitS: 20 }));
    progress.add(
      { index: 0, time: 0, type: "info", process: "nemesis", f: "start-kill", value: null },
      1000,
    );
    const row: StageRow = { stage, state: "running", startedMs: 0, progress };
    const lines = linesOf(stagesTable([row], { isFull, nowMs: 6000 })).join("\n");
    expect(lines).toContain("│ running │");
    expect(lines).toContain("│ 5.0 of 20 s, 15 s left ");
    expect(lines).toContain("│ faults: kill ");
    expect(lines).toContain("│ 6.0 s │");
  });

  test("limits stages that are not running to one line when brief", () => {
    const [first, ...others] = waiting;
    const running = { ...first, state: "running", startedMs: 0 } as StageRow;
    const lines = linesOf(stagesTable([running, ...others], { isFull, isBrief: true }));
    expect(lines.join()).toContain("--node-count 1");
    for (const { stage } of others) {
      const at = lines.findIndex((line) => line.startsWith(`│ ${stage.id} `));
      expect(lines[at + 1]).not.toStartWith("│   ");
    }
  });
});
