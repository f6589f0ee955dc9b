/** Entry point of the page: decodes the embedded run and renders it. */
import { render } from "preact";
import { App } from "./app.tsx";
import { Run } from "./run/run.ts";
import "./style/index.css";

/** Decodes the run from the base64 in the page. */
async function readRun(): Promise<Run> {
  const text = document.getElementById("run")?.textContent ?? "";
  const compressed = bytesOf(text);
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Run(new Uint8Array(await new Response(stream).arrayBuffer()));
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  // Older browsers lack fromBase64().
  if (typeof Uint8Array.fromBase64 === "function") return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

async function show(): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) throw new Error('The page has no element "app"');
  try {
    const run = await readRun();
    render(<App run={run} />, app);
    // Marks the time at which the page is visible, for benchmarks and tests.
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("shown")));
  } catch (error) {
    app.textContent = `Cannot show this report: ${error instanceof Error ? error.message : error}`;
    throw error;
  }
}

void show();
