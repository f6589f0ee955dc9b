import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { newIncarnation } from "../../../challenges/broadcast/incarnation.ts";
import { mayHoldRawNumbers } from "../../../lib/protocol/json.ts";

/** The incarnation of a node that draws these two numbers, each given by its 53 bits. */
function incarnationOf(...draws: bigint[]): string {
  return newIncarnation({ id: "n0", random: () => Number(draws.shift() ?? 0n) / 2 ** 53 });
}

describe("newIncarnation", () => {
  test("starts with the node's id", () => {
    expect(incarnationOf(0n, 2n ** 53n - 1n)).toBe("n0~aaaaaaaaaadSPTIkmIRG");
  });

  test("never looks like a number, which would make messages slow to parse", () => {
    const draw = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
    fc.assert(
      fc.property(draw, draw, (one, two) => !mayHoldRawNumbers(`"${incarnationOf(one, two)}"`)),
    );
  });

  test("keeps each of the 106 bits that it draws", () => {
    const draw = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
    fc.assert(
      fc.property(draw, draw, fc.bigInt({ min: 0n, max: 52n }), (one, two, bit) => {
        const flip = 1n << bit;
        const three = [
          incarnationOf(one, two),
          incarnationOf(one ^ flip, two),
          incarnationOf(one, two ^ flip),
        ];
        expect(new Set(three).size).toBe(3);
      }),
    );
  });
});
