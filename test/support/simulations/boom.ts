/** Throws. Here, because stack traces of tests below `lib/workbench` look like those of the tester. */
export function boom(): never {
  throw new TypeError("boom");
}
