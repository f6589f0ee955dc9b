import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

test("vortex play --export writes a site of one file, and writes it again", async () => {
  const site = join(temporaryDirectory(), "a/site");
  for (let time = 0; time < 2; time++) {
    const { exitCode, stderr } = await vortex("play", "--export", site);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toContain(join(site, "index.html"));
  }
  expect(readdirSync(site)).toEqual(["index.html"]);
  expect(readFileSync(join(site, "index.html"), "utf8")).toStartWith("<!doctype html>");
});

test("vortex play --export keeps a page that is another's", async () => {
  const site = temporaryDirectory();
  writeFileSync(join(site, "index.html"), "<h1>Mine</h1>");
  const { exitCode, stderr } = await vortex("play", "--export", site);
  expect(exitCode).toBe(254);
  expect(stderr).toContain("is not a playground");
  expect(readFileSync(join(site, "index.html"), "utf8")).toBe("<h1>Mine</h1>");
});

test("vortex play refuses what it cannot open, and says why", async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "folder.ts"));
  const refusal = async (...args: readonly string[]) => (await vortex("play", ...args)).stderr;
  expect(await refusal(join(directory, "none.ts"))).toContain("cannot be read");
  expect(await refusal(join(directory, "folder.ts"))).toContain("cannot be read");
  expect(await refusal("--export", directory, "x.ts")).toContain("leave the file out");
  expect(await refusal("-w", "ecko")).toContain('Did you mean "echo"?');
});
