/** `vortex play`: write and run a program in a browser. */
import { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { PlayServer } from "../play/server/play-server.ts";
import { interruptible } from "./interrupt.ts";
import { remark } from "./live.ts";
import { port } from "./parsers.ts";

interface Flags {
  readonly port: number;
}

export function playCommand(): Command {
  return new Command("play")
    .description("write, run and watch a program in a browser")
    .option("--port <number>", "port on this machine; 0 for any free port", port, 8421)
    .addHelpText(
      "after",
      `
Listens on 127.0.0.1 only. Stop it with Ctrl-C.

Example:
  vortex play`,
    )
    .action(play);
}

async function play({ port }: Flags): Promise<void> {
  const playground = new PlayServer();
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: (request) => playground.answer(request),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new InvalidOptions(`--port ${port}: ${reason}. Use --port 0 for any free port`);
  }
  remark(`Playground: ${server.url}`);
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
