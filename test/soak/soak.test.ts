import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../support/processes/vortex.ts";
import { readStored, soakAll, store } from "./main.ts";
import { type SoakResult, soak } from "./soak.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";

setDefaultTimeout(120_000);

const { echo } = SUBJECTS;
if (echo === undefined) throw new Error('Unknown subject "echo"');

/** A short soak, at a rate low enough for a busy machine. */
const SHORT = { workload: "echo", seconds: 12, rate: 200, seed: 1 } as const;

function ailing(...args: readonly string[]): Promise<SoakResult> {
  const source = join(ROOT, "test/support/processes/programs/ailing-echo.ts");
  const subject: Subject = { ...(echo as Subject), args: [source, ...args] };
  return soak({ ...SHORT, subject, bin: process.execPath });
}

/** Directory of the results. */
const out = mkdtempSync(join(tmpdir(), "soak-"));

/** Soaks programs, except those with a stored result; returns what it prints. */
async function printed(names: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const flags = { seconds: 3, rate: 500, seed: 1, resume: true, out };
  await soakAll(names, flags, (text) => lines.push(text));
  return lines.join("\n");
}

/** Soaks the first of two programs, then both. */
async function interruptedSoak(): Promise<{ readonly before: string; readonly after: string }> {
  const before = await printed(["echo"]);
  return { before, after: await printed(["echo", "unique-ids"]) };
}

// Reads the memory of processes from /proc.
const isSupported = process.platform === "linux";
let sound: SoakResult;
let leaking: SoakResult;
let slowing: SoakResult;
let resumed: Awaited<ReturnType<typeof interruptedSoak>>;

// All soaks at once, as they mostly wait.
if (isSupported) {
  beforeAll(async () => {
    [sound, leaking, slowing, resumed] = await Promise.all([
      soak({ ...SHORT, subject: echo, bin: join(ROOT, "dist/echo") }),
      ailing("--leak-bytes", "300000"),
      ailing("--slower-ms", "1"),
      interruptedSoak(),
    ]);
  });
}
afterAll(() => rmSync(out, { recursive: true }));

describe.skipIf(!isSupported)("A soak", () => {
  test("is valid under faults that took effect", () => {
    expect(sound.valid).toBe(true);
    // Most of 1200 on an idle machine.
    expect(sound.okOperations).toBeGreaterThan(50);
    expect(sound.faults.kill).toBeGreaterThan(0);
    expect(sound.faults.pause).toBeGreaterThan(0);
  });

  test("counts the messages of clients", () => {
    const expected = (sound.operations + sound.okOperations) / SHORT.seconds;
    // A request to a dead node has no reply; a late reply belongs to no ok operation. On a busy machine
    // many are late; requests or replies alone would be about half of the expected messages.
    expect(Math.abs(sound.clientMessagesPerS / expected - 1)).toBeLessThan(0.2);
  });

  test("never kills the nodes whose memory it measures", () => {
    expect(Object.keys(sound.memory)).toEqual(["n3", "n4"]);
    for (const node of ["n3", "n4"]) {
      expect(sound.samples[node]?.at(0)?.s).toBeLessThan(SHORT.seconds / 5);
      expect(sound.samples[node]?.at(-1)?.s).toBeGreaterThan(SHORT.seconds / 2);
    }
  });

  test("finds the memory of a correct program flat", () => {
    expect(sound.problems.filter((problem) => problem.startsWith("memory of"))).toEqual([]);
  });

  test("detects a program that leaks with every message", () => {
    expect(leaking.valid).toBe(true);
    expect(leaking.problems.join("\n")).toMatch(/memory of n3 grew by \d+ MB/);
  });

  test("detects a program that gets slower with every message", () => {
    expect(slowing.valid).toBe(true);
    expect(slowing.problems.join("\n")).toMatch(/latency of echo grew from [\d.]+ to [\d.]+ ms/);
    expect(slowing.problems.join("\n")).not.toContain("memory of");
  });
});

describe.skipIf(!isSupported)("A resumed soak", () => {
  test("shows stored results and runs the rest", () => {
    expect(resumed.before).not.toContain("from an earlier soak");
    expect(resumed.after).toMatch(/echo: .*\(from an earlier soak\)/);
    expect(resumed.after).toMatch(/unique-ids: (?!.*earlier).* 3 s, verdict true/);
  });

  test("ignores results of another program or under other conditions", () => {
    const file = join(out, "some.json");
    const conditions = { program: "1a", args: [], seconds: 600, rate: 5000, seed: 1 };
    expect(readStored(file, conditions)).toBeUndefined();
    // Cast: the other fields of a result do not matter here.
    store(file, { conditions, result: { problems: [] } as unknown as SoakResult });
    expect(readStored(file, conditions)?.result.problems).toEqual([]);
    for (const other of [{ program: "1b" }, { args: ["--x"] }, { seconds: 60 }, { seed: 2 }]) {
      expect(readStored(file, { ...conditions, ...other })).toBeUndefined();
    }
  });

  test("refuses an unknown challenge", async () => {
    await expect(printed(["ecko"])).rejects.toThrow(
      'Unknown challenge "ecko". Expected one of: broadcast, ',
    );
  });
});
