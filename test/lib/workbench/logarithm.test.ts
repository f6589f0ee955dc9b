import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { binaryExponent, exp, log } from "../../../lib/workbench/logarithm.ts";

/** The distance of two results, in units of the last place of the second. */
function ulps(result: number, accurate: number): number {
  return Math.abs(result - accurate) / 2 ** (binaryExponent(Math.abs(accurate)) - 52);
}

describe("The portable functions", () => {
  test("log is within one unit in the last place of the engine's", () => {
    expect(log(1)).toBe(0);
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (value) => {
        if (value !== 1) expect(ulps(log(value), Math.log(value))).toBeLessThanOrEqual(1);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 2 ** -53, max: 1 - 2 ** -53, noNaN: true }), (value) => {
        expect(ulps(log(value), Math.log(value))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("exp is within one unit in the last place of the engine's", () => {
    expect(exp(0)).toBe(1);
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (power) => {
        expect(ulps(exp(power), Math.exp(power))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("log and exp give these bits, on this engine and on all others", () => {
    const hex = (value: number) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, value);
      return view.getBigUint64(0).toString(16);
    };
    let bits = "";
    for (let step = 1; step <= 1000; step++)
      bits += hex(log(step / 1001)) + hex(exp(step / 7 - 70));
    expect(new Bun.CryptoHasher("sha256").update(bits).digest("hex")).toBe(
      "c4a8ea829a093f8beaa95326ce6868420e090680e9b71338c81567420cca1f84",
    );
  });

  test("binaryExponent is the exponent of the greatest power of 2 at or below a number", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1000, max: 1000 }),
        fc.double({ min: 1, max: 1.999, noNaN: true }),
        (exponent, factor) => {
          expect(binaryExponent(factor * 2 ** exponent)).toBe(exponent);
        },
      ),
    );
  });
});
