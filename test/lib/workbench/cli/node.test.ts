import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { describeNats, startNats } from "../../../support/nats.ts";
import { DIST, ECHO, spawnVortex, vortex } from "../../../support/processes/vortex.ts";

/** Nothing listens there, and it is not asked. */
const NOWHERE = "nats://127.0.0.1:1";
const node = (...words: readonly string[]) =>
  vortex("node", "--nats", NOWHERE, "--cluster", "demo", ...words);
const cluster = (...words: readonly string[]) =>
  vortex("test", "-w", "echo", "--nats", NOWHERE, "--cluster", "demo", ...words);

describe("vortex node", () => {
  test.concurrent.each([
    [
      "a name that is not among the nodes",
      () => node("--name", "n9", "--nodes", "n0,n1", "--", ECHO),
      "--name n9 is not among --nodes n0,n1",
    ],
    [
      "a name of a client",
      () => node("--name", "c1", "--nodes", "c1", "--", ECHO),
      'Cannot name a node "c1"',
    ],
    ["no program", () => node("--name", "n0", "--nodes", "n0"), "Name the program after --"],
    [
      "a name of a cluster that subjects cannot contain",
      () => vortex("node", "--nats", NOWHERE, "--cluster", "a.b", "--name", "n0", "--nodes", "n0"),
      '--cluster "a.b": use up to 40 letters',
    ],
  ])("refuses %s", async (_, run, reason) => {
    const { exitCode, stderr } = await run();
    expect(stderr).toContain(reason);
    expect(exitCode).toBe(254);
  });
});

describe("vortex test --nats", () => {
  test.concurrent.each([
    ["a server that does not answer", () => cluster(), "nothing listens there"],
    [
      "servers without a cluster",
      () => vortex("test", "-w", "echo", "--nats", NOWHERE),
      "--nats and --cluster need each other",
    ],
    ["a program", () => cluster("--bin", ECHO), "the hosts of a cluster know their programs"],
    ["data of nodes", () => cluster("--keep-data"), "--keep-data is for nodes on this machine"],
    ["faults of disks", () => cluster("--nemesis", "disk"), "--nemesis disk"],
  ])("refuses %s", async (_, run, reason) => {
    const { exitCode, stderr } = await run();
    expect(stderr).toContain(reason);
    expect(exitCode).toBe(254);
  });
});

/** Waits until a stream contains a text, and reads the rest of it meanwhile. */
function textIn(stream: ReadableStream<Uint8Array>, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const read = async () => {
    let seen = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      seen += decoder.decode(chunk, { stream: true });
      if (seen.includes(text)) resolve();
    }
    reject(new Error(`"${text}" is missing from:\n${seen}`));
  };
  read().catch(reject);
  return promise;
}

describeNats("A cluster on NATS", () => {
  test("stays valid while nodes are killed and the server restarts", async () => {
    await using server = await startNats();
    const nodes = ["n0", "n1"].map((name) =>
      spawnVortex(
        ...["node", "--nats", server.url, "--cluster", "demo", "--name", name],
        ...["--nodes", "n0,n1", "--", join(DIST, "kafka"), "--push-ms", "50"],
      ),
    );
    try {
      const tested = spawnVortex(
        ...["test", "--nats", server.url, "--cluster", "demo", "-w", "kafka", "--rate", "50"],
        // Those whose requests the outage takes wait until the end.
        ...["--concurrency", "100"],
        ...["--time-limit", "5", "--nemesis", "kill,partition", "--nemesis-interval", "1"],
        ...["--recovery", "6", "--no-store", "--json"],
      );
      await Promise.all(nodes.map(({ stderr }) => textIn(stderr, "begins")));
      await Bun.sleep(2000);
      await server.kill();
      await Bun.sleep(500);
      await server.start();
      const [stdout, stderr] = await Promise.all([tested.stdout.text(), tested.stderr.text()]);
      const result = stdout === "" ? { stderr } : JSON.parse(stdout);
      expect(result).toMatchObject({ valid: true });
      expect(result.faults.kill).toBeGreaterThan(0);
      expect(result.net.servers.sendCount).toBeGreaterThan(0);
      expect(result.hosts.nodes.n0.outages).toBe(1);
    } finally {
      for (const child of nodes) child.kill("SIGTERM");
      const ended = await Promise.all(nodes.map(({ exited }) => exited));
      expect(ended).toEqual([0, 0]);
    }
  }, 60_000);
});
