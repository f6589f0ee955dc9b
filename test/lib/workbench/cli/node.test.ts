import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { describeNats, startNats } from "../../../support/nats.ts";
import { DIST, ECHO, spawnVortex, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

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

/** Starts a sidecar. */
function startNode(url: string, name: string) {
  const child = spawnVortex(
    ...["node", "--nats", url, "--cluster", "demo", "--name", name],
    ...["--nodes", "n0,n1", "--", join(DIST, "kafka"), "--push-ms", "50"],
  );
  let log = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) log += decoder.decode(chunk, { stream: true });
  };
  const logged = read();
  return {
    /** Resolves when it has logged a text. */
    async hasLogged(text: string) {
      while (!log.includes(text)) {
        if (child.exitCode !== null) throw new Error(`${name} has exited:\n${log}`);
        await Bun.sleep(10);
      }
    },
    /** Ends it; resolves with its exit code. */
    async stop() {
      child.kill("SIGTERM");
      await logged;
      return child.exited;
    },
  };
}

describeNats("A cluster on NATS", () => {
  test("stays valid while nodes are killed and the server restarts", async () => {
    await using server = await startNats();
    const nodes = ["n0", "n1"].map((name) => startNode(server.url, name));
    try {
      // The tester waits 5 s for them, which are not enough on a machine that is busy.
      await Promise.all(nodes.map((node) => node.hasLogged("waits for tests")));
      const tested = spawnVortex(
        ...["test", "--nats", server.url, "--cluster", "demo", "-w", "kafka", "--rate", "50"],
        // Those whose requests the outage takes wait for their replies until the end.
        ...["--concurrency", "100"],
        ...["--time-limit", "4", "--nemesis", "kill,partition", "--nemesis-interval", "1"],
        ...["--recovery", "3", "--seed", "1", "--no-store", "--json"],
      );
      const output = Promise.all([tested.stdout.text(), tested.stderr.text()]);
      const begun = Promise.all(nodes.map((node) => node.hasLogged("begins")));
      await Promise.race([begun, output]);
      await Bun.sleep(1000);
      await server.kill();
      await Bun.sleep(500);
      await server.start();
      const [stdout, stderr] = await output;
      const result = stdout === "" ? { stderr } : JSON.parse(stdout);
      expect(result).toMatchObject({ valid: true });
      expect(result.faults.kill).toBeGreaterThan(0);
      expect(result.net.servers.sendCount).toBeGreaterThan(0);
      expect(result.hosts.nodes.n0.outages).toBe(1);
    } finally {
      expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0]);
    }
  }, 120_000);
});
