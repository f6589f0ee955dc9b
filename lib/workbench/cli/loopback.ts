/** Serves pages on the loopback interface until the command is interrupted. */
import { InvalidOptions } from "../invalid-options.ts";
import { interruptible } from "./interrupt.ts";

interface Served {
  readonly port: number;
  readonly answer: (request: Request) => Promise<Response>;
  /** Called when requests are answered, with the address. */
  readonly onStart: (address: URL) => void;
}

/** @throws {InvalidOptions} if the port is in use. */
export async function serveOnLoopback({ port, answer, onStart }: Served): Promise<void> {
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      // The report of a large run takes more than the default 10 s to build.
      idleTimeout: 120,
      fetch: answer,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new InvalidOptions(`--port ${port}: ${reason}. Use --port 0 for any free port`);
  }
  onStart(server.url);
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
