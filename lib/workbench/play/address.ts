/** Where `vortex play` serves the playground unless told otherwise, for links in reports and in the guide. */
export const PORT = 8421;

/** @param fragment What to open, without `#`. */
export function playAddress(fragment: string): string {
  return `http://127.0.0.1:${PORT}/#${fragment}`;
}
