import { expect, test } from "bun:test";
import { pathFrom } from "../../../../../lib/workbench/play/engine/load-program.ts";

test.each([
  ["a.ts", "./b.ts", "b.ts"],
  ["parts/a.ts", "../b.ts", "b.ts"],
  ["parts/a.ts", "./deep/.//b.ts", "parts/deep/b.ts"],
  ["a.ts", "../../../lib/vortex/index.ts", "lib/vortex/index.ts"],
  ["50%/#1 ?/a.ts", "./%20b.ts", "50%/#1 ?/%20b.ts"],
  ["a.ts", "./%.ts", "%.ts"],
])("%s imports %s from %s", (file, relative, path) => {
  expect(pathFrom(file, relative)).toBe(path);
});
