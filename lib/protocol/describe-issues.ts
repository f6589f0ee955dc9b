/** Schema issues in plain words, for error replies and logs. */
import type * as v from "valibot";
import { isRawNumber } from "./json.ts";
import { quote, shorten } from "./shorten.ts";

/**
 * Describes why a schema refused a value: the field, what was expected, what it is.
 *
 * Covers the first few issues and cuts long values, so that the text stays short for any input.
 *
 * @example
 * `"delta" must be a number, but is "5"; "key" is missing`
 */
export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  const described = issues.slice(0, MAX_ISSUES).map(describeIssue);
  if (issues.length > MAX_ISSUES) described.push(`and ${issues.length - MAX_ISSUES} more`);
  return described.join("; ");
}

const MAX_ISSUES = 5;

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = issue.path?.map((item) => String(item.key)).join(".");
  const field = path === undefined ? "The value" : `"${shorten(path)}"`;
  if (issue.input === undefined) return `${field} is missing`;
  if (issue.expected === "never") return `${field} is not allowed`;
  return `${field} ${shorten(describeExpected(issue))}, but is ${describeValue(issue)}`;
}

function describeExpected({ type, expected, message, input }: v.BaseIssue<unknown>): string {
  if (type === "integer") return "must be an integer";
  // Custom checks say what they want; some of valibot's own leave `expected` empty.
  if (type === "custom" || expected === null) return message;
  if (expected === "number" && isRawNumber(input)) {
    return "must be a number that JavaScript keeps as written";
  }
  if (type.endsWith("length")) return `must have length ${expected}`;
  return `must be ${kindName(expected)}`;
}

function kindName(expected: string): string {
  switch (expected) {
    case "string":
    case "number":
    case "boolean":
      return `a ${expected}`;
    case "Array":
    case "Object":
      return `an ${expected.toLowerCase()}`;
    default:
      return expected;
  }
}

function describeValue({ input, received }: v.BaseIssue<unknown>): string {
  if (isRawNumber(input)) return shorten(input.rawJSON);
  if (Array.isArray(input)) return "an array";
  if (typeof input === "object" && input !== null) return "an object";
  return typeof input === "string" ? quote(input) : shorten(received);
}
