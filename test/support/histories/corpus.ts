/** Reads the corpus of histories and Maelstrom's verdicts on them; see `test/corpus/README.md`. */
import { join } from "node:path";
import { parseJson } from "../../../lib/vortex/index.ts";
import type { CheckOptions } from "../../../lib/workbench/checkers/checker.ts";
import type { History } from "../../../lib/workbench/history/history.ts";

/** A history, the options to check it under, and the verdict of Maelstrom's checkers. */
export interface CorpusCase {
  /** For example `"txn-rw-register/0007 under serializable"`. */
  readonly name: string;
  readonly note: string;
  readonly history: History;
  readonly options: CheckOptions;
  readonly expected: { readonly [field: string]: unknown };
  /** Whether this is the recorded case; false for the same history under another consistency model. */
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

/** Reads all cases of a workload. */
export async function corpusCases(workload: string): Promise<CorpusCase[]> {
  const file = Bun.file(join(import.meta.dir, `../../corpus/${workload}.jsonl.gz`));
  const lines = new TextDecoder()
    .decode(Bun.gunzipSync(await file.bytes()))
    .trimEnd()
    .split("\n");
  return lines.flatMap((line) => casesOf(parseCase(line)));
}

/**
 * Parses a case. Numbers in values keep all their digits.
 *
 * In options and in `okFraction`, `1.0` is read as 1: there it is a fraction, not a value.
 */
function parseCase(line: string): CorpusLine {
  const exact = line.replace(/("okFraction": -?\d+)\.0\b/g, "$1");
  // Cast: the corpus is part of this repository and has this shape.
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
