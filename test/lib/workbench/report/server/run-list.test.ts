import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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
    const directory = join(root, "broadcast", name);
    gossipRun().store(directory, results);
    if (results === undefined) {
      writeFileSync(join(directory, "crash.txt"), "Node n1 exited with status 3\nIts stderr:\nx");
    }
  }
  symlinkSync("20260501T103300.000+0000", join(root, "broadcast", "latest"));
  gossipRun().store(join(outside, "secret", "run"), resultsOf(true));
  symlinkSync(join(outside, "secret"), join(root, "elsewhere"));
  return { outside, root, list: new RunList(root, {}) };
}

const get = (list: RunList, path: string, host = "127.0.0.1:8420", method = "GET") =>
  list.answer(new Request(`http://${host}${path}`, { method }));

/** Returns the rows of the list, as texts of their cells. */
async function rowsOf(list: RunList, path: string): Promise<string[]> {
  const html = await (await get(list, path)).text();
  return [...html.matchAll(/<tr class="\w+"><td><input[^>]*><td>(.*)<\/tr>/g)].map(([, row = ""]) =>
    row
      .split(/<td[^>]*>/)
      .map((cell) => cell.replace(/<[^>]*>/g, "").replaceAll("&#39;", "'"))
      .join("|"),
  );
}

describe("vortex serve", () => {
  test("lists runs newest first, coloured by verdict", async () => {
    const { list } = sampleStore();
    const html = await (await get(list, "/")).text();
    const rows = [...html.matchAll(/<tr class="([\w ]+)">.*?href="([^"]+)"/g)];
    expect(rows.map(([, state, address]) => [state, address])).toEqual([
      ["crashed", "/broadcast/20260501T103300.000%2B0000/"],
      ["unknown", "/broadcast/20260501T103200.000%2B0000/"],
      ["invalid", "/broadcast/20260501T103100.000%2B0000/"],
      ["valid", "/broadcast/20260501T103000.000%2B0000/"],
    ]);
  });

  test("shows a run's program, source, figures and cause", async () => {
    const { list, root } = sampleStore();
    const lost = resultsOf(false, [], { lostCount: 9, attemptCount: 50 });
    const file = join(root, "broadcast/20260501T103100.000+0000/results.json");
    writeFileSync(file, JSON.stringify(lost));
    const cells = (await rowsOf(list, "/"))[2]?.split("|") ?? [];
    expect(cells).toEqual(
      expect.arrayContaining([
        "invalid",
        "echo-it",
        "test",
        "2.5",
        "3 ms",
        "9 of 50 values were lost",
      ]),
    );
  });

  test("shows the first line of a crash, and a run without a verdict in progress", async () => {
    const { list, root } = sampleStore();
    gossipRun().store(join(root, "broadcast/20260501T103400.000+0000"), undefined);
    const [running, crashed] = await rowsOf(list, "/");
    expect(running).toStartWith("running|");
    expect(crashed).toContain("|Node n1 exited with status 3|");
  });

  test("tells simulations from tests", async () => {
    const { list, root } = sampleStore();
    const file = join(root, "broadcast/20260501T103100.000+0000/test.json");
    writeFileSync(file, readFileSync(file, "utf8").replace("vortex test", "vortex sim x.ts"));
    const sources = (await rowsOf(list, "/")).map((row) => row.split("|")[3]);
    expect(sources).toEqual(["test", "test", "sim", "test"]);
    expect(await rowsOf(list, "/?source=sim")).toHaveLength(1);
  });

  test("filters by workload, verdict and text", async () => {
    const { list } = sampleStore();
    expect(await rowsOf(list, "/?workload=broadcast")).toHaveLength(4);
    expect(await rowsOf(list, "/?workload=echo")).toEqual([]);
    expect(await rowsOf(list, "/?verdict=invalid")).toHaveLength(1);
    expect(await rowsOf(list, "/?verdict=&text=STATUS+3")).toHaveLength(1);
    const html = await (await get(list, '/?text="><script>')).text();
    expect(html).not.toContain("<script>");
  });

  test("sorts by any column, in both directions", async () => {
    const { list, root } = sampleStore();
    const slow = { ...resultsOf(true), perf: { latencies: { all: { "0.5": 20, "1": 30 } } } };
    gossipRun().store(join(root, "echo/20260501T103200.000+0000"), slow);
    const mediansOf = async (path: string) =>
      (await rowsOf(list, path)).map((row) => row.split("|")[7]);
    expect(await mediansOf("/?sort=median&order=up")).toEqual([
      "",
      "1 ms",
      "1 ms",
      "1 ms",
      "20 ms",
    ]);
    expect((await mediansOf("/?sort=median&order=down"))[0]).toBe("20 ms");
    const html = await (await get(list, "/?sort=median&order=up&verdict=valid")).text();
    expect(html).toContain("/?sort=median&#38;order=down&#38;verdict=valid");
  });

  test("compares runs side by side, and marks what differs", async () => {
    const { list } = sampleStore();
    const names = ["20260501T103000.000%2B0000", "20260501T103100.000%2B0000"];
    const query = names.map((name) => `run=${encodeURIComponent(`/broadcast/${name}/`)}`).join("&");
    const html = await (await get(list, `/compare?${query}`)).text();
    const lines = [...html.matchAll(/<tr[^>]*><th scope="row">(.*)<\/tr>/g)].map(
      ([, line]) => line,
    );
    expect(lines).toContain("started ≠<td>2026-05-01 10:30:00<td>2026-05-01 10:31:00");
    expect(lines).toContain("nodes<td>4<td>4");
    expect(lines).toContain("Median request latency<td>1 ms<td>1 ms");
    expect(await (await get(list, "/compare?run=/etc/passwd")).text()).toContain("at least two");
  });

  test("lists runs of Maelstrom, with the end of their output as text", async () => {
    const { list, root } = sampleStore();
    const directory = join(root, "maelstrom-a1");
    gossipRun().store(directory, resultsOf(false));
    writeFileSync(join(directory, "output.log"), "<b>Analysis invalid!");
    const [row] = await rowsOf(list, "/?source=maelstrom");
    expect(row).toContain(
      "|broadcast|echo-it|maelstrom|2026-05-01 08:30:00|see Maelstrom's output|",
    );
    const answer = await get(list, "/maelstrom-a1/");
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("&#60;b&#62;Analysis invalid!");
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
