import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory, vortex } from "../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

test("vortex exits with 255 after an uncaught error, not with the code of a verdict", async () => {
  const file = join(temporaryDirectory(), "forgetful.ts");
  writeFileSync(
    file,
    "export const forgetful = () => void Promise.reject(new Error('not awaited'));",
  );
  const { exitCode, stderr } = await vortex("sim", file, "-w", "echo", "--time-limit", "1");
  expect(stderr).toContain("not awaited");
  expect(exitCode).toBe(255);
});
