import { expect, test } from "bun:test";
import { once } from "../../../lib/vortex/lazy.ts";

test.each([[7], [undefined]])("once does something once, and returns %p each time", (result) => {
  let count = 0;
  const task = once(() => {
    count++;
    return result;
  });
  expect(count).toBe(0);
  expect([task(), task()]).toEqual([result, result]);
  expect(count).toBe(1);
});
