/** Reads the golden corpus; see `test/corpus/README.md`. */
import { join } from "node:path";
import { parseJson } from "../../../lib/vortex/index.ts";
import type { CheckOptions } from "../../../lib/workbench/checkers/checker.ts";
import type { History } from "../../../lib/workbench/history/history.ts";

/** A history under one set of options, and what Maelstrom's checkers say of it. */
export interface CorpusCase {
  /** Such as `"txn-rw-register/0007 under serializable"`. */
  readonly name: string;
  readonly note: string;
  readonly history: History;
  readonly options: CheckOptions;
  readonly expected: { readonly [field: string]: unknown };
  /** Whether this is the case itself, not its history under a further model. */
  readonly isMain: boolean;
}

interface CorpusLine {
  readonly number: string;
  readonly workload: string;
  readonly note: string;
  readonly options: CheckOptions;
  readonly history: History;
  readonly expected: CorpusCase["expected"];
  readonly alsoUnder?: readonly {
    readonly consistencyModels: readonly string[];
    readonly expected: CorpusCase["expected"];
  }[];
}

/** Every case of a workload. */
export async function corpusCases(workload: string): Promise<CorpusCase[]> {
  const file = Bun.file(join(import.meta.dir, `../../corpus/${workload}.jsonl.gz`));
  const lines = new TextDecoder()
    .decode(Bun.gunzipSync(await file.bytes()))
    .trimEnd()
    .split("\n");
  return lines.flatMap((line) => casesOf(parseCase(line)));
}

/**
 * Parses one case, whose values keep all digits of their numbers.
 *
 * Where a number is a fraction by its meaning, `1.0` is a plain 1: as an option, and as `okFraction`.
 */
function parseCase(line: string): CorpusLine {
  const exact = line.replace(/("okFraction": -?\d+)\.0\b/g, "$1");
  // The corpus is part of the project and has this shape.
  return { ...(parseJson(exact) as CorpusLine), options: JSON.parse(line).options };
}

function casesOf(line: CorpusLine): CorpusCase[] {
  const { note, history, options, expected, alsoUnder = [] } = line;
  const name = `${line.workload}/${line.number}`;
  return [
    { name, note, history, options, expected, isMain: true },
    ...alsoUnder.map(({ consistencyModels, expected }) => ({
      name: `${name} under ${consistencyModels.join()}`,
      note,
      history,
      options: { ...options, consistencyModels },
      expected,
      isMain: false,
    })),
  ];
}
