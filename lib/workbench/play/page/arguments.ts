/**
 * Splits a text into words as a shell does: at spaces, unless they are within quotes or behind a backslash. An open
 * quote ends with the text.
 */
export function parseArguments(text: string): string[] {
  const words = text.match(/(?:'[^']*'?|"[^"]*"?|\\[\s\S]|[^\s'"\\]|\\$)+/g) ?? [];
  return words.map((word) =>
    word.replace(
      /'([^']*)'?|"([^"]*)"?|\\([\s\S]?)/g,
      (_, single, double, escaped) => single ?? double ?? escaped,
    ),
  );
}
