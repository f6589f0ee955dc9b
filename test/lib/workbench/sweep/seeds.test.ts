import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseSeeds, parseShard, shardOf } from "../../../../lib/workbench/sweep/seeds.ts";

describe("parseSeeds", () => {
  test.each([
    ["7", [7]],
    ["1..4", [1, 2, 3, 4]],
    ["1..3, 9, 2..5", [1, 2, 3, 9, 4, 5]],
    ["0", [0]],
  ])("reads %s", (text, seeds) => {
    expect(parseSeeds(text)).toEqual(seeds);
  });

  test.each(["", "x", "-1", "1..", "x.5", "1..99999999999999999999"])(
    "refuses %p and names the expected forms",
    (text) => {
      expect(() => parseSeeds(text)).toThrow(/neither a seed, such as 7, nor a range/);
    },
  );

  test("refuses a range that runs backwards, and turns it round", () => {
    expect(() => parseSeeds("10..1")).toThrow('"10..1" runs backwards. Write it as 1..10');
    expect(() => parseSeeds("5,3..1")).toThrow("Write it as 1..3");
  });

  test("refuses a range in another notation, and rewrites it", () => {
    for (const text of ["1-10", "1...10", "1:10", "1 - 10"]) {
      expect(() => parseSeeds(text)).toThrow(`"${text}" is not a range. Write it as 1..10`);
    }
  });

  test("refuses more than ten million seeds", () => {
    expect(() => parseSeeds("1..1000000000")).toThrow("has more than 10000000 seeds");
  });
});

describe("parseShard", () => {
  test("reads i/n", () => {
    expect(parseShard("3/20")).toEqual({ index: 3, count: 20 });
  });

  test.each(["1", "a/b", "1/2/3"])("refuses %p", (text) => {
    expect(() => parseShard(text)).toThrow("is not a shard");
  });
});

test("parseShard names the shards that exist", () => {
  for (const text of ["0/3", "4/3"]) {
    expect(() => parseShard(text)).toThrow(`"${text}" is not one of the shards 1/3 to 3/3`);
  }
  expect(() => parseShard("1/0")).toThrow('"1/0" has no parts');
});

describe("shardOf", () => {
  test("assigns every seed to exactly one shard, and about as many to each", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat()), fc.integer({ min: 1, max: 9 }), (seeds, count) => {
        const shards = Array.from({ length: count }, (_, index) =>
          shardOf(seeds, { index: index + 1, count }),
        );
        expect(shards.flat().sort()).toEqual([...seeds].sort());
        const sizes = shards.map((shard) => shard.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
