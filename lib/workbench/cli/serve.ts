/** `vortex serve`: the runs of a store, and their pages, in a browser on this machine. */
import { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { RunList } from "../report/server/run-list.ts";
import { interruptible } from "./interrupt.ts";
import { remark } from "./live.ts";
import { nonNegativeInteger } from "./parsers.ts";
import { targetOf } from "./stage-options.ts";

interface Flags {
  readonly store: string;
  readonly port: number;
}

export function serveCommand(): Command {
  return new Command("serve")
    .description("list the runs of a store in a browser, newest first, and show their reports")
    .option("--store <dir>", "where the runs are", "store")
    .option(
      "--port <number>",
      "port on this machine; 0 takes any that is free",
      nonNegativeInteger,
      8420,
    )
    .addHelpText(
      "after",
      `
Only this machine can reach it (127.0.0.1), and it shows nothing but runs. Ctrl-C ends it.

Example:
  vortex serve --store store`,
    )
    .action(serve);
}

async function serve({ store, port }: Flags): Promise<void> {
  const list = new RunList(store, { targetOf });
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      // A large run's report takes its time to make.
      idleTimeout: 120,
      fetch: (request) => list.answer(request),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new InvalidOptions(`--port ${port}: ${reason}; --port 0 takes any that is free`);
  }
  remark(`The runs of ${store} are at ${server.url}`);
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
