/**
 * Measures how long a report takes to write and to open, and the frame times of its diagram, by number
 * of messages; in headless Chromium.
 *
 *   bun test/bench/report.ts [MESSAGES...]
 *
 * The run is synthetic: broadcasts on 25 nodes, 3 % of the messages lost, about 100 bytes per body.
 */
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeReport } from "../../lib/workbench/report/html/stored-run.ts";
import { DEFAULTS, nodeNames } from "../../lib/workbench/run/test-options.ts";
import { openPage } from "../support/browsers.ts";
import { temporaryDirectory } from "../support/processes/vortex.ts";

const NODES = nodeNames(25);
const FLIGHT_NS = 100e6;

/** Writes the files of a synthetic run. */
function storeRun(directory: string, messageCount: number): void {
  mkdirSync(directory, { recursive: true });
  const options = { ...DEFAULTS, workload: "broadcast", nodeIds: NODES, concurrency: 25, seed: 1 };
  const json = (value: unknown) => `${JSON.stringify(value)}\n`;
  writeFileSync(join(directory, "test.json"), json({ command: "vortex", options }));
  const history: string[] = [];
  const events: { readonly time: number; readonly line: string }[] = [];
  let id = 0;
  const message = (src: string, dest: string, time: number, took: number, body: object) => {
    const sent = { id: id++, src, dest, body };
    events.push({ time, line: json({ type: "send", time, message: sent }) });
    const isLost = took > 0 && (id * 7919) % 100 < 3;
    if (isLost) return;
    events.push({
      time: time + took,
      line: json({ type: "recv", time: time + took, message: sent }),
    });
  };
  for (const [index, node] of NODES.entries()) {
    message(`c${index}`, node, 0, 0, { type: "init", msg_id: 1 });
    message(node, `c${index}`, 1, 0, { type: "init_ok", in_reply_to: 1 });
  }
  const startLength = events.length;
  const stepNs = 30e9 / messageCount;
  const perOperation = 20;
  for (let operation = 0; id < messageCount; operation++) {
    const time = Math.round(operation * perOperation * stepNs);
    const thread = operation % 25;
    const [client, node] = [`c${100 + thread}`, NODES[thread] ?? ""];
    const entry = { process: thread, node, f: "broadcast", value: operation };
    history.push(json({ index: 2 * operation, time, type: "invoke", ...entry }));
    message(client, node, time, 0, { type: "broadcast", message: operation, msg_id: operation });
    message(node, client, time + 1000, 0, { type: "broadcast_ok", in_reply_to: operation });
    history.push(json({ index: 2 * operation + 1, time: time + 2000, type: "ok", ...entry }));
    for (let hop = 0; hop < perOperation - 2; hop++) {
      const dest = NODES[(thread + 1 + hop) % 25] ?? "";
      const body = {
        type: "gossip",
        from: `${node}~x1y2z3`,
        seen: operation % 97,
        news: [operation],
      };
      message(node, dest, time + 1500 + hop, FLIGHT_NS, body);
    }
  }
  const start = events.slice(0, startLength);
  const rest = events.slice(startLength).sort((one, other) => one.time - other.time);
  writeFileSync(join(directory, "history.jsonl"), history.join(""));
  writeLines(join(directory, "messages.jsonl"), [...start, ...rest]);
  const empty = { valid: true, explanation: [] };
  const net = { servers: { msgsPerOp: perOperation - 2 } };
  const results = { valid: true, workload: empty, net, perf: { latencies: {} }, badLines: [] };
  writeFileSync(join(directory, "results.json"), json(results));
}

/** Writes line by line: a million lines exceed the maximum length of a string. */
function writeLines(file: string, events: readonly { readonly line: string }[]): void {
  const writer = Bun.file(file).writer();
  for (const { line } of events) writer.write(line);
  void writer.end();
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Opens a page three times. Returns medians in ms, and the 95th percentile of frame times. */
async function measure(file: string) {
  const shown: number[] = [];
  const frames: number[] = [];
  let filterMs = 0;
  let pickMs = 0;
  for (let run = 0; run < 3; run++) {
    const opened = await openPage(`file://${file}`);
    const { page } = opened;
    shown.push(await opened.shownMs());
    frames.push(...((await page.evaluate(FRAMES)) as number[]));
    filterMs = Number(await page.evaluate(FILTER));
    pickMs = Number(await page.evaluate(PICK));
    await opened.close();
  }
  const slowest = frames.toSorted((one, other) => one - other)[Math.floor(frames.length * 0.95)];
  return {
    shownMs: median(shown),
    frameMs: median(frames),
    slowFrameMs: slowest,
    filterMs,
    pickMs,
  };
}

/** Zooms and pans by keys, one step per frame. Returns the frame times. */
const FRAMES = `(async () => {
  const canvas = document.querySelectorAll("canvas[role]")[1];
  canvas.scrollIntoView({ behavior: "instant" });
  const press = (key) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const steps = [..."++++----+++---", "+", "+"];
  for (let turn = 0; turn < 24; turn++) steps.push(turn % 8 < 4 ? "ArrowRight" : "ArrowLeft");
  for (let turn = 0; turn < 4; turn++) await frame();
  const times = [];
  let before = await frame();
  for (const key of [...steps, "-", "-", ...steps]) {
    press(key);
    const now = await frame();
    times.push(now - before);
    before = now;
  }
  return times;
})()`;

const FILTER = `(async () => {
  const input = document.querySelector("#filter-text");
  const before = performance.now();
  input.value = "42";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return performance.now() - before;
})()`;

const PICK = `(async () => {
  const button = [...document.querySelectorAll("button")].find((each) => each.textContent.startsWith("Highlight"));
  const before = performance.now();
  button.click();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return performance.now() - before;
})()`;

const counts = process.argv.slice(2).map(Number);
const rows: object[] = [];
for (const messages of counts.length > 0 ? counts : [1_000, 100_000, 1_000_000]) {
  const directory = join(temporaryDirectory(), "run");
  storeRun(directory, messages);
  const began = performance.now();
  const file = await writeReport(directory);
  const madeS = (performance.now() - began) / 1000;
  const sizeMB = statSync(file).size / 1e6;
  const times = Object.entries(await measure(file)).map(([name, ms]) => [name, ms?.toFixed(0)]);
  rows.push({
    messages,
    "made, s": madeS.toFixed(2),
    MB: sizeMB.toFixed(2),
    ...Object.fromEntries(times),
  });
  rmSync(directory, { recursive: true });
}
console.table(rows);
