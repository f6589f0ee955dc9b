import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { jsonKey } from "../../../../../lib/protocol/json-key.ts";
import type { Json } from "../../../../../lib/vortex/index.ts";
import { bucketKey } from "../../../../../lib/workbench/nats/services/key.ts";

/** Made here: of strings of all characters it takes seconds, which would count for a test. */
const json = fc.jsonValue({ stringUnit: "binary", maxDepth: 2 }) as fc.Arbitrary<Json>;

describe("bucketKey", () => {
  test("leaves letters, digits, - and _ as they are", () => {
    expect([5, -1, "total", "a b", null, { a: [1] }].map(bucketKey)).toEqual([
      "5",
      "-1",
      "=22total=22",
      "=22a=20b=22",
      "null",
      "=7b=22a=22=3a=5b1=5d=7d",
    ]);
  });

  test("makes a key that NATS accepts from any JSON", () => {
    fc.assert(fc.property(json, (key) => /^[-/_=a-zA-Z0-9]{1,1024}$/.test(bucketKey(key))));
  });

  test("differs for keys that differ, and only for them", () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        return (jsonKey(one) === jsonKey(other)) === (bucketKey(one) === bucketKey(other));
      }),
    );
  });

  test("hashes a key that is too long for a subject", () => {
    const [one, other] = ["a", "b"].map((last) => bucketKey("x".repeat(2000) + last));
    expect(one).toStartWith("=sha256=");
    expect(one).not.toBe(other);
  });
});
