/** Workers of `vortex sim --nats` as processes, on a NATS server of their own. */
import { join } from "node:path";
import { DIST, spawnVortex, temporaryDirectory, type VortexRun } from "./vortex.ts";

export interface WorkerProcess {
  /** Returns everything that it has printed to stderr so far. */
  readonly log: () => string;
  /** Ends it at once. */
  kill(): void;
  /** Ends it in order; resolves with its exit code. */
  stop(): Promise<number>;
}

/** Workers that run: without their server they would wait for ever. */
const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts `vortex worker`. */
export function startWorker(url: string, ...args: readonly string[]): WorkerProcess {
  // One that is killed leaves its directory.
  const env = { ...process.env, NO_COLOR: "1", TMPDIR: temporaryDirectory() };
  const command = [join(DIST, "vortex"), "worker", "--nats", url, "--insecure", ...args];
  const child = Bun.spawn(command, { env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  let text = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) text += decoder.decode(chunk, { stream: true });
  };
  void read();
  return {
    log: () => text,
    kill: () => child.kill("SIGKILL"),
    stop: () => {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}

/** Starts `vortex sim --nats`. */
export function startTester(url: string, ...args: readonly string[]) {
  const child = spawnVortex("sim", ...args, "--nats", url);
  const run = async (): Promise<VortexRun> => {
    const [stdout, stderr, exitCode] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { stdout, stderr, exitCode };
  };
  return { ended: run(), interrupt: () => child.kill("SIGINT") };
}
