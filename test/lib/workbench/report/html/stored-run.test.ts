import { describe, expect, test } from "bun:test";
import { appendFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ReportOptions,
  writeReport,
} from "../../../../../lib/workbench/report/html/stored-run.ts";
import { Run } from "../../../../../lib/workbench/report/page/run/run.ts";
import { temporaryDirectory } from "../../../../support/processes/vortex.ts";
import { gossipRun, RunBuilder, resultsOf } from "../../../../support/report/report-run.ts";

async function report(directory: string, options?: ReportOptions) {
  const html = await Bun.file(await writeReport(directory, options)).text();
  const [, packed = ""] = /<script id="run"[^>]*>([^<]*)<\/script>/.exec(html) ?? [];
  return { html, run: new Run(Bun.gunzipSync(Uint8Array.fromBase64(packed))) };
}

function stored(results = resultsOf(true), run = gossipRun()): string {
  const directory = join(temporaryDirectory(), "run");
  run.store(directory, results);
  return directory;
}

const EVIL = '</script><script>alert(1)</script><!--\u2028"';

describe("A stored run's report", () => {
  test("holds the run, its verdict and its figures", async () => {
    const target = { msgsPerOp: 2 };
    const { run } = await report(stored(), { targetOf: () => target });
    expect(run.header.verdict).toBe(
      "Valid: every acknowledged value was read in the end, and 2 operations succeeded.",
    );
    expect(run.header.gauges.map(({ name, value, target }) => [name, value, target])).toEqual([
      ["Messages per operation", 2.5, 2],
      ["Median request latency", 1, undefined],
      ["Maximum request latency", 3, undefined],
      ["Availability", 100, undefined],
    ]);
    expect(run.messageCount).toBe(14);
  });

  test("compares the figures with targets that are stored with the run", async () => {
    const directory = stored();
    const file = join(directory, "test.json");
    const description = JSON.parse(await Bun.file(file).text());
    await Bun.write(file, JSON.stringify({ ...description, target: { maxMs: 7 } }));
    const { run } = await report(directory);
    expect(run.header.gauges.map(({ target }) => target)).toEqual([
      undefined,
      undefined,
      7,
      undefined,
    ]);
  });

  test("says of each target whether it is Vortex's own, and what Fly.io's limit is", async () => {
    const target = { msgsPerOp: 2, medianMs: 4, limits: { msgsPerOp: 30 } };
    const { run } = await report(stored(), { targetOf: () => target });
    expect(run.header.gauges.slice(0, 2)).toEqual([
      expect.objectContaining({ target: 2, isOwn: true, limit: 30 }),
      expect.objectContaining({ target: 4, isOwn: true }),
    ]);
    expect(run.header.gauges[1]).not.toHaveProperty("limit");
  });

  test("states the failure in one sentence", async () => {
    const results = resultsOf(false, [], { lostCount: 1, attemptCount: 9 });
    const { run } = await report(stored(results));
    expect(run.header.verdict).toBe(
      "Invalid: 1 of 9 values was lost: acknowledged, but missing from the final reads.",
    );
  });

  test("names what the checker of a user's workload found, once each", async () => {
    const finding = (anomaly: string) => ({ anomaly, sentence: "account 1", operations: [] });
    const results = resultsOf(false, ["overdraft", "lost-money", "overdraft"].map(finding));
    const { run } = await report(stored(results, new RunBuilder("bank", ["n0"]).start()));
    expect(run.header.verdict).toBe("Invalid: the checker found overdraft, lost-money.");
  });

  test("says what the hosts of a cluster did to the test", async () => {
    const host = { host: "a", slowestCommandMs: 27, overflow: 0, unreported: 0, outages: 0 };
    const n0 = { ...host, roundTripMs: 1.5, repeats: 2, outageMs: 0 };
    const hosts = { cluster: "demo", nodes: { n0 }, undelivered: 3 };
    const { run } = await report(stored({ ...resultsOf(true), hosts }));
    expect(run.header.remarks.map(({ anomaly, sentence }) => [anomaly, sentence])).toEqual([
      [
        "hosts",
        "1 host, clocks known to 0.8 ms, commands took up to 27 ms, 3 messages lost or in flight, 2 control messages sent again",
      ],
    ]);
  });

  test("lists what nodes answered in error, and warnings", async () => {
    const error = { kind: "error", request: "read", code: 13, name: "crash", text: "no luck" };
    const { run } = await report(
      stored({
        ...resultsOf(true),
        requestErrors: [
          { ...error, count: 2, nodes: { n0: 2 } },
          { kind: "timeout", request: "read", text: "", count: 1, nodes: { n1: 1 } },
        ],
        warnings: [{ kind: "few-operations", okCount: 2 }],
      }),
    );
    expect(run.header.remarks.map(({ anomaly, sentence }) => [anomaly, sentence])).toEqual([
      ["error", "n0 answered 2 × error 13 (crash) to read: no luck"],
      ["no answer", "n1 did not answer 1 × read in time"],
      ["warning", expect.stringContaining("only 2 operations succeeded")],
    ]);
  });

  test("tells a cause once, before what follows from it", async () => {
    const finding = (anomaly: string, sentence = "") => ({ anomaly, sentence, operations: [] });
    const neverRead = finding("never-read");
    const lost = finding("lost");
    const results = resultsOf(false, [neverRead, lost]);
    const { run } = await report(
      stored({
        ...results,
        stats: {
          valid: false,
          neverOk: ["read", "broadcast"],
          explanation: [finding("never-ok", "none"), finding("never-ok", "no broadcast")],
        },
        exceptions: {
          valid: true,
          explanation: [finding("NetTimeout", "ended 2"), finding("RangeError", "ended 1")],
        },
        requestErrors: [
          { kind: "timeout", request: "read", text: "", count: 2, nodes: { n1: 2 } },
          { kind: "timeout", request: "write", text: "", count: 1, nodes: { n2: 1 } },
        ],
      }),
    );
    const told = (list: "findings" | "remarks") =>
      run.header[list].map(({ anomaly, sentence }) => [anomaly, sentence]);
    expect(told("findings")).toEqual([
      ["never-ok", "no read was ok: n1 did not answer 2 × read in time"],
      ["lost", ""],
      ["never-ok", "no broadcast"],
    ]);
    expect(told("remarks")).toEqual([
      ["no answer", "n2 did not answer 1 × write in time"],
      ["RangeError", "ended 1"],
    ]);
  });

  test("holds what the run reached of the program's assertions", async () => {
    const coverage = {
      sometimes: [{ name: "a vote was split", count: 0 }],
      always: [{ name: "terms only grow", count: 12 }],
    };
    const { run } = await report(stored({ ...resultsOf(true), coverage }));
    expect(run.header.coverage).toEqual(coverage);
  });

  test("counts the messages that were sent after storage was full", async () => {
    const sent = (sendCount: number) => ({
      ...resultsOf(true),
      net: { all: { sendCount }, servers: {} },
    });
    const missing = async (sendCount: number) =>
      (await report(stored(sent(sendCount)))).run.header.unstoredMessageCount;
    expect(await missing(20)).toBe(6);
    expect(await missing(14)).toBeUndefined();
  });

  test("contains nothing from a node as markup", async () => {
    const builder = gossipRun();
    builder.message("n0", "n1", 200, 1, { type: EVIL, [EVIL]: EVIL });
    const finding = { anomaly: EVIL, sentence: EVIL, operations: [{ index: 0 }] };
    const { html, run } = await report(stored(resultsOf(false, [finding]), builder));
    expect(run.header.findings[0]?.sentence).toBe(EVIL);
    expect(run.header.messageTypes).toContain(EVIL);
    expect(html).not.toContain("alert(1)");
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
  });

  test("forbids loading anything and running other scripts", async () => {
    const { html } = await report(stored());
    const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
    const script = html.slice(html.lastIndexOf("<script>") + 8, html.lastIndexOf("</script>"));
    const hash = new Bun.CryptoHasher("sha256").update(script).digest("base64");
    expect(policy).toContain(`default-src 'none'; script-src 'sha256-${hash}';`);
  });

  test("of a crashed run gives the reason and everything recorded until the crash", async () => {
    const directory = stored();
    rmSync(join(directory, "results.json"));
    appendFileSync(join(directory, "messages.jsonl"), '{"type":"send","ti');
    writeFileSync(join(directory, "crash.txt"), "Node n0 crashed\n");
    const { run } = await report(directory);
    expect(run.header.valid).toBe("crashed");
    expect(run.header.verdict).toBe("No verdict: the run crashed. Node n0 crashed");
    expect(run.messageCount).toBe(14);
  });

  test("leaves no partial file behind when it cannot be written", async () => {
    const directory = stored();
    appendFileSync(join(directory, "messages.jsonl"), "{");
    await expect(writeReport(directory)).rejects.toThrow();
    expect(readdirSync(directory).filter((name) => name.startsWith("report"))).toEqual([]);
  });

  test.each([
    ["test.json", '{"command":', ""],
    ["results.json", "{}", ""],
    ["history.jsonl", '{"index":0}\n', "operation 0: "],
    ["history.jsonl", "\u0000\ufffd", ""],
    ["messages.jsonl", '{"type":"send","time"', "line 1: "],
    ["messages.jsonl", "[]\n", "line 1: "],
  ])("names a damaged file: %s with %j", async (name, text, place) => {
    const directory = stored();
    writeFileSync(join(directory, name), text);
    const refused = writeReport(directory);
    await expect(refused).rejects.toThrow(`${join(directory, name)} cannot be read: ${place}`);
    await expect(refused).rejects.toThrow("It was truncated or changed after the run");
  });

  test("is refused for a directory that is not a run", async () => {
    await expect(writeReport(temporaryDirectory())).rejects.toThrow("is not a run");
  });
});
