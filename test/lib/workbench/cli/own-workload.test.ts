/** The compiled command with workloads in files, in a folder without node_modules. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readDescription } from "../../../../lib/workbench/store/stored-results.ts";
import { nodeProgram, temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const WORKLOAD = `import * as v from "valibot";
import { defineWorkload, randomInteger, rpc } from "vortex/workload";

export const bank = defineWorkload({
  doc: "Clients deposit; a balance never shrinks.",
  options: { most: v.optional(v.number(), 3) },
  operations: {
    deposit: rpc({
      request: (amount: number) => ({ amount }),
      reply: { balance: v.number() },
      outcome: ({ balance }) => balance,
    }),
  },
  generators: ({ random, options }) => ({
    main: () => ({ f: "deposit", value: 1 + randomInteger(random, options.most) }),
  }),
  check(history) {
    const ends = history.filter(({ type, f }) => type === "ok" && f === "deposit");
    const shrunk = ends.filter(({ value }, at) => Number(value) < Number(ends[at - 1]?.value ?? 0));
    return {
      valid: shrunk.length === 0,
      explanation: shrunk.slice(0, 1).map((operation) => ({
        anomaly: "shrunk",
        sentence: \`it fell to \${operation.value}\`,
        operations: [operation],
      })),
    };
  },
  summary: { valid: "no balance shrank", invalid: () => "a balance shrank" },
});
`;

const PROGRAM = `import * as v from "valibot";
import type { Node } from "vortex";

export function bank(node: Node): void {
  let balance = 0;
  node.handle("deposit", v.object({ amount: v.number() }), ({ body }) => {
    balance += body.amount;
    return { type: "deposit_ok", balance };
  });
}
`;

const directory = temporaryDirectory();
const workload = join(directory, "bank.ts");
const program = join(directory, "program.ts");
const wrapping = join(directory, "wrapping.ts");

beforeAll(() => {
  writeFileSync(workload, WORKLOAD);
  writeFileSync(program, PROGRAM);
  writeFileSync(wrapping, PROGRAM.replace("balance += body.amount", "$& - (balance > 9 ? 10 : 0)"));
});

const SHORT = ["-w", workload, "--node-count", "1", "--rate", "50", "--time-limit", "2"] as const;

/** Writes a workload that differs from the one above. */
function changed(name: string, from: string, to: string): string {
  const file = join(directory, name);
  writeFileSync(file, WORKLOAD.replace(from, to));
  return file;
}

describe("a workload in a file", () => {
  test("is simulated, and the printed command has its file and options", async () => {
    const { stdout, stderr, exitCode } = await vortex("sim", program, ...SHORT, "--set", "most=2");
    expect(stdout).toStartWith("Valid: no balance shrank, and ");
    expect(stderr).toMatch(
      /To repeat it: vortex sim \S+ -w \S*bank\.ts --set most=2 --node-count 1 /,
    );
    expect(exitCode).toBe(0);
  });

  test("is swept on several processes, its failures are reduced, and its outcomes merged", async () => {
    const out = join(directory, "outcomes.jsonl");
    const sweep = ["--seeds", "1..2", "--jobs", "2", "--shrink", "--time-limit", "1"];
    const { stdout, exitCode } = await vortex("sim", wrapping, ...SHORT, ...sweep, "--out", out);
    expect(stdout).toContain("2 seeds: 0 valid, 2 invalid");
    expect(stdout).toContain("shrunk: it fell to");
    expect(stdout).toMatch(/Smallest failing test:\n {2}vortex sim \S+ -w \S*bank\.ts /);
    expect(exitCode).toBe(1);
    const merged = await vortex("merge", out);
    expect(merged.stdout).toContain("shrunk: 2 of 2 seeds invalid (1, 2)");
    expect(merged.stdout).toMatch(/^ {2}vortex sim \S+ -w \S*bank\.ts .*--seed 1$/m);
  });

  test("tests processes, and checks the stored run again from anywhere", async () => {
    const bin = nodeProgram(`globalThis.balance = (globalThis.balance ?? 100) - 1;
reply({ type: "deposit_ok", balance });`);
    const store = join(directory, "store");
    const tested = await vortex("test", ...SHORT, "--bin", bin, "--store", store);
    expect(tested.stdout).toStartWith("Invalid: a balance shrank.");
    expect(tested.exitCode).toBe(1);
    const run = join(store, "bank/latest");
    const checked = await vortex("check", run);
    expect(checked.stdout).toContain("Invalid: a balance shrank.");
    expect(checked.stdout).toContain("shrunk: it fell to");
    const other = changed("other.ts", "a balance shrank", "a sum fell");
    const otherwise = await vortex("check", "-w", other, join(run, "history.jsonl"));
    expect(otherwise.stdout).toContain("Invalid: a sum fell.");
  });

  test("runs as a row of a table of stages, with paths from the table's folder", async () => {
    const table = join(directory, "stages.json");
    const bin = nodeProgram(`globalThis.balance = (globalThis.balance ?? 0) + body.amount;
reply({ type: "deposit_ok", balance });`);
    const flags = "-w ./bank.ts --node-count 1 --time-limit 1 --rate 50";
    const target = { msgsPerOp: 2, maxMs: 500 };
    writeFileSync(table, JSON.stringify([{ id: "1", name: "One bank", bin, flags, target }]));
    const store = join(directory, "store-of-stages");
    const { stdout, exitCode } = await vortex("stages", "--file", table, "--store", store);
    expect(stdout).toMatch(/1 │ One bank +│ valid/);
    expect(exitCode).toBe(0);
    // The report compares its figures with the row's targets.
    const stored = await Bun.file(join(store, "bank/latest/test.json")).text();
    expect(readDescription(stored).target).toEqual(target);
  });

  test("is described by its docstring and options", async () => {
    const { stdout } = await vortex("workloads", workload);
    expect(stdout).toContain("bank: Clients deposit; a balance never shrinks.");
    expect(stdout).toContain("--set most=...  number (default: 3)");
  });

  test("that fails ends the run with the line", async () => {
    const file = changed("failing.ts", "=> balance,", "=> balance.amount.x,");
    const { stderr, exitCode } = await vortex("sim", program, ...SHORT, "-w", file);
    expect(stderr).toMatch(
      /The workload failed in the operation "deposit": TypeError: .*, at \S*failing\.ts:11:/,
    );
    expect(exitCode).toBe(255);
  });
});

describe("vortex workloads", () => {
  test.each([
    ["syntax.ts", "operations: {", "operations: {{", /syntax\.ts:7/],
    ["import.ts", "vortex/workload", "vortex/wrkload", /Cannot find (module|package).*wrkload/],
    ["load.ts", "export const", 'throw new Error("boom");\nexport const', /load\.ts:4/],
    ["field.ts", "operations:", "operation:", /no field "operation".*field\.ts:4/s],
    ["other.ts", "export const bank", "const bank", /other\.ts does not export a workload/],
    [
      "several.ts",
      'invalid: () => "a balance shrank" },\n});',
      'invalid: () => "" },\n});\nexport const two = { ...bank };',
      /several definitions \(bank, two\)/,
    ],
  ])("says what is wrong with %s", async (name, from, to, expected) => {
    const { stderr, exitCode } = await vortex("workloads", changed(name, from, to));
    expect(stderr).toMatch(expected);
    expect(exitCode).toBe(254);
  });

  test("suggests names and files", async () => {
    expect((await vortex("workloads", "ecko")).stderr).toContain('Did you mean "echo"?');
    const missing = await vortex("workloads", join(directory, "bnk.ts"));
    expect(missing.stderr).toContain('Did you mean "bank.ts"?');
  });
});
