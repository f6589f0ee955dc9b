import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { InvalidOptions } from "../../../../lib/workbench/invalid-options.ts";
import { WORKLOADS } from "../../../../lib/workbench/workloads/index.ts";
import {
  ownOptionWords,
  parseOwnOptions,
} from "../../../../lib/workbench/workloads/own-options.ts";

const bank = {
  ...WORKLOADS.echo,
  options: {
    accountCount: v.optional(v.pipe(v.number(), v.minValue(1)), 3),
    label: v.optional(v.string(), ""),
    isDeep: v.optional(v.boolean(), false),
  },
};

describe("--set", () => {
  test("gives options the types of their schemas, and leaves out those that are not named", () => {
    const words = ["accountCount=7", "isDeep=true"];
    expect(parseOwnOptions("bank", bank, words)).toEqual({ accountCount: 7, isDeep: true });
    expect(ownOptionWords({ accountCount: 7, isDeep: true })).toEqual(words);
  });

  test("takes all that follows the first = as the value", () => {
    expect(parseOwnOptions("bank", bank, ["label=a=b"])).toEqual({ label: "a=b" });
  });

  test.each([
    ["acountCount=7", "not an option of bank with its value. bank has accountCount, label, isDeep"],
    ["accountCount", "not an option of bank with its value"],
    ["__proto__=7", "not an option of bank with its value"],
    ["accountCount=x", 'must be a number, but is "x"'],
    ["accountCount=0", "must be >=1, but is 0"],
  ])("refuses %s", (word, reason) => {
    expect(() => parseOwnOptions("bank", bank, [word])).toThrow(reason);
    expect(() => parseOwnOptions("bank", bank, [word])).toThrow(InvalidOptions);
  });

  test("refuses any option of a workload without", () => {
    expect(() => parseOwnOptions("echo", WORKLOADS.echo, ["a=1"])).toThrow("echo has none");
  });
});
