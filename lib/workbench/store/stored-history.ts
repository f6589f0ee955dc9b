/**
 * Reads stored histories in either notation, streaming:
 *
 * - operations, one per line: a run of this workbench (JSON) or of Maelstrom (EDN);
 * - cases of the golden corpus, one per file or per line: a history and its options.
 *
 * Buffers the text of one operation, or of one case.
 *
 * @see Jepsen, `store.clj` (`history.edn`)
 */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { splitLines } from "../../protocol/lines.ts";
import { isObject } from "../../protocol/message.ts";
import { parseJson } from "../../vortex/index.ts";
import type { CheckOptions } from "../checkers/checker.ts";
import { EdnReader } from "../history/edn.ts";
import type { History, Operation } from "../history/history.ts";
import { JepsenLineReader } from "../history/jepsen-line.ts";
import { fromJepsen, readOperation } from "../history/stored-operation.ts";
import { isDrawn } from "../run/test-options.ts";
import { AnyNumber } from "../schemas.ts";

/** A history with its options, as far as they are stored. */
export interface StoredHistory {
  readonly history: History;
  /** Absent if only operations are stored. */
  readonly workload?: string;
  /** Absolute path of the file that the workload is from, if it is a user's. */
  readonly workloadFile?: string;
  readonly options: CheckOptions;
  /** Identifies a case within its file. */
  readonly number?: string;
  /** Recorded verdicts of a case. */
  readonly expected?: { readonly valid: unknown; readonly overallValid?: unknown };
  /** More consistency models to check it against. */
  readonly alsoUnder?: readonly { readonly consistencyModels: readonly string[] }[];
}

const Options = v.object({
  availability: v.nullish(v.union([v.literal("total"), AnyNumber])),
  consistencyModels: v.nullish(v.array(v.string())),
});

const Case = v.object({
  workload: v.string(),
  options: v.optional(Options, {}),
  history: v.array(v.unknown()),
  number: v.exactOptional(v.string()),
  expected: v.exactOptional(v.looseObject({ valid: v.unknown() })),
  alsoUnder: v.exactOptional(v.array(v.object({ consistencyModels: v.array(v.string()) }))),
});

/** A run's `test.json`; see `run-store.ts`. */
const DescriptionText = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    options: v.object({
      workload: v.string(),
      workloadFile: v.exactOptional(v.string()),
      /** The search that drew the settings of the test, under which nothing has to be ok. */
      search: v.exactOptional(v.array(v.string())),
      ...Options.entries,
    }),
  }),
);

/** Reads the `test.json` of a stored run. Returns `undefined` if the text is something else. */
export function readRunDescription(
  text: string,
): Pick<StoredHistory, "workload" | "workloadFile" | "options"> | undefined {
  const result = v.safeParse(DescriptionText, text);
  if (!result.success) return undefined;
  const { workload, workloadFile, ...options } = result.output.options;
  return {
    workload,
    ...(workloadFile === undefined ? {} : { workloadFile }),
    options: { ...checkOptions(options), ...(isDrawn(options) ? { mayNeverBeOk: true } : {}) },
  };
}

/**
 * Reads the histories of a file one by one.
 *
 * @param chunks The text, in chunks of one or more whole lines.
 * @throws {Error} at a broken history, after yielding the ones before it.
 */
export async function* readHistories(chunks: AsyncIterable<string>): AsyncGenerator<StoredHistory> {
  const operations: Operation[] = [];
  let hasCases = false;
  for await (const values of readValues(chunks)) {
    // A file can also hold its operations as one list.
    for (const value of values.some(Array.isArray) ? values.flat() : values) {
      if (isObject(value) && "history" in value) {
        hasCases = true;
        yield readCase(value);
      } else {
        operations.push(readOperation(value, operations.length));
      }
    }
  }
  if (operations.length > 0 || !hasCases) yield { history: operations, options: {} };
}

function readCase(value: unknown): StoredHistory {
  const { options, history, ...rest } = parsed(Case, value);
  return { ...rest, options: checkOptions(options), history: history.map(readOperation) };
}

function checkOptions({ availability, consistencyModels }: v.InferOutput<typeof Options>) {
  return {
    ...(availability == null ? {} : { availability }),
    ...(consistencyModels == null ? {} : { consistencyModels }),
  };
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, value: unknown) {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new Error(describeIssues(result.issues));
}

/** Reads whole lines and returns the values that they complete. */
interface ValueReader {
  push(lines: string): readonly unknown[];
  end(): readonly unknown[];
}

async function* readValues(chunks: AsyncIterable<string>): AsyncGenerator<readonly unknown[]> {
  let reader: ValueReader | undefined;
  let text = "";
  for await (const lines of chunks) {
    text += lines;
    reader ??= readerOf(text);
    if (reader === undefined) continue;
    yield reader.push(text);
    text = "";
  }
  if (reader !== undefined) yield reader.end();
  else if (text.trim() !== "") throw new Error(UNKNOWN_NOTATION);
}

const UNKNOWN_NOTATION = "neither JSON nor EDN";

/** Returns a reader for the notation of a text, or `undefined` if it is still ambiguous. */
function readerOf(text: string): ValueReader | undefined {
  const [, opening = "", first] = /^([\s,([{]*)(.)?/.exec(text) ?? [];
  if (first === undefined) return undefined;
  if (opening.includes("{") && (first === '"' || first === "}")) return new JsonReader();
  if (/[([{]/.test(opening) || first === "#" || first === ";") return new JepsenReader();
  throw new Error(UNKNOWN_NOTATION);
}

/** Reads JSON: one value per line, or one that spans all lines. */
class JsonReader implements ValueReader {
  #line = 0;
  #hasValues = false;
  /** The lines of a value that spans them all. */
  #document: string[] | undefined;

  push(lines: string): unknown[] {
    if (this.#document !== undefined) {
      this.#document.push(lines);
      return [];
    }
    const values: unknown[] = [];
    for (const line of splitLines(lines)) {
      this.#line++;
      if (line.trim() === "") continue;
      try {
        values.push(parseJson(line));
        this.#hasValues = true;
      } catch (error) {
        if (this.#hasValues) throw this.#error(error);
        this.#document = [lines];
        return [];
      }
    }
    return values;
  }

  end(): unknown[] {
    return this.#document === undefined ? [] : [parseJson(this.#document.join(""))];
  }

  #error(cause: unknown): Error {
    return new Error(`line ${this.#line}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Reads EDN as Jepsen prints it. */
class JepsenReader implements ValueReader {
  readonly #reader = new EdnReader();
  readonly #lineReader = new JepsenLineReader();

  push(lines: string): unknown[] {
    const values: unknown[] = [];
    for (let at = 0; at < lines.length; ) {
      const operation = this.#reader.isBetweenForms ? this.#lineReader.read(lines, at) : undefined;
      if (operation === undefined) {
        const end = lines.indexOf("\n", at) + 1 || lines.length;
        for (const form of this.#reader.push(lines.slice(at, end)).flat()) {
          values.push(fromJepsen(form));
        }
        at = end;
        continue;
      }
      values.push(fromJepsen(operation));
      at = this.#lineReader.end;
      if (lines[at] !== "\n") continue;
      this.#reader.skipLine();
      at++;
    }
    return values;
  }

  end(): unknown[] {
    this.#reader.end();
    return [];
  }
}
