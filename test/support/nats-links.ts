/**
 * A cluster of NATS servers whose links can be cut, one direction at a time.
 *
 * A server reaches each other one through a proxy. A cut stops the proxy from reading: what a server
 * sends waits, as in TCP while packets are lost, and arrives when the link heals.
 */
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { configureNats, freePorts, type NatsConfig, type NatsServer, until } from "./nats.ts";

/** One direction of a connection between servers. */
interface Pipe {
  readonly from: number;
  readonly to: number;
  readonly source: Socket;
}

export class NatsLinks {
  readonly #pipes = new Set<Pipe>();
  readonly #cuts = new Set<string>();
  readonly #proxies: Server[] = [];

  /** Listens for connections of a server to another. */
  async listen(from: number, to: number, proxyPort: number, targetPort: number): Promise<void> {
    const proxy = createServer((client) => {
      const target = dial(targetPort, "127.0.0.1");
      this.#connect(from, to, client, target);
      this.#connect(to, from, target, client);
    });
    this.#proxies.push(proxy);
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.listen(proxyPort, "127.0.0.1", resolve);
    await promise;
  }

  #connect(from: number, to: number, source: Socket, sink: Socket): void {
    const pipe = { from, to, source };
    this.#pipes.add(pipe);
    source.on("data", (chunk) => {
      if (!sink.write(chunk)) source.pause();
    });
    sink.on("drain", () => this.#update(pipe));
    source.on("error", () => {});
    source.on("close", () => {
      this.#pipes.delete(pipe);
      sink.destroy();
    });
    this.#update(pipe);
  }

  #update({ from, to, source }: Pipe): void {
    if (this.#cuts.has(`${from} ${to}`)) source.pause();
    else source.resume();
  }

  /** Stops what one server sends to another. */
  cut(from: number, to: number): void {
    this.#cuts.add(`${from} ${to}`);
    for (const pipe of this.#pipes) this.#update(pipe);
  }

  heal(): void {
    this.#cuts.clear();
    for (const pipe of this.#pipes) this.#update(pipe);
  }

  close(): void {
    for (const proxy of this.#proxies) proxy.close();
    for (const { source } of this.#pipes) source.destroy();
  }
}

export interface LinkedCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  readonly links: NatsLinks;
}

/** Starts three servers that reach each other through links; resolves when they can create streams. */
export async function startLinkedCluster(config: NatsConfig = {}): Promise<LinkedCluster> {
  const indexes = [0, 1, 2];
  const ports = freePorts(15);
  const clusterPort = (index: number) => ports[3 + index] ?? 0;
  const proxyPort = (from: number, to: number) => ports[6 + 3 * from + to] ?? 0;
  const links = new NatsLinks();
  const servers = await Promise.all(
    indexes.map(async (from) => {
      const others = indexes.filter((to) => to !== from);
      for (const to of others) await links.listen(from, to, proxyPort(from, to), clusterPort(to));
      return configureNats(ports[from] ?? 0, {
        server_name: `s${from}`,
        cluster: {
          name: "cluster",
          listen: `127.0.0.1:${clusterPort(from)}`,
          routes: others.map((to) => `nats://127.0.0.1:${proxyPort(from, to)}`),
          // Servers would connect to each other around the proxies, and clients to any server.
          advertise: "127.0.0.1:1",
          no_advertise: true,
        },
        ...config,
      });
    }),
  );
  await Promise.all(servers.map((server) => server.start()));
  const isReady = ({ log }: NatsServer) => log.includes("JetStream cluster metadata leader");
  await until(() => servers.some(isReady), "the cluster to elect a leader");
  return {
    servers,
    links,
    async [Symbol.asyncDispose]() {
      links.close();
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}
