/** Entry point of the playground. */
import { render } from "preact";
import { Sandbox } from "../sandbox/sandbox.ts";
import { DATA_ID, type SiteData } from "../site/site-data.ts";
import { App } from "./app.tsx";
import "./style/index.css";

async function show(): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) throw new Error('The page has no element "app"');
  // Not validated: the same build wrote it.
  const data = JSON.parse(document.getElementById(DATA_ID)?.textContent ?? "") as SiteData;
  app.textContent = "";
  render(<App data={data} sandbox={new Sandbox(data.engine, data.frame)} />, app);
  // Marks the time at which the page is visible, for benchmarks and tests.
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("shown")));
}

void show();
