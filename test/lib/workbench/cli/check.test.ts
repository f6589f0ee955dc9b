import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { History } from "../../../../lib/workbench/history/history.ts";
import { corpusCases } from "../../../support/histories/corpus.ts";
import { fail, history, invoke, whole } from "../../../support/histories/history.ts";
import { historyEdn } from "../../../support/histories/history-edn.ts";
import { DIST, ROOT, temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

// Far above what a test takes, even on a busy machine.
setDefaultTimeout(60_000);

const VALID = history(whole(0, "echo", "hi", { echo: "hi" }));
const INVALID = history(whole(0, "echo", "hi", { echo: "ho" }));
/** Ids that cannot be compared. */
const UNKNOWN = history(whole(0, "generate", null, 1), whole(0, "generate", null, "a"));

describe("vortex check", () => {
  test.concurrent("groups the errors of a history, and counts answers to other transactions", async () => {
    const refused = [invoke(0, "txn", [["w", 1, 2]]), fail(0, ["txn-conflict", "key 1 is locked"])];
    const fewer = whole(0, "txn", [["r", 1, null]], []);
    const file = caseFile({ workload: "txn-rw-register", history: history(refused, fewer) });
    const { stdout } = await vortex("check", file);
    expect(stdout).toContain("nodes answered 1 × error 30 (txn-conflict) to txn: key 1 is locked");
    expect(stdout).toContain(
      "1 answer to another transaction than was asked for, the first in entry 3: the transaction has 1 operation, but the answer has 0 operations",
    );
  });
});

describe("vortex check --json", () => {
  test.concurrent("prints a line per file, with the fields of the corpus", async () => {
    const valid = caseFile({ history: VALID });
    const invalid = caseFile({ history: INVALID });
    const { exitCode, stdout } = await vortex("check", "--json", valid, invalid);
    expect(parseLines(stdout)).toEqual([
      {
        file: valid,
        valid: true,
        overallValid: true,
        errorCount: 0,
        stats: STATS,
        availability: { valid: true, okFraction: 1 },
        explanation: [],
      },
      {
        file: invalid,
        valid: false,
        overallValid: false,
        errorCount: 1,
        stats: STATS,
        availability: { valid: true, okFraction: 1 },
        explanation: [
          {
            anomaly: "mismatch",
            sentence: expect.stringContaining('sent "hi" and received {"echo":"ho"}'),
            operations: INVALID,
          },
        ],
      },
    ]);
    expect(exitCode).toBe(1);
  });

  test.concurrent.each(["lin-kv", "kafka"])(
    "gives each case of %s its recorded verdicts",
    async (name) => {
      const file = join(ROOT, "test/corpus", `${name}.jsonl.gz`);
      const { stdout } = await vortex("check", "--json", file);
      const expected = (await corpusCases(name)).map(({ expected }) => ({
        valid: expected["valid"],
        overallValid: expected["overallValid"],
        threw: expected["threw"] !== undefined,
      }));
      const printed = parseLines(stdout).map(({ valid, overallValid, threw }) => ({
        valid,
        overallValid,
        threw: threw !== undefined,
      }));
      expect(printed).toEqual(expected);
    },
  );

  test.concurrent("checks a case under the other models that it names", async () => {
    const models = [{ consistencyModels: ["read-committed"] }, { consistencyModels: ["any"] }];
    const file = caseFile({ history: INVALID, alsoUnder: models });
    const [checked] = parseLines((await vortex("check", "--json", file)).stdout);
    expect(checked?.["alsoUnder"]).toMatchObject([
      { consistencyModels: ["read-committed"], valid: false, overallValid: false, errorCount: 1 },
      { consistencyModels: ["any"], valid: false, overallValid: false, errorCount: 1 },
    ]);
  });

  test.concurrent("reports files that it cannot read, and checks the others", async () => {
    const cut = file("cut.json", JSON.stringify({ workload: "echo", history: VALID }).slice(0, -9));
    const cutGzip = join(temporaryDirectory(), "cut.json.gz");
    const whole = Bun.gzipSync(JSON.stringify({ workload: "echo", history: VALID }));
    writeFileSync(cutGzip, whole.subarray(0, whole.length - 20));
    const files = [
      ...["nowhere.json", cut, cutGzip, file("empty.json", ""), temporaryDirectory()],
      caseFile({ workload: "ekho", history: VALID }),
      caseFile({ history: VALID }),
    ];
    const { exitCode, stdout } = await vortex("check", "--json", ...files);
    const printed = parseLines(stdout);
    expect(printed.map((line) => line["file"])).toEqual(files);
    expect(printed.slice(0, -1).map(({ error }) => error)).toEqual([
      "file not found",
      expect.stringContaining("JSON"),
      expect.stringContaining("unexpected end of file"),
      "the file has no operations",
      "the directory has no history",
      expect.stringContaining('Unknown workload "ekho". Did you mean "echo"?'),
    ]);
    expect(printed.at(-1)).toMatchObject({ valid: true, overallValid: true });
    expect(exitCode).toBe(255);
  });

  test.concurrent("checks the histories of a file before a broken one", async () => {
    const line = JSON.stringify({ number: "0001", workload: "echo", history: VALID });
    const broken = file("cases.jsonl", `${line}\n{"number`);
    const { exitCode, stdout } = await vortex("check", "--json", broken);
    expect(parseLines(stdout)).toMatchObject([
      { file: broken, number: "0001", valid: true },
      { file: broken, error: expect.stringContaining("line 2") },
    ]);
    expect(exitCode).toBe(255);
  });

  test.concurrent("reads a pipe", async () => {
    const child = Bun.spawn([join(DIST, "vortex"), "check", "--json", "/dev/stdin", "-w", "echo"], {
      stdin: Buffer.from(historyEdn(INVALID)),
      stdout: "pipe",
    });
    const [checked] = parseLines(await child.stdout.text());
    expect(checked).toMatchObject({ file: "/dev/stdin", valid: false, errorCount: 1 });
  });
});

describe("vortex check exits with the code of the worst file:", () => {
  const files = {
    valid: caseFile({ history: VALID }),
    invalid: caseFile({ history: INVALID }),
    unknown: caseFile({ workload: "unique-ids", history: UNKNOWN }),
  };
  const codes: [number, (keyof typeof files)[]][] = [
    [0, ["valid", "valid"]],
    [2, ["valid", "unknown"]],
    [1, ["invalid", "unknown", "valid"]],
  ];
  test.concurrent.each(codes)("%d for %s", async (code, names) => {
    const { exitCode } = await vortex("check", ...names.map((name) => files[name]));
    expect(exitCode).toBe(code);
  });

  test.concurrent("254 for no file, an unknown workload or a fraction above 1", async () => {
    for (const args of [[], ["-w", "ekho", "x"], ["--availability", "2", "x"]]) {
      expect((await vortex("check", ...args)).exitCode).toBe(254);
    }
  });
});

describe("vortex check", () => {
  test.concurrent("explains its verdicts, and compares them with the recorded ones", async () => {
    const expected = { valid: true, overallValid: true };
    const wrong = caseFile({ history: INVALID, expected });
    const right = caseFile({ history: VALID, expected });
    const { stdout, stderr } = await vortex("check", wrong, right);
    expect(stdout).toContain(`${wrong}: echo, 2 entries\n`);
    expect(stdout).toContain('mismatch: process 0\'s echo at 0.001 s sent "hi" and received');
    expect(stdout).toContain("The recorded verdict differs: valid: true, overallValid: true\n");
    expect(stdout).toContain(`${wrong}: invalid\n`);
    expect(stdout).toContain(`This is the recorded verdict\n${right}: valid\n`);
    expect(stderr).toBe("1 invalid, 1 valid\n");
  });

  test.concurrent("is as brief as a test, and prints every field with --verbose", async () => {
    const invalid = caseFile({ history: INVALID });
    const { stdout } = await vortex("check", invalid);
    expect(stdout.split("\n")).toEqual([
      `${invalid}: echo, 2 entries`,
      "Invalid: 1 reply did not echo the request.",
      "  operations      1 ok, 0 fail, 0 info",
      expect.stringContaining('mismatch: process 0\'s echo at 0.001 s sent "hi" and received'),
      `${invalid}: invalid`,
      "",
      "",
    ]);
    const verbose = await vortex("check", "--verbose", invalid);
    expect(verbose.stdout).toContain("errorCount: 1");
    expect(verbose.stdout).toContain("byF:");
  });

  test.concurrent("checks Maelstrom's history.edn, given the workload", async () => {
    const edn = file("history.edn", historyEdn(INVALID));
    const without = await vortex("check", edn);
    expect(without.stderr).toContain("the file does not name the workload. Name it with -w");
    expect(without.exitCode).toBe(255);
    const { exitCode, stdout } = await vortex("check", "-w", "echo", edn);
    expect(stdout).toContain('sent "hi" and received {"echo":"ho"}');
    expect(exitCode).toBe(1);
    // Maelstrom's directory or results file stand for the history.
    const named = [join(edn, ".."), join(edn, "../results.edn")];
    writeFileSync(named[1] ?? "", "{:valid? false}\n");
    const { stdout: lines } = await vortex("check", "--json", "-w", "echo", ...named);
    expect(parseLines(lines)).toMatchObject(named.map((name) => ({ file: name, errorCount: 1 })));
  });

  test.concurrent("prefers options of the command line to those of the file", async () => {
    const twoThirds = history(
      whole(0, "echo", 1, { echo: 1 }),
      whole(0, "echo", 2, { echo: 2 }),
      invoke(1, "echo", 3),
    );
    const strict = caseFile({ history: twoThirds, options: { availability: "total" } });
    expect((await vortex("check", strict)).exitCode).toBe(1);
    expect((await vortex("check", "--availability", "0.6", strict)).exitCode).toBe(0);
  });

  test.concurrent("checks a stored run, given its directory, history or results", async () => {
    const run = storedRun(INVALID, { workload: "echo", availability: 0.5 });
    writeFileSync(join(run, "results.json"), "{}");
    const named = [run, join(run, "history.jsonl"), join(run, "results.json")];
    const { stdout } = await vortex("check", "--json", ...named);
    expect(parseLines(stdout)).toMatchObject(
      named.map((name) => ({ file: name, valid: false, errorCount: 1 })),
    );
  });

  test.concurrent("checks a case of any name, with any files beside it", async () => {
    const stored = caseFile({ history: INVALID });
    const text = readFileSync(stored, "utf8");
    const named = ["test.json", "results.json"].map((name) => join(stored, "..", name));
    for (const name of named) writeFileSync(name, text);
    const { stdout } = await vortex("check", "--json", stored, ...named);
    expect(parseLines(stdout)).toMatchObject([{}, {}, {}].map(() => ({ errorCount: 1 })));
  });

  test.concurrent("needs nothing to be ok in a run whose settings a search has drawn", async () => {
    const failed = history([invoke(0, "txn", [["r", 1, null]]), fail(0, ["txn-conflict", ""])]);
    const check = (search: readonly string[]) =>
      vortex("check", storedRun(failed, { workload: "txn-rw-register", search }));
    const [plain, drawn] = await Promise.all([check([]), check(["lenient"])]);
    expect([plain.exitCode, drawn.exitCode]).toEqual([1, 0]);
  });

  test.concurrent("checks a run without operations", async () => {
    const run = storedRun([], { workload: "echo" });
    expect((await vortex("check", run)).exitCode).toBe(0);
  });
});

const STATS = {
  ...{ count: 1, okCount: 1, failCount: 0, infoCount: 0, valid: true },
  byF: { echo: { count: 1, okCount: 1, failCount: 0, infoCount: 0, valid: true } },
};

interface StoredCase {
  readonly workload?: string;
  readonly options?: object;
  readonly history: History;
  readonly expected?: object;
  readonly alsoUnder?: readonly object[];
}

/** Writes a case to a file, of echo by default. */
function caseFile(stored: StoredCase): string {
  return file("case.json", JSON.stringify({ workload: "echo", options: {}, ...stored }, null, 1));
}

/** Returns the directory of a run. */
function storedRun(operations: History, options: object): string {
  const run = temporaryDirectory();
  const lines = operations.map((operation) => `${JSON.stringify(operation)}\n`);
  writeFileSync(join(run, "history.jsonl"), lines.join(""));
  writeFileSync(join(run, "test.json"), JSON.stringify({ options }));
  return run;
}

function file(name: string, text: string): string {
  const directory = join(temporaryDirectory(), "run");
  mkdirSync(directory);
  writeFileSync(join(directory, name), text);
  return join(directory, name);
}

function parseLines(text: string): { readonly [field: string]: unknown }[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
