const PARTS = /\d+|\D+/g;
const DIGITS = /^\d/;

/**
 * Compares names so that `n10` comes after `n9`: numbers by value, the rest by code units. Unlike
 * `localeCompare`, the same in every engine.
 */
export function compareNaturally(one: string, other: string): number {
  const others = other.match(PARTS) ?? [];
  for (const [index, part] of (one.match(PARTS) ?? []).entries()) {
    const against = others[index];
    if (against === undefined) return 1;
    const order = compareParts(part, against);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

function compareParts(one: string, other: string): number {
  const byValue = DIGITS.test(one) && DIGITS.test(other) ? Number(one) - Number(other) : 0;
  if (byValue !== 0) return byValue;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
