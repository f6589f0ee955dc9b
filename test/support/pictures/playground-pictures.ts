/**
 * Records the README's animation, a partition that loses a value and anti-entropy that mends it, and takes
 * the screenshots of docs/playground.md, in Chromium:
 *
 *   bun test/support/pictures/playground-pictures.ts [--screenshots]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyPalette, GIFEncoder, type Palette, quantize } from "gifenc";
import type { Page } from "puppeteer-core";
import { type Decisions, linkName } from "../../../lib/workbench/decisions.ts";
import { encodeLink } from "../../../lib/workbench/play/link.ts";
import type { PageOptions } from "../browsers.ts";
import { Reader, servePlayground } from "../play/opened-page.ts";
import { ROOT } from "../processes/vortex.ts";

const IMAGES = join(ROOT, "docs/images");
const FLAGS =
  "-w broadcast --node-count 5 --rate 1 --time-limit 7 --latency 350 --seed 1 --nemesis partition";

/** One value, reads on all nodes while it is lost, and when it has come back. */
function story(): Decisions {
  const read = (atMs: number, thread: number) => {
    return { atNs: atMs * 1e6, thread, node: `n${thread}`, f: "read", value: null };
  };
  const reads = (atMs: number) => [0, 1, 2, 3, 4].map((thread) => read(atMs + 1, thread));
  const broadcast = { atNs: 7e8, thread: 0, node: "n0", f: "broadcast", value: 7 };
  const sides = [
    ["n0", "n1"],
    ["n2", "n3", "n4"],
  ];
  const [here = [], there = []] = sides;
  const links = here.flatMap((one) =>
    there.flatMap((other) => [linkName(one, other), linkName(other, one)]),
  );
  return {
    version: 1,
    main: { lengthNs: 7e9, operations: [broadcast, ...reads(1700), ...reads(5100)] },
    interventions: [
      { do: "cut", atNs: 3e8, links },
      { do: "heal", atNs: 24e8 },
    ],
  };
}

async function openStory(
  options: PageOptions,
): Promise<{ reader: Reader; close(): Promise<void> }> {
  const served = servePlayground();
  const source = readFileSync(join(import.meta.dir, "anti-entropy.ts"), "utf8")
    .replace("../../../lib/vortex/index.ts", "vortex")
    .replace(/^\/\*\*.*?\*\/\n/s, "");
  const fragment = await encodeLink({
    files: [{ name: "anti-entropy.ts", source }],
    flags: FLAGS.split(" "),
    decisions: story(),
  });
  const address = new URL(`#${fragment}`, served.address);
  const reader = await Reader.at(address, options);
  await reader.press("Run");
  // The states of the nodes are of another run.
  await reader.textOf(".participant .state");
  const close = async () => {
    await reader[Symbol.asyncDispose]();
    await served.close();
  };
  return { reader, close };
}

/** Shows a moment of the run, in seconds. */
async function seek(page: Page, seconds: number): Promise<void> {
  await page.evaluate(`(() => {
    const input = document.querySelector(".time-line input");
    input.value = ${seconds * 1e6};
    input.dispatchEvent(new Event("input"));
    return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  })()`);
}

const FRAME_MS = 80;
/** Seconds of the run for a second of the animation. */
const SPEED = 0.75;
/** Part of the run that is recorded, in seconds. */
const [FROM, TO] = [0.15, 5.6];

/** Records the arena as a GIF. */
async function record(file: string): Promise<void> {
  const { reader, close } = await openStory({ width: 560, height: 900 });
  const { page } = reader;

  await page.addStyleTag({ content: ".arena canvas { outline: none !important }" });
  const encoder = GIFEncoder();
  let palette: Palette | undefined;
  for (let time = FROM; time < TO; time += (FRAME_MS / 1000) * SPEED) {
    await seek(page, time);
    const arena = await page.$(".arena");
    if (arena === null) throw new Error("The page has no arena");
    const { data, width, height } = await pixelsOf(page, await arena.screenshot());
    palette ??= quantize(data, 64);
    const indexed = applyPalette(data, palette);
    encoder.writeFrame(indexed, width, height, { palette, delay: FRAME_MS });
  }
  encoder.finish();
  writeFileSync(file, encoder.bytes());
  await close();
}

/** Decodes a PNG in the browser. */
async function pixelsOf(page: Page, png: Uint8Array) {
  const { base64, width, height } = (await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob("${Buffer.from(png).toString("base64")}"), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let binary = "";
    for (let at = 0; at < data.length; at += 30000) binary += String.fromCharCode(...data.subarray(at, at + 30000));
    return { base64: btoa(binary), width, height };
  })()`)) as { base64: string; width: number; height: number };
  return { data: new Uint8Array(Buffer.from(base64, "base64")), width, height };
}

/** Takes a screenshot of the page from its section to watch on. */
async function take(name: string, seconds: number, options: PageOptions): Promise<void> {
  const { reader, close } = await openStory(options);
  const { page } = reader;
  await seek(page, seconds);
  await page.locator(".participant.node").click();
  await page.evaluate('document.querySelector("#watch").scrollIntoView()');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await close();
}

if (!process.argv.includes("--screenshots")) await record(join(IMAGES, "anti-entropy.gif"));
for (const theme of ["light", "dark"] as const) {
  const suffix = theme === "dark" ? "-dark" : "";
  await take(`playground${suffix}`, 1.25, { width: 1280, height: 900, theme });
  await take(`playground-narrow${suffix}`, 2.95, { width: 420, height: 900, theme });
}
