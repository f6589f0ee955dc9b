/**
 * The order of JSON values under Clojure's `compare`.
 *
 * Jepsen sorts what it reports, and its sorting throws where two values cannot be compared. Such a
 * history gets the verdict "unknown", so the errors matter as much as the order.
 *
 * `null` comes first. Integers compare exactly, other numbers as doubles; strings by UTF-16 code
 * unit; `false` before `true`; arrays by length, then by element. Objects cannot be compared, nor
 * can values of two different types.
 *
 * @see Clojure, `clojure.lang.Util.compare` and `APersistentVector.compareTo`
 */
import { isArray } from "../../../protocol/json-key.ts";
import { isRawNumber, type Json, type RawNumber } from "../../../vortex/index.ts";
import { quote } from "../wording.ts";

/**
 * Returns a negative number if `one` comes before `other`, a positive one if after, 0 if neither.
 *
 * @throws {Error} if the two cannot be compared.
 */
export function compareJson(one: Json, other: Json): number {
  const pending: [Json, Json][] = [[one, other]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const order =
      isArray(pair[0]) && isArray(pair[1])
        ? compareArrays(pair[0], pair[1], pending)
        : compareScalars(pair[0], pair[1]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares lengths; pushes the elements still to compare onto `pending`, the first on top. */
function compareArrays(
  one: readonly Json[],
  other: readonly Json[],
  pending: [Json, Json][],
): number {
  if (one.length !== other.length) return one.length - other.length;
  for (let index = one.length - 1; index >= 0; index--) {
    pending.push([one[index] ?? null, other[index] ?? null]);
  }
  return 0;
}

function compareScalars(one: Json, other: Json): number {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null);
  if (isNumber(one) && isNumber(other)) return compareNumbers(one, other);
  if (typeof one === "string" && typeof other === "string") return sign(one, other);
  if (typeof one === "boolean" && typeof other === "boolean") return Number(one) - Number(other);
  throw new Error(
    `Cannot compare ${quote(one)} with ${quote(other)}. Jepsen's checker stops there too, as it sorts these values: return values of one kind, all numbers or all strings`,
  );
}

function compareNumbers(one: number | RawNumber, other: number | RawNumber): number {
  if (typeof one === "number" && typeof other === "number") return sign(one, other);
  const [a, b] = [integerOf(one), integerOf(other)];
  if (a !== undefined && b !== undefined) return sign(a, b);
  return sign(doubleOf(one), doubleOf(other));
}

function sign<T extends number | bigint | string>(one: T, other: T): number {
  return one < other ? -1 : Number(one > other);
}

function isNumber(value: Json): value is number | RawNumber {
  return typeof value === "number" || isRawNumber(value);
}

function doubleOf(value: number | RawNumber): number {
  return typeof value === "number" ? value : Number(value.rawJSON);
}

/** The value, if it was written as an integer: `1`, not `1.0`. */
function integerOf(value: number | RawNumber): bigint | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  return /^-?\d+$/.test(value.rawJSON) ? BigInt(value.rawJSON) : undefined;
}
