/** Returns an id that no other test has: 8 characters, each one of 36. */
export function freshId(): string {
  const digits = crypto.getRandomValues(new Uint32Array(8));
  return [...digits].map((digit) => (digit % 36).toString(36)).join("");
}
