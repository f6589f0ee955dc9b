import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import * as vortex from "../../../../lib/vortex/index.ts";
import {
  problemsOfLogs,
  problemsOfText,
} from "../../../../lib/workbench/play/page/program-problems.ts";
import { ReplySchema } from "../../../../lib/workbench/play/page/reply-schema.ts";
import { parseWords, toOptions } from "../../../../lib/workbench/play/settings.ts";
import { bundleExamples } from "../../../../lib/workbench/play/site/bundle-examples.ts";
import { declarationsOf, libraryDocs } from "../../../../lib/workbench/play/site/library-docs.ts";
import { siteBundle } from "../../../../lib/workbench/play/site/site-bundle.ts";
import { siteHtml } from "../../../../lib/workbench/play/site/site-html.ts";

setDefaultTimeout(60_000);

const docs = await libraryDocs();
const examples = await bundleExamples();

describe("The help of the editor", () => {
  test("has each name that the library exports, explained", () => {
    const own = new Map(docs["vortex"]?.map((entry) => [entry.name, entry]));
    const names = Object.keys(vortex);
    expect(names.filter((name) => !own.has(name))).toEqual([]);
    expect(names.filter((name) => own.get(name)?.text === "")).toEqual([]);
  });

  test("has the members of a node, without those that are private", () => {
    const node = docs["vortex"]?.find(({ name }) => name === "Node");
    const names = node?.members?.map(({ name }) => name) ?? [];
    expect(names).toContain("syncRpc");
    expect(names).toContain("peers");
    expect(names.filter((name) => name === "constructor" || name.startsWith("#"))).toEqual([]);
    expect(docs["vortex"]?.find(({ name }) => name === "KVNode")?.base).toBe("Node");
  });

  test("shows a declaration without its body, and a docstring without its frame", () => {
    const source = [
      "/** Adds. */",
      "export function add(",
      "  one: number,",
      "  other: number,",
      "): number {",
      "  return one + other;",
      "}",
      "export interface Empty {}",
    ].join("\n");
    expect([...declarationsOf(source).values()]).toEqual([
      {
        name: "add",
        kind: "function",
        signature: "function add(one: number, other: number): number",
        text: "Adds.",
      },
      { name: "Empty", kind: "interface", signature: "interface Empty", text: "", members: [] },
    ]);
  });
});

describe.each(examples.map((example) => [example.id, example] as const))(
  "Example %s",
  (_, example) => {
    test("can be run: its flags are known, and it imports what a page has", () => {
      expect(toOptions(parseWords(example.flags)).nodeIds.length).toBeGreaterThan(0);
      const names = new Set(example.files.map(({ name }) => name));
      for (const { name, source } of example.files) {
        for (const { path } of new Bun.Transpiler({ loader: "ts" }).scanImports(source)) {
          const { pathname } = new URL(path, `file:///${name}`);
          const isKnown = path.startsWith(".") ? names.has(pathname.slice(1)) : path in docs;
          expect({ path, isKnown }).toEqual({ path, isKnown: true });
        }
      }
    });
  },
);

test("The titles of a chapter's steps are numbered, and say what they do", () => {
  const titlesOf = (id: string) =>
    examples.filter((each) => each.id.startsWith(id)).map(({ title }) => title);
  expect(titlesOf("guide/3-broadcast/")).toEqual([
    "1. Remember",
    "2. Send it to the others",
    "3. Cut the network",
    "4. Fewer messages (batch)",
    "5. Fewer messages (hub)",
  ]);
  expect(titlesOf("guide/5-log/")).toContain("2. The next offset in lin-kv");
});

test("A challenge is opened at the last of its stages", () => {
  const broadcast = examples.find(({ id }) => id === "challenges/broadcast");
  expect(broadcast).toMatchObject({ args: ["--flush-ms", "1600"] });
  expect(broadcast?.flags).toContain("25");
});

test("The examples are the steps of each chapter, and the challenges", () => {
  const groups = Map.groupBy(examples, ({ id }) => id.split("/").slice(0, -1).join("/"));
  expect([...groups.keys()].filter((group) => group.startsWith("guide/")).length).toBe(7);
  expect(groups.get("challenges")?.length).toBe(10);
  expect(new Set(examples.map(({ id }) => id)).size).toBe(examples.length);
});

describe("The site", () => {
  test("is one file that loads nothing, of at most 700 kB when compressed", async () => {
    const html = siteHtml(await siteBundle());
    expect(Bun.gzipSync(html).length).toBeLessThan(700_000);
    const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
    expect(policy).toStartWith("default-src &#39;none&#39;");
    expect(policy).not.toContain("unsafe-eval");
    expect(/script-src[^;]*/.exec(policy)?.[0]).not.toContain("unsafe-inline");
    expect(html).not.toMatch(/(src|href)="https?:/);
  });
});

test("A reply of a worker has texts where the page shows text, and places that are integers", () => {
  const problem = { file: "a.ts", text: "no" };
  expect(v.is(ReplySchema, { type: "problem", problem: { ...problem, line: 3 } })).toBe(true);
  for (const forged of [
    undefined,
    { type: "script" },
    { type: "crash", text: { toString: 7 } },
    { type: "problem", problem: { ...problem, line: 0.5 } },
    { type: "result", result: { valid: "yes" } },
    { type: "result", result: { valid: true }, record: { history: 7, messages: [], logs: [] } },
  ]) {
    expect(v.is(ReplySchema, forged)).toBe(false);
  }
});

describe("Places of errors", () => {
  const files = new Set(["main.ts", "parts/help.ts"]);

  test("are found in the stack trace of a crash", () => {
    const text =
      "n1 did not answer init\nTypeError: x is not a function\n    at help (/parts/help.ts:3:9)\n    at /main.ts:1:1";
    expect(problemsOfText(text, files)).toEqual([
      { file: "parts/help.ts", line: 3, column: 9, text: "TypeError: x is not a function" },
    ]);
    expect(problemsOfText("at node (blob:null/1:2:3)", files)).toEqual([]);
  });

  test("are found in logs: the first line of each stack that is the program's, counted", () => {
    const logs = [
      "Error: no",
      "    at f (blob:null/1:2:3)",
      "    at g (/main.ts:7:5)",
      "    at h (/main.ts:9:5)",
    ];
    const lines = [...logs, "fine", ...logs].map((line) => ({ node: "n1", line, time: 0 }));
    expect(problemsOfLogs({ logs: lines }, files)).toEqual([
      { file: "main.ts", line: 7, column: 5, text: "Error: no (2 times)" },
    ]);
  });
});
