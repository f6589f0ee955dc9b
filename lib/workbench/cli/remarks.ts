/** Remarks on arguments that are valid but probably mistyped. */
import { modelNames } from "../checkers/elle/consistency-models.ts";
import type { TestOptions } from "../run/test-options.ts";
import { unknownWord } from "../suggestions.ts";

/** Returns the remarks on a command line. @param args The arguments of the program. */
export function remarksOn(args: readonly string[], options: TestOptions): string[] {
  return [...remarksOnDashes(args), ...remarksOnModels(options.consistencyModels)];
}

/** Remarks on unknown models, with which the verdict is "unknown". */
function remarksOnModels(models: readonly string[]): string[] {
  return models
    .filter((model) => !modelNames.includes(model))
    .map(
      (model) =>
        `${unknownWord("consistency model", model, modelNames)} Transactions will not be checked.`,
    );
}

/** Remarks on words that look like options but start with another dash, as editors insert. */
function remarksOnDashes(args: readonly string[]): string[] {
  return args.flatMap((word) => {
    const dash = /^-*([\u2010-\u2015\u2212\ufe58\ufe63\uff0d])/.exec(word)?.[1];
    if (dash === undefined) return [];
    const codePoint = dash.charCodeAt(0).toString(16).toUpperCase();
    const meant = `--${word.replace(/^[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+/, "")}`;
    return [
      `"${word}" starts with another dash than "-" (U+${codePoint}), so it is passed to the nodes as an argument, with its value. Did you mean "${meant}"?`,
    ];
  });
}
