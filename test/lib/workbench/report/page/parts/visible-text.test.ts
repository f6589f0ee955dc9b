import { expect, test } from "bun:test";
import { visible } from "../../../../../../lib/workbench/report/page/parts/visible-text.ts";

test("visible() replaces invisible and reordering characters by their codes", () => {
  expect(visible("a\u0000\u001b[2J\u202e\u2028é <script>")).toBe(
    "a\\u0000\\u001b[2J\\u202e\\u2028é <script>",
  );
});
