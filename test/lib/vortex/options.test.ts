import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { parseOptions } from "../../../lib/vortex/options.ts";

const Options = v.object({
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0)), 400),
  durable: v.optional(v.boolean(), true),
  store: v.optional(v.string(), "memory"),
  fanOut: v.exactOptional(v.pipe(v.number(), v.integer())),
});
const DEFAULTS = { flushMs: 400, durable: true, store: "memory" };

/** Parses arguments without warnings; returns the options that differ from the defaults. */
function read(...words: string[]): object {
  const parsed = parseOptions(Options, words);
  if (!parsed.ok) throw new Error(parsed.reason);
  expect(parsed.warnings).toEqual([]);
  return parsed.options;
}

function warnings(...words: string[]): readonly string[] {
  const parsed = parseOptions(Options, words);
  if (!parsed.ok) throw new Error(parsed.reason);
  expect(parsed.options).toEqual(DEFAULTS);
  return parsed.warnings;
}

function reason(...words: string[]): string {
  const parsed = parseOptions(Options, words);
  if (parsed.ok) throw new Error(`${words} were accepted`);
  return parsed.reason;
}

describe("parseOptions", () => {
  test("gives the defaults without arguments", () => {
    expect(read()).toEqual(DEFAULTS);
  });

  test.each<[string, object]>([
    ["--flush-ms 1300", { flushMs: 1300 }],
    ["--flush-ms=1300", { flushMs: 1300 }],
    ["--flush-ms 1.5e2", { flushMs: 150 }],
    ["--flush-ms .5", { flushMs: 0.5 }],
    ["--fan-out -3", { fanOut: -3 }],
    ["--fan-out=+3", { fanOut: 3 }],
    ["--no-durable", { durable: false }],
    ["--durable", { durable: true }],
    ["--durable=false", { durable: false }],
    ["--durable=true", { durable: true }],
    ["--store disk", { store: "disk" }],
    ["--store=a=b", { store: "a=b" }],
    ["--store=", { store: "" }],
    ["--store 5", { store: "5" }],
  ])("reads %s", (words, options) => {
    expect(read(...words.split(" "))).toEqual({ ...DEFAULTS, ...options });
  });

  test("parses several options in any order", () => {
    expect(read("--store", "disk", "--no-durable", "--flush-ms=7")).toEqual({
      flushMs: 7,
      durable: false,
      store: "disk",
    });
  });

  test("uses the last value of a repeated option", () => {
    expect(read("--flush-ms", "1", "--flush-ms=2")).toMatchObject({ flushMs: 2 });
    expect(read("--no-durable", "--durable")).toMatchObject({ durable: true });
  });

  test("parses an option whose own name begins with no", () => {
    const parsed = parseOptions(v.object({ noSync: v.optional(v.boolean(), false) }), [
      "--no-sync",
    ]);
    expect(parsed).toMatchObject({ ok: true, options: { noSync: true } });
  });

  test.each([
    ["--flush-ms abc", '--flush-ms: The value must be a number, but is "abc"'],
    ["--flush-ms=", '--flush-ms: The value must be a number, but is ""'],
    ["--flush-ms 0x10", '--flush-ms: The value must be a number, but is "0x10"'],
    ["--flush-ms 1e400", '--flush-ms: The value must be a number, but is "1e400"'],
    ["--flush-ms Infinity", '--flush-ms: The value must be a number, but is "Infinity"'],
    ["--flush-ms --durable", '--flush-ms: The value must be a number, but is "--durable"'],
    ["--flush-ms -1", "--flush-ms: The value must be >=0, but is -1"],
    ["--fan-out 2.5", "--fan-out: The value must be an integer, but is 2.5"],
    ["--durable=maybe", '--durable: The value must be a boolean, but is "maybe"'],
    ["--flush-ms", "--flush-ms needs a value"],
  ])("refuses %s", (words, said) => {
    expect(reason(...words.split(" "))).toBe(said);
  });

  test("names every option with an invalid value", () => {
    expect(reason("--flush-ms", "x", "--durable=y")).toMatch(/^--flush-ms: .*; --durable: /);
  });

  test("names a missing option without a default", () => {
    const parsed = parseOptions(v.object({ nodeCount: v.number() }), []);
    expect(parsed).toEqual({ ok: false, reason: "--node-count: The value is missing" });
  });

  test.each(["--flush", "–flush-ms", "—durable", "-d", "--", "5", "--no-store", "--flushMs", "--"])(
    "ignores %s, with one warning that lists the options",
    (word) => {
      expect(warnings(word)).toEqual([
        `Ignoring "${word}": the options are --flush-ms, --durable, --store, --fan-out`,
      ]);
    },
  );

  test("warns of each argument that it ignores", () => {
    expect(warnings("–flush-ms", "100")).toHaveLength(2);
  });

  test("warns that a program has no options", () => {
    expect(parseOptions(v.object({}), ["--flush-ms=1"])).toEqual({
      ok: true,
      options: {},
      warnings: ['Ignoring "--flush-ms=1": this program has no options'],
    });
  });

  test("shortens a long argument in its warning", () => {
    expect(warnings("x".repeat(100_000)).join().length).toBeLessThan(300);
  });
});
