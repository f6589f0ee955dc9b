const DEFAULT_MAX_LENGTH = 80;

/** Cuts a text that is too long to show, and appends its full length. */
export function shorten(text: string, maxLength = DEFAULT_MAX_LENGTH): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength)}... (${text.length} characters)`;
}

/** Puts a text in quotes, escaped as in JSON, and cut if it is too long to show. */
export function quote(text: string): string {
  return shorten(JSON.stringify(text));
}
