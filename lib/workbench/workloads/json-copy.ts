import { isRawNumber, type Json } from "../../vortex/index.ts";

/**
 * Copies a value that is to be recorded, and freezes the copy: what the code of a workload does to its
 * own value later does not change the history.
 *
 * @throws {TypeError} for what JSON cannot represent; names where.
 */
export function jsonCopy(value: unknown, path = ""): Json {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new TypeError(`${at(path)}${value}, which JSON cannot represent`);
  }
  if (isRawNumber(value)) return value;
  if (Array.isArray(value)) {
    return Object.freeze(Array.from(value, (item, index) => jsonCopy(item, `${path}[${index}]`)));
  }
  if (isPlainObject(value)) {
    const entries = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => [key, jsonCopy(field, `${path}.${key}`)] as const);
    return Object.freeze(Object.fromEntries(entries));
  }
  throw new TypeError(`${at(path)}${nameOf(value)}, which is not JSON`);
}

function at(path: string): string {
  return path === "" ? "the value is " : `${path} is `;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm or of v.record has another prototype, or none.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown): string {
  if (value === undefined) return "undefined";
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  return `a ${value.constructor.name}`;
}
