/** `vortex serve`: lists stored runs and their reports in a browser. */
import { statSync } from "node:fs";
import { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { RunList } from "../report/server/run-list.ts";
import { remark } from "./live.ts";
import { serveOnLoopback } from "./loopback.ts";
import { port } from "./parsers.ts";
import { targetOf } from "./stage-options.ts";

interface Flags {
  readonly store: string;
  readonly port: number;
}

export function serveCommand(): Command {
  return new Command("serve")
    .description("list, filter and compare stored runs in a browser, with their reports")
    .option("--store <dir>", "directory of stored runs", "store")
    .option("--port <number>", "port on this machine; 0 for any free port", port, 8420)
    .addHelpText(
      "after",
      `
Listens on 127.0.0.1 only and serves nothing but runs. Stop it with Ctrl-C.

Example:
  vortex serve --store store`,
    )
    .action(serve);
}

async function serve({ store, port }: Flags): Promise<void> {
  if (statSync(store, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new InvalidOptions(`--store ${store}: not a directory`);
  }
  const list = new RunList(store, { targetOf });
  await serveOnLoopback({
    port,
    answer: (request) => list.answer(request),
    onStart: (address) => remark(`Runs of ${store}: ${address}`),
  });
}
