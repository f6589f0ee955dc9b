import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../../lib/vortex/index.ts";
import { EdnReader } from "../../../../lib/workbench/history/edn.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { JepsenLineReader } from "../../../../lib/workbench/history/jepsen-line.ts";
import { historyEdn } from "../../../support/histories/history-edn.ts";
import { runs } from "../../../support/runs.ts";

const plain: fc.Arbitrary<Json> = fc.oneof(
  fc.integer(),
  fc.constantFrom(null, true, false, "r", "append", "a b", "", "net-timeout"),
);
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: plain },
  { weight: 4, arbitrary: fc.array(fc.oneof(plain, fc.array(plain))) },
  { weight: 2, arbitrary: fc.dictionary(fc.constantFrom("0", "key", "__proto__"), plain) },
  // Its escapes and fractions are left to the other reader.
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((json) => json as Json) },
);
const operation = fc.record(
  {
    index: fc.nat(),
    time: fc.nat(),
    type: fc.constantFrom("invoke", "ok", "fail", "info"),
    process: fc.oneof(fc.nat(), fc.constant("nemesis" as const)),
    f: fc.constantFrom("read", "txn", "start-partition"),
    value,
    error: value,
  },
  { requiredKeys: ["index", "time", "type", "process", "f", "value"] },
);
const lineOf = (of: Operation) => historyEdn([of], of.index % 2 === 0 ? "" : "#jepsen.history.Op");

function readByEdn(text: string): unknown {
  const reader = new EdnReader();
  const [form] = reader.push(text);
  reader.end();
  return form;
}

/** The value of a line according to either reader; a line that is not EDN has none. */
function both(text: string): { readonly line: unknown; readonly edn: unknown } {
  const reader = new JepsenLineReader();
  const line = reader.read(text, 0);
  // Whatever follows the operation is not read.
  const read = line === undefined ? text : text.slice(0, reader.end);
  try {
    return { line, edn: readByEdn(read) };
  } catch {
    return { line, edn: undefined };
  }
}

describe("JepsenLineReader", () => {
  test("reads operations as EdnReader does", () => {
    let readCount = 0;
    fc.assert(
      fc.property(operation, (of) => {
        const { line, edn } = both(lineOf(of));
        if (line === undefined) return;
        readCount++;
        expect(line).toEqual(edn ?? null);
      }),
    );
    expect(readCount).toBeGreaterThan(30);
  });

  test("reads nothing that EdnReader reads otherwise, or refuses", () => {
    let readCount = 0;
    const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[]()"\\:,#;-0189.N nrt\n\t')), {
      minLength: 1,
      maxLength: 2,
    });
    fc.assert(
      fc.property(operation, edits, fc.boolean(), (of, changes, isInsertion) => {
        let text = lineOf(of);
        for (const [at, character] of changes) {
          const from = at % text.length;
          text = text.slice(0, from) + character + text.slice(isInsertion ? from : from + 1);
        }
        const { line, edn } = both(text);
        if (line === undefined) return;
        readCount++;
        expect(line).toEqual(edn ?? null);
      }),
      runs(500),
    );
    expect(readCount).toBeGreaterThan(30);
  });

  test("leaves operations with other fields, and unfinished ones", () => {
    const reader = new JepsenLineReader();
    const plain = "{:type :ok, :f :read, :value [1 nil], :time 5, :process 0, :index 1}";
    expect(reader.read(`  ${plain}\n`, 2)).toEqual({
      type: "ok",
      f: "read",
      value: [1, null],
      time: 5,
      process: 0,
      index: 1,
    });
    expect(reader.end).toBe(plain.length + 2);
    for (const other of [
      plain.replace(":index 1", ":index 1, :final? true"),
      plain.replace(":index 1", ":index 1, :index 2"),
      plain.replace(", :index 1", ""),
      plain.replace("[1 nil]", "#{1}"),
      plain.replace("[1 nil]", "9007199254740993"),
      plain.replace("[1 nil]", "[".repeat(40) + "]".repeat(40)),
      plain.slice(0, -1),
    ]) {
      expect(reader.read(`${other}\n`, 0)).toBeUndefined();
    }
  });

  test("keeps names that share a hash apart", () => {
    const reader = new JepsenLineReader();
    const read = (f: string) =>
      reader.read(`{:type :ok, :f :${f}, :value nil, :time 5, :process 0, :index 1}\n`, 0)?.f;
    // As in Java, the polynomial of base 31 gives these the same hash.
    expect([read("Aa"), read("BB"), read("Aa")]).toEqual(["Aa", "BB", "Aa"]);
  });
});
