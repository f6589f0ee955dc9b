import { expect, test } from "bun:test";
import { stageOptions, targetOf } from "../../../../lib/workbench/cli/stage-options.ts";
import { STAGES } from "../../../../lib/workbench/stages/stages.ts";

test.each(STAGES.map((stage) => [`${stage.id} ${stage.name}`, stage] as const))(
  "a run of stage %s gets that stage's target",
  (_, stage) => {
    const run = { args: stage.args ?? [], options: stageOptions(stage, 7) };
    expect(targetOf(run)).toEqual(stage.target);
  },
);

test("a run shorter than its stage gets no target", () => {
  for (const stage of STAGES) {
    const options = { ...stageOptions(stage, 7), timeLimitS: 5 };
    expect(targetOf({ args: stage.args ?? [], options })).toBeUndefined();
  }
});
