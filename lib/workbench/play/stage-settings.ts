/** The stages as settings of the form. */
import type { TestOptions } from "../run/test-options.ts";
import { isOfStage } from "../stages/stage-target.ts";
import { STAGES, type Stage } from "../stages/stages.ts";
import { parseWords, type Settings, toOptions } from "./settings.ts";

interface StageSettings {
  readonly stage: Stage;
  readonly settings: Settings;
  readonly options: TestOptions;
}

export const STAGE_SETTINGS: readonly StageSettings[] = STAGES.map((stage) => {
  const settings = parseWords(stage.flags.split(" "));
  return { stage, settings, options: toOptions(settings) };
});

/** Returns the position of the stage that a test is a run of; -1 if it is not one. */
export function stageIndexOf(test: {
  readonly args: readonly string[];
  readonly options: TestOptions;
}): number {
  return STAGE_SETTINGS.findIndex(({ stage, options }) => isOfStage(stage, options, test));
}

/** Returns the stage that a test is a run of, if it is one. */
export function stageOf(test: Parameters<typeof stageIndexOf>[0]): Stage | undefined {
  return STAGE_SETTINGS[stageIndexOf(test)]?.stage;
}
