/** Port of `vortex play` without `--port`: links in reports and in the guide lead to it. */
export const PORT = 8421;

/** @param fragment That of a link or an example, without `#`. */
export function playAddress(fragment: string): string {
  return `http://127.0.0.1:${PORT}/#${fragment}`;
}
