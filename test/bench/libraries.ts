/**
 * Compares our EDN reader, file names and JSON layout with the packages that could replace them:
 *
 *     npm install --no-save edn-data@1.2.2 filenamify@7.0.3 json-stringify-pretty-compact@4.0.0
 *     bun test/bench/libraries.ts
 *
 * The headers of edn.ts, file-names.ts and json-layout.ts quote the results.
 */
import { parseJson, stringifyJson } from "../../lib/vortex/index.ts";
import { EdnReader } from "../../lib/workbench/history/edn.ts";
import { fileNames } from "../../lib/workbench/store/file-names.ts";
import { layOutJson } from "../../lib/workbench/store/json-layout.ts";

const RUNS = 3;
const CHUNK_LENGTH = 65_536;

/** Imports a package that the project does not depend on. */
async function candidate(name: string): Promise<Record<string, Candidate>> {
  return import(name);
}

type Candidate = (value: unknown, options?: unknown) => unknown;

/** Returns the median duration of a task in ms. */
function medianMs(task: () => void): number {
  const durations = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    task();
    return performance.now() - start;
  });
  return Math.round(durations.sort((a, b) => a - b)[RUNS >> 1] ?? 0);
}

function outcomeOf(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    return String(error);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

async function compareEdn(): Promise<void> {
  const { parseEDNString } = await candidate("edn-data");
  const options = { mapAs: "object", setAs: "array", keywordAs: "string", charAs: "string" };
  const theirs = (text: string) => parseEDNString?.(text, options);
  const ours = (text: string) => {
    const reader = new EdnReader();
    const forms = reader.push(`${text}\n`);
    reader.end();
    return forms[0];
  };
  for (const text of ["9007199254740993", "1.0", "1e400", "\\(", "[1 }", "[1", "{:a}"]) {
    console.log("EDN", text, {
      ours: outcomeOf(() => stringifyJson(ours(text))),
      "edn-data": outcomeOf(() => JSON.stringify(theirs(text))),
    });
  }
  const operations = Array.from(
    { length: 200_000 },
    (_, i) =>
      `{:index ${i}, :time ${i * 1e6}, :type :ok, :process ${i % 10}, :f :txn, ` +
      `:value [[:append ${i % 97} ${i}] [:r ${i % 89} [${i} ${i + 1} ${i + 2}]]]}`,
  ).join("\n");
  const map = `{${Array.from({ length: 4000 }, (_, i) => `${i} [${i}]`).join(" ")}}`;
  for (const [what, text] of Object.entries({ "200,000 operations": operations, map })) {
    console.log("EDN", what, `${(text.length / 1e6).toFixed(1)} MB`, {
      oursMs: medianMs(() => {
        const reader = new EdnReader();
        for (const line of chunksOf(text)) reader.push(line);
      }),
      "edn-dataMs": medianMs(() => theirs(`[${text}]`)),
    });
  }
}

function chunksOf(text: string): string[] {
  const chunks: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start + CHUNK_LENGTH) + 1 || text.length;
    chunks.push(text.slice(start, end));
    start = end;
  }
  return chunks;
}

async function compareFileNames(): Promise<void> {
  const { default: filenamify } = await candidate("filenamify");
  for (const name of ["a/b", "a!b", `x.${"y".repeat(300)}`, "漢".repeat(100)]) {
    const ours = fileNames([name]).get(name) ?? "";
    const theirs = String(filenamify?.(name));
    console.log("file name", name.slice(0, 6), {
      ours: `${ours.slice(0, 6)} (${Buffer.byteLength(ours)} bytes)`,
      filenamify: `${theirs.slice(0, 6)} (${Buffer.byteLength(theirs)} bytes)`,
    });
  }
}

async function compareLayouts(): Promise<void> {
  const { default: compact } = await candidate("json-stringify-pretty-compact");
  const values = {
    "120 digits": parseJson(`[${"1".repeat(120)}]`),
    "1,000 levels": nested(1000),
    "20,000 operations": Array.from({ length: 20_000 }, (_, index) => ({
      ...{ index, time: index * 1e6, type: "ok", process: 3, f: "txn" },
      value: [["append", index, 4]],
    })),
  };
  for (const [what, value] of Object.entries(values)) {
    for (const [tool, print] of Object.entries({ ours: layOutJson, "pretty-compact": compact })) {
      const text = String(print?.(value));
      const ms = medianMs(() => print?.(value));
      console.log("layout", what, tool, { start: text.slice(0, 20), length: text.length, ms });
    }
  }
}

await compareEdn();
await compareFileNames();
await compareLayouts();
