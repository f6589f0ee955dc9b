/** Finds the places in the program where a run went wrong, by the stack traces that it printed. */
import type { Problem, RunRecord } from "../engine/protocol.ts";

const MAX_PROBLEMS = 20;

/** Returns the place of the first line of a text that names one of the files; as many as there are. */
export function problemsOfText(text: string, files: ReadonlySet<string>): Problem[] {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => placeIn(line, files) !== undefined);
  const place = at < 0 ? undefined : placeIn(lines[at] ?? "", files);
  if (place === undefined) return [];
  // Above a stack are the error, and what was being done.
  const error = lines.slice(0, at).findLast((line) => /^\s*(?!at )\S/.test(line));
  return [{ ...place, text: (error ?? lines[0] ?? "").trim() }];
}

/** The errors that nodes logged with a stack trace: each place once, with how often. */
export function problemsOfLogs(
  { logs }: Pick<RunRecord, "logs">,
  files: ReadonlySet<string>,
): Problem[] {
  const found = new Map<string, { readonly problem: Problem; count: number }>();
  const lastLines = new Map<string, string>();
  let isInStack = false;
  for (const { node, line } of logs) {
    const isFrame = /^\s+at /.test(line);
    const place = isFrame && !isInStack ? placeIn(line, files) : undefined;
    if (place !== undefined) {
      isInStack = true;
      const text = (lastLines.get(node) ?? "").trim();
      const key = `${place.file}:${place.line}`;
      const known = found.get(key);
      if (known !== undefined) known.count++;
      else if (found.size < MAX_PROBLEMS) found.set(key, { problem: { ...place, text }, count: 1 });
    }
    if (!isFrame) {
      isInStack = false;
      lastLines.set(node, line);
    }
  }
  return [...found.values()].map(({ problem, count }) => ({
    ...problem,
    text: count === 1 ? problem.text : `${problem.text} (${count.toLocaleString("en")} times)`,
  }));
}

/** A file's place in a line of a stack trace: `at handler (/broadcast.ts:12:5)`. */
function placeIn(line: string, files: ReadonlySet<string>): Omit<Problem, "text"> | undefined {
  const [, file, row, column] = /\/((?:[^\s/():]+\/)*[^\s/():]+):(\d+):(\d+)/.exec(line) ?? [];
  if (file === undefined || !files.has(file)) return undefined;
  return { file, line: Number(row), column: Number(column) };
}
