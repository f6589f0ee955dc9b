/** Finds the source line of an error in what a node has logged. */

/** Number of lines after the error's text, or before it, that may belong to its stack trace. */
const TRACE_LINES = 20;
/** `at handler (/home/me/echo.ts:6:5)`, `/home/me/main.go:6 +0x1d`. */
const FRAME = /([^\s()"':]+\.[A-Za-z]\w*):(\d+)/;
/** `File "/home/me/echo.py", line 6, in handler`. */
const PYTHON_FRAME = /File "([^"]+)", line (\d+)/;
/** Frames of the library and of runtimes. */
const FOREIGN =
  /(^|\/)lib\/(vortex|protocol|workbench)\/|node_modules\/|^(node|bun|native):|\$bunfs/;
/** Words that tell a text from others. */
const WORD = /[\w$]{3,}/g;
/** Fewer words may occur anywhere. */
const MIN_WORDS = 2;

/**
 * Finds the program's own frame that is nearest to the error: below its text, as JavaScript and Go
 * print stack traces, or above it, as Python does.
 *
 * @returns File name and line, such as `"echo.ts:6"`.
 */
export function locationOf(text: string, log: readonly string[]): string | undefined {
  const [firstLine = ""] = text.split("\n", 1);
  // Programs print an error in several notations: `KeyError('a')` and `KeyError: 'a'`.
  const words = firstLine.match(WORD) ?? [];
  if (words.length < MIN_WORDS) return undefined;
  const at = log.findIndex((line) => words.every((word) => line.includes(word)));
  if (at < 0) return undefined;
  const above = log.slice(Math.max(0, at - TRACE_LINES), at).reverse();
  return firstFrame(above, PYTHON_FRAME) ?? firstFrame(log.slice(at, at + TRACE_LINES), FRAME);
}

function firstFrame(lines: readonly string[], pattern: RegExp): string | undefined {
  for (const line of lines) {
    const [, file, number] = pattern.exec(line) ?? [];
    if (file === undefined || FOREIGN.test(file)) continue;
    return `${file.slice(file.lastIndexOf("/") + 1)}:${number}`;
  }
  return undefined;
}
