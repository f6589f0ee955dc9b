import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { shown } from "../../../../../lib/workbench/play/engine/shown.ts";
import { briefOf, textOf } from "../../../../../lib/workbench/play/engine/shown-text.ts";

class Replica {
  readonly values = new Set([1, 2]);
  #secret = 7;
  get secret() {
    return this.#secret;
  }
}

describe("A value", () => {
  test.each([
    [new Map([["n0", 3]]), "Map { n0: 3 }"],
    [new Set([5, "x"]), 'Set {5, "x"}'],
    [[1, null, true], "[1, null, true]"],
    [{ values: [1], done: false }, "{ values: [1], done: false }"],
    [new Replica(), "Replica { values: Set {1, 2} }"],
    [new Uint8Array([1, 2]), "Uint8Array { 0: 1, 1: 2 }"],
    [Object.create(null), "{}"],
    [JSON.parse('{"__proto__":1,"2":3}'), "{ 2: 3, __proto__: 1 }"],
    [9007199254740993n, "9007199254740993n"],
    [Number.NaN, "NaN"],
    [-0, "-0"],
    [undefined, "undefined"],
    [new Map([[{ a: 1 }, 2]]), "Map { { a: 1 }: 2 }"],
    [{ [Symbol.toPrimitive]: 1, f: () => 1 }, "{ f: function f }"],
  ])("%p is shown as %s", (value, text) => {
    expect(textOf(JSON.parse(JSON.stringify(shown(value))))).toBe(text);
  });

  test.each([
    [new Set([7]), "{7}"],
    [{ values: [1, 2], more: "x" }, "[1, 2]"],
    [new Map([["n0", 1]]), "{ n0: 1 }"],
    [Array.from({ length: 12 }, () => 1), "12 entries"],
    ["a long text that does not fit", '"a long tex…'],
    [{}, "{}"],
  ])("%p beside a node is %s", (value, text) => {
    expect(briefOf(shown(value))).toBe(text);
  });

  test("may hold itself, and may throw", () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle["self"] = circle;
    expect(textOf(shown(circle))).toBe("{ a: 1, self: (itself) }");
    const hostile = {
      get x(): number {
        throw new Error("no");
      },
    };
    expect(textOf(shown({ hostile }))).toBe("{ hostile: (it cannot be shown: Error: no) }");
  });

  test("may be a map whose keys hold it", () => {
    const map = new Map<unknown, unknown>([[[1, 2], 3]]);
    for (let count = 0; count < 3; count++) map.set([map], count);
    expect(textOf(shown(map))).toBe(
      "Map { [1, 2]: 3, [(itself)]: 0, [(itself)]: 1, [(itself)]: 2 }",
    );
  });

  test("may be a function without a plain name", () => {
    const named = Object.defineProperty(() => {}, "name", { value: Symbol("x") });
    expect(textOf(shown([named]))).toBe("[function Symbol(x)]");
  });

  test("of many entries is not copied as a whole", () => {
    const sparse = Object.assign([1], { length: 4e9 });
    expect(shown(sparse)).toMatchObject({ kind: "Array", size: 4e9 });
    expect(shown(new Uint8Array(1e7))).toMatchObject({ kind: "Uint8Array", size: 1e7 });
  });

  test("is cut if it is deep, long or large", () => {
    const deep = Array.from({ length: 50 }).reduce<unknown>((inner) => [inner], 1);
    expect(textOf(shown(deep))).toContain("…");
    expect(shown(Array.from({ length: 1000 }, (_, index) => index))).toMatchObject({ size: 1000 });
    const table = Array.from({ length: 200 }, () =>
      Array.from({ length: 200 }, () => "x".repeat(500)),
    );
    expect(JSON.stringify(shown(table)).length).toBeLessThan(1_500_000);
  });

  test("of any kind is shown as JSON", () => {
    fc.assert(
      fc.property(
        fc.anything({ maxDepth: 3, withMap: true, withSet: true, withBigInt: true }),
        (value) => {
          expect(typeof textOf(JSON.parse(JSON.stringify(shown(value))))).toBe("string");
        },
      ),
    );
  });
});
