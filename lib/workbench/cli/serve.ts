/** `vortex serve`: lists stored runs and their reports in a browser. */
import { statSync } from "node:fs";
import { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { RunList } from "../report/server/run-list.ts";
import { interruptible } from "./interrupt.ts";
import { remark } from "./live.ts";
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
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      // The report of a large run takes more than the default 10 s to build.
      idleTimeout: 120,
      fetch: (request) => list.answer(request),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new InvalidOptions(`--port ${port}: ${reason}. Use --port 0 for any free port`);
  }
  remark(`Runs of ${store}: ${server.url}`);
  try {
    await interruptible(
      (signal) =>
        new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        }),
    );
  } finally {
    await server.stop(true);
  }
}
