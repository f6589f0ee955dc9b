import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { vortex } from "../support/processes/vortex.ts";

setDefaultTimeout(240_000);

describe("The compiled challenges, as processes", () => {
  // Groups of about the same length, all at once. Each is one command that runs its stages in sequence.
  test.concurrent.each([
    [["1", "2", "3a", "3b"]],
    [["3c", "3d", "3e"]],
    [["4", "5a", "5b"]],
    [["5c", "6a", "6b", "6c"]],
    [["kv", "la"]],
  ])("are valid in the shortened stages %p", async (ids) => {
    const { exitCode, stdout, stderr } = await vortex("stages", ...ids, "--no-store", "--json");
    const results: { readonly stage: string; readonly valid: unknown }[] = JSON.parse(stdout);
    expect([...new Set(results.map(({ stage }) => stage))]).toEqual(ids);
    expect(results.map(({ valid }) => valid)).toEqual(results.map(() => true));
    expect(stderr).not.toContain("crashed");
    expect(exitCode).toBe(0);
  });
});
