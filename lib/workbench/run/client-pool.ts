import type { Clock, NodeId } from "../../vortex/index.ts";
import { Client } from "../clients/client.ts";
import type { Network } from "../network/network.ts";

/** The open clients of a test, named c0, c1, ... in the order of opening. */
export class ClientPool {
  readonly #network: Network;
  readonly #clockOf: (client: NodeId) => Clock;
  readonly #clients = new Set<Client>();
  #count = 0;

  /** @param clockOf Returns the clock of a client. */
  constructor(network: Network, clockOf: (client: NodeId) => Clock) {
    this.#network = network;
    this.#clockOf = clockOf;
  }

  open(): Client {
    const id = `c${this.#count++}`;
    const client = new Client({ id, network: this.#network, clock: this.#clockOf(id) });
    this.#clients.add(client);
    return client;
  }

  close(client: Client): void {
    this.#clients.delete(client);
    client.close();
  }

  /** Closes every client. Pending timeouts of their requests would keep this process running. */
  closeAll(): void {
    for (const client of this.#clients) client.close();
    this.#clients.clear();
  }
}
