/** Remarks on arguments that are valid, but probably not what was meant. */
import { modelNames } from "../checkers/elle/consistency-models.ts";
import type { TestOptions } from "../run/test-options.ts";
import { unknownWord } from "../suggestions.ts";

/** What a person may have meant otherwise. @param args The arguments of the program. */
export function remarksOn(args: readonly string[], options: TestOptions): string[] {
  return [...remarksOnDashes(args), ...remarksOnModels(options.consistencyModels)];
}

/** Remarks on models that no checker knows: it will come to no verdict then. */
function remarksOnModels(models: readonly string[]): string[] {
  return models
    .filter((model) => !modelNames.includes(model))
    .map(
      (model) =>
        `${unknownWord("consistency model", model, modelNames)} Transactions will not be judged.`,
    );
}

/** Remarks on words that look like options but begin with another kind of dash. */
function remarksOnDashes(args: readonly string[]): string[] {
  return args.flatMap((word) => {
    const dash = /^-*([\u2010-\u2015\u2212\ufe58\ufe63\uff0d])/.exec(word)?.[1];
    if (dash === undefined) return [];
    const codePoint = dash.charCodeAt(0).toString(16).toUpperCase();
    const meant = `--${word.replace(/^[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+/, "")}`;
    return [
      `"${word}" begins with another kind of dash (U+${codePoint}), so it is no option: it goes to the nodes as an argument, and so does a value after it. Did you mean "${meant}"?`,
    ];
  });
}
