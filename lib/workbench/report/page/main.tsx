/** Where the page begins: unpacks the run that stands in it, and shows it. */
import { render } from "preact";
import { App } from "./app.tsx";
import { Run } from "./run/run.ts";
import "./style.css";

/** The run, from base64 within the page. */
async function readRun(): Promise<Run> {
  const text = document.getElementById("run")?.textContent ?? "";
  const packed = bytesOf(text);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Run(new Uint8Array(await new Response(stream).arrayBuffer()));
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  // Not every browser can do it in one step yet.
  if (typeof Uint8Array.fromBase64 === "function") return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

async function show(): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) throw new Error("The page has no place for the report");
  try {
    const run = await readRun();
    render(<App run={run} />, app);
    // When the page can be seen: for those who measure.
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("shown")));
  } catch (error) {
    app.textContent = `This report cannot be shown: ${error instanceof Error ? error.message : error}`;
    throw error;
  }
}

void show();
