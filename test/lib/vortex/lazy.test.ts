import { expect, test } from "bun:test";
import { lazy } from "../../../lib/vortex/lazy.ts";

test.each([[7], [undefined]])("lazy runs a function once, and returns %p each time", (result) => {
  let count = 0;
  const task = lazy(() => {
    count++;
    return result;
  });
  expect(count).toBe(0);
  expect([task(), task()]).toEqual([result, result]);
  expect(count).toBe(1);
});
