import { expect, test } from "bun:test";
import { TextColumn } from "../../../../../../lib/workbench/report/recorder/columns/typed-columns.ts";

test.each([
  ["[10,11,12]", 10, "[10,11,12]"],
  ["[10,11,12]", 9, "[10,11,…"],
  ["[10,11,-1.5e+30]", 14, "[10,11,…"],
  ['{"a":1234567}', 10, '{"a":…'],
  ["abcdef 12345", 10, "abcdef 12…"],
  ['["a12345"]', 8, '["a1234…'],
])("a column of texts keeps %p, at most %p characters of it, as %p", (text, maxLength, kept) => {
  const column = new TextColumn(maxLength, 100);
  column.push(text);
  expect(new TextDecoder().decode(column.bytes())).toBe(kept);
  expect([...column.lengths()]).toEqual([kept.length]);
});
