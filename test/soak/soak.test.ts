import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keep, readKept, soakAll } from "./soak.ts";
import { type SoakResult, soak } from "./soak-run.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";

setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "../..");
const { echo } = SUBJECTS;
if (echo === undefined) throw new Error("There is no subject echo");

/** A short soak: at so low a rate that the machine may be busy otherwise. */
const SHORT = { workload: "echo", seconds: 12, rate: 200, seed: 1 } as const;

function ailing(...words: readonly string[]): Promise<SoakResult> {
  const source = join(ROOT, "test/support/processes/programs/ailing-echo.ts");
  const subject: Subject = { ...(echo as Subject), args: [source, ...words] };
  return soak({ ...SHORT, subject, bin: process.execPath });
}

// The memory of processes is read from /proc.
describe.skipIf(process.platform !== "linux")("A soak", () => {
  let sound: SoakResult;
  let leaking: SoakResult;
  let slowing: SoakResult;

  beforeAll(async () => {
    [sound, leaking, slowing] = await Promise.all([
      soak({ ...SHORT, subject: echo, bin: join(ROOT, "dist/echo") }),
      ailing("--leak-bytes", "300000"),
      ailing("--slower-ms", "1"),
    ]);
  });

  test("judges what was done among faults that took effect", () => {
    expect(sound.valid).toBe(true);
    expect(sound.okOperations).toBeGreaterThan((SHORT.rate / 2) * SHORT.seconds * 0.3);
    expect(sound.faults.kill).toBeGreaterThan(0);
    expect(sound.faults.pause).toBeGreaterThan(0);
  });

  test("counts the messages of clients", () => {
    const expected = (sound.operations + sound.okOperations) / SHORT.seconds;
    // Of a request to a dead node the reply is missing; a late one counts for no operation.
    expect(Math.abs(sound.clientMessagesPerS / expected - 1)).toBeLessThan(0.02);
  });

  test("never kills the nodes whose memory it judges", () => {
    expect(Object.keys(sound.memory)).toEqual(["n3", "n4"]);
    for (const node of ["n3", "n4"]) {
      expect(sound.samples[node]?.at(0)?.s).toBeLessThan(SHORT.seconds / 5);
      expect(sound.samples[node]?.at(-1)?.s).toBeGreaterThan((SHORT.seconds * 4) / 5);
    }
  });

  test("finds the memory of a sound program flat", () => {
    expect(sound.wrongs.filter((wrong) => wrong.startsWith("the memory"))).toEqual([]);
  });

  test("catches a program that leaks with every message", () => {
    expect(leaking.valid).toBe(true);
    expect(leaking.wrongs.join("\n")).toMatch(/the memory of n3 grew by \d+ MB/);
  });

  test("catches a program that gets slower with every message", () => {
    expect(slowing.valid).toBe(true);
    expect(slowing.wrongs.join("\n")).toMatch(
      /echo took [\d.]+ ms at first, and [\d.]+ in the end/,
    );
    expect(slowing.wrongs.join("\n")).not.toContain("the memory of");
  });
});

describe.skipIf(process.platform !== "linux")("A soak that was ended", () => {
  const out = mkdtempSync(join(tmpdir(), "soak-"));
  const flags = { seconds: 3, rate: 500, seed: 1, resumes: true, out };
  afterAll(() => rmSync(out, { recursive: true }));

  async function told(names: readonly string[]): Promise<string> {
    const lines: string[] = [];
    await soakAll(names, flags, (text) => lines.push(text));
    return lines.join("\n");
  }

  test("goes on with what is left, and shows the rest", async () => {
    expect(await told(["echo"])).not.toContain("kept from a former soak");
    const both = await told(["echo", "unique-ids"]);
    expect(both).toMatch(/echo: .*\(kept from a former soak\)/);
    expect(both).toMatch(/unique-ids: (?!.*kept).* 3 s, verdict true/);
  });

  test("begins anew where anything else was asked for, or the program is another", () => {
    const file = join(out, "some.json");
    const conditions = { program: "1a", args: [], seconds: 600, rate: 5000, seed: 1 };
    expect(readKept(file, conditions)).toBeUndefined();
    // What a result holds does not matter here.
    keep(file, { conditions, result: { wrongs: [] } as unknown as SoakResult });
    expect(readKept(file, conditions)?.result.wrongs).toEqual([]);
    for (const other of [{ program: "1b" }, { args: ["--x"] }, { seconds: 60 }, { seed: 2 }]) {
      expect(readKept(file, { ...conditions, ...other })).toBeUndefined();
    }
  });

  test("names the challenges that there are", () => {
    expect(told(["ecko"])).rejects.toThrow('There is no challenge "ecko"; there are broadcast, ');
  });
});
