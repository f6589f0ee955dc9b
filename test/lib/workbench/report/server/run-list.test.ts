import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunList } from "../../../../../lib/workbench/report/server/run-list.ts";
import { temporaryDirectory } from "../../../../support/processes/vortex.ts";
import { gossipRun, resultsOf } from "../../../../support/report/report-run.ts";

/** A store with a run of each verdict, and a secret outside it. */
function sampleStore() {
  const outside = temporaryDirectory();
  const root = join(outside, "store");
  const runs = {
    "20260501T103000.000+0000": resultsOf(true),
    "20260501T103100.000+0000": resultsOf(false),
    "20260501T103200.000+0000": resultsOf("unknown"),
    "20260501T103300.000+0000": undefined,
  };
  for (const [name, results] of Object.entries(runs)) {
    gossipRun().store(join(root, "broadcast", name), results);
  }
  symlinkSync("20260501T103300.000+0000", join(root, "broadcast", "latest"));
  gossipRun().store(join(outside, "secret", "run"), resultsOf(true));
  symlinkSync(join(outside, "secret"), join(root, "elsewhere"));
  return { outside, root, list: new RunList(root, {}) };
}

const get = (list: RunList, path: string, host = "127.0.0.1:8420", method = "GET") =>
  list.answer(new Request(`http://${host}${path}`, { method }));

describe("vortex serve", () => {
  test("lists runs newest first, coloured by verdict", async () => {
    const { list } = sampleStore();
    const html = await (await get(list, "/")).text();
    const rows = [...html.matchAll(/<tr class="([\w ]+)">.*?href="([^"]+)"/g)];
    expect(rows.map(([, state, address]) => [state, address])).toEqual([
      ["no verdict", "/broadcast/20260501T103300.000%2B0000/"],
      ["unknown", "/broadcast/20260501T103200.000%2B0000/"],
      ["invalid", "/broadcast/20260501T103100.000%2B0000/"],
      ["valid", "/broadcast/20260501T103000.000%2B0000/"],
    ]);
  });

  test("writes a run's report on request", async () => {
    const { list, root } = sampleStore();
    const answer = await get(list, "/broadcast/20260501T103100.000%2B0000/");
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('<script id="run"');
    expect(existsSync(join(root, "broadcast/20260501T103100.000+0000/report.html"))).toBe(true);
  });

  test.each([
    "/broadcast/latest/",
    "/elsewhere/run/",
    "/broadcast/../../secret/run/",
    "/broadcast/%2e%2e%2f%2e%2e%2fsecret%2frun/",
    "/..%2fsecret/run/",
    "/%2e%2e/secret/",
    "/broadcast/20260501T103000.000%2B0000/test.json",
    "/broadcast/20260501T103000.000%2B0000/../../../secret/run",
    "//etc/passwd",
    "/%00/%ff",
  ])("answers %s with 404", async (path) => {
    const { list } = sampleStore();
    expect((await get(list, path)).status).toBe(404);
  });

  test("refuses other host names and methods other than GET and HEAD", async () => {
    const { list } = sampleStore();
    expect((await get(list, "/", "evil.example:8420")).status).toBe(403);
    expect((await get(list, "/", "localhost:8420")).status).toBe(200);
    expect((await get(list, "/", undefined, "POST")).status).toBe(405);
  });

  test.each(["report.html", "messages.jsonl", "history.jsonl", "results.json"])(
    "does not follow a link in place of %s",
    async (name) => {
      const { list, root, outside } = sampleStore();
      const secret = join(outside, "secret.txt");
      writeFileSync(secret, "the secret");
      const directory = join(root, "broadcast/20260501T103100.000+0000");
      rmSync(join(directory, name), { force: true });
      symlinkSync(secret, join(directory, name));
      const answer = await get(list, "/broadcast/20260501T103100.000%2B0000/");
      const html = await answer.text();
      expect(html).not.toContain("the secret");
      expect(html).toContain(`${name} is not a regular file`);
      expect(answer.status).toBe(500);
      expect(await (await get(list, "/")).text()).not.toContain("the secret");
    },
  );

  test("does not list a run whose test.json is a link", async () => {
    const { list, root, outside } = sampleStore();
    const file = join(root, "broadcast/20260501T103100.000+0000/test.json");
    rmSync(file);
    symlinkSync(join(outside, "secret/run/test.json"), file);
    expect((await get(list, "/broadcast/20260501T103100.000%2B0000/")).status).toBe(404);
  });

  test("names a run's damaged file, as text", async () => {
    const { list, root } = sampleStore();
    const file = join(root, "broadcast/20260501T103100.000+0000/messages.jsonl");
    writeFileSync(file, "<script>alert(1)</script>\n");
    const answer = await get(list, "/broadcast/20260501T103100.000%2B0000/");
    const html = await answer.text();
    expect(answer.status).toBe(500);
    expect(html).toContain("messages.jsonl cannot be read: line 1: ");
    expect(html).not.toContain("<script>");
  });

  test("shows directory names as text", async () => {
    const { list, root } = sampleStore();
    const directory = join(root, '"><script>alert(1)<', "x");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "test.json"), "{");
    const html = await (await get(list, "/")).text();
    expect(html).not.toContain("<script>");
    expect(html).toContain("&#34;&#62;&#60;script&#62;alert(1)&#60;");
  });

  test("explains how to add runs to an empty store", async () => {
    const list = new RunList(join(temporaryDirectory(), "store"), {});
    expect(await (await get(list, "/")).text()).toContain("No runs in");
  });
});
