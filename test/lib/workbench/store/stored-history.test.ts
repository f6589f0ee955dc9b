import { describe, expect, test } from "bun:test";
import type { History } from "../../../../lib/workbench/history/history.ts";
import {
  readHistories,
  type StoredHistory,
} from "../../../../lib/workbench/store/stored-history.ts";
import { corpusCases } from "../../../support/histories/corpus.ts";
import { historyEdn } from "../../../support/histories/history-edn.ts";

describe("readHistories", () => {
  test("reads operations, one per line", async () => {
    const text = `${ECHO.map((operation) => JSON.stringify(operation)).join("\n")}\n`;
    expect(await read(text)).toEqual([{ history: ECHO, options: {} }]);
  });

  test("reads one case per file, and one per line", async () => {
    const stored = {
      number: "0007",
      workload: "echo",
      options: { availability: 0.5, consistencyModels: ["serializable"], nodeCount: 3 },
      kind: "hand",
      history: ECHO,
      expected: { valid: true, overallValid: false },
      alsoUnder: [{ consistencyModels: ["read-committed"], expected: { valid: true } }],
    };
    const wanted = {
      number: "0007",
      workload: "echo",
      options: { availability: 0.5, consistencyModels: ["serializable"] },
      history: ECHO,
      expected: { valid: true, overallValid: false },
      alsoUnder: [{ consistencyModels: ["read-committed"] }],
    };
    expect(await read(JSON.stringify(stored, null, 2))).toEqual([wanted]);
    const line = JSON.stringify(stored);
    expect(await read(`${line}\n\n${line}\n`)).toEqual([wanted, wanted]);
  });

  test("reads an availability of 1.0 as 1", async () => {
    const text = '{"workload":"echo","options":{"availability":1.0},"history":[]}';
    expect(await read(text)).toEqual([
      { workload: "echo", options: { availability: 1 }, history: [] },
    ]);
  });

  test("numbers operations by position, ignoring stored indices", async () => {
    const text = ECHO.map((operation) => JSON.stringify({ ...operation, index: 9 })).join("\n");
    const [stored] = await read(text);
    expect(stored?.history.map(({ index }) => index)).toEqual([0, 1]);
  });

  test("keeps numbers as written", async () => {
    const text = '{"time":1e3,"type":"ok","process":0,"f":"generate","value":9007199254740993}';
    const [stored] = await read(text);
    expect(JSON.stringify(stored?.history)).toBe(
      '[{"index":0,"time":1000,"type":"ok","process":0,"f":"generate","value":9007199254740993}]',
    );
  });

  test.each(["broadcast", "g-set", "g-counter", "lin-kv", "kafka", "txn-rw-register"])(
    "reads %s as Jepsen prints it",
    async (workload) => {
      const cases = (await corpusCases(workload)).filter(({ isMain }) => isMain).slice(0, 10);
      for (const { history } of cases) {
        for (const tag of ["", "#jepsen.history.Op"]) {
          const [stored] = await read(historyEdn(history, tag));
          expect(JSON.stringify(stored?.history)).toBe(JSON.stringify(history));
        }
      }
    },
  );

  test("reads EDN operations in one vector", async () => {
    expect(await read(`[${historyEdn(ECHO)}]`)).toEqual([{ history: ECHO, options: {} }]);
  });

  test("reads the keys of logs as strings, as in polls", async () => {
    const [stored] = await read(
      "{:type :invoke, :f :assign, :value [7], :time 0, :process 0}\n" +
        "{:type :ok, :f :send, :value [[:send 7 [10 3]]], :time 1, :process 1}\n" +
        "{:type :ok, :f :poll, :value [[:poll {7 [[10 3]]}]], :time 2, :process 2}\n",
    );
    expect(stored?.history.map(({ value }) => value)).toEqual([
      ["7"],
      [["send", "7", [10, 3]]],
      [["poll", { "7": [[10, 3]] }]],
    ]);
  });

  test("reads an exception that spans lines", async () => {
    const [stored] = await read(
      `{:type :info, :f :read, :value nil, :time 0, :process 0, :exception {:via
 [{:type clojure.lang.ExceptionInfo, :message "malformed \\"reply\\"", :at [a b "c.clj" 7]}
  {:type java.io.IOException, :message nil}], :trace []}, :error ["malformed"]}\n`,
    );
    expect(stored?.history[0]).toMatchObject({
      exception: { class: "clojure.lang.ExceptionInfo", message: 'malformed "reply"' },
      error: ["malformed"],
    });
  });

  const broken: [string, string, string][] = [
    ["a truncated line", `${JSON.stringify(ECHO[0])}\n{"index":1,"ti`, "line 2: "],
    ["a truncated case", '{"workload":"echo",\n"history":[', "JSON"],
    ["a case without a workload", '{"history":[]}', '"workload" is missing'],
    ["an operation without a type", '{"time":0,"process":0,"f":"x"}', 'operation 0: "type" is'],
    ["an invalid process", operation('"process":"n0"'), 'operation 0: "process" must be'],
    ["an invalid time", operation('"time":"0"'), '"time" must be a number, but is "0"'],
    ["a number instead of an operation", "[1]", "operation 0: "],
    ["truncated EDN", "{:type :invoke, :f", "line 1: the text ends within a form"],
    ["EDN after lines", `${LINE}${LINE}#{}\n${LINE}}`, 'line 5: unexpected "}"'],
    ["another notation", "index,time,type\n", "neither JSON nor EDN"],
  ];
  test.each(broken)("refuses %s", async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test("yields the histories before a broken one", async () => {
    const found: StoredHistory[] = [];
    const good = '{"workload":"echo","history":[]}';
    const attempt = async () => {
      for await (const stored of readHistories(inChunks(`${good}\n${good}\n{"workload`))) {
        found.push(stored);
      }
    };
    await expect(attempt()).rejects.toThrow("line 3: ");
    expect(found).toHaveLength(2);
  });
});

const LINE = "{:type :invoke, :f :echo, :value 1, :time 1, :process 0, :index 0}\n";

const ECHO: History = [
  { index: 0, time: 5, type: "invoke", process: 0, f: "echo", value: "hi" },
  { index: 1, time: 9, type: "ok", process: 0, f: "echo", value: { echo: "hi" } },
];

/** Prints an operation with one field replaced. */
function operation(field: string): string {
  return `{"time":0,"type":"ok","process":0,"f":"x",${field}}`;
}

function read(text: string): Promise<StoredHistory[]> {
  return Array.fromAsync(readHistories(inChunks(text)));
}

/** Yields the text line by line, so that a form that spans lines spans chunks. */
async function* inChunks(text: string): AsyncGenerator<string> {
  for (const line of text.split(/(?<=\n)/)) yield line;
}
