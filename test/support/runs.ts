/** Returns the settings of a property with so many runs, or more if FC_RUNS asks for more. */
export function runs(count: number): { readonly numRuns: number } {
  return { numRuns: Math.max(count, Number(process.env["FC_RUNS"] ?? 0)) };
}
