import { shorten } from "../../protocol/shorten.ts";
import { SERVICES } from "../../services/index.ts";
import { stringifyJson } from "../../vortex/index.ts";
import type { Network } from "../network/network.ts";
import { randomStream } from "../random.ts";

/**
 * Connects Maelstrom's services to the network.
 *
 * @param onRemark Called when a request gets no reply, because the service does not support it.
 */
export function connectServices(
  network: Network,
  seed: number,
  onRemark: (text: string) => void,
): void {
  for (const [name, makeService] of Object.entries(SERVICES)) {
    const service = makeService(randomStream(seed, `service ${name}`));
    network.connect(name, ({ src, body }) => {
      const reply = service.handle(src, body);
      if (reply !== undefined) network.send(name, src, reply);
      else {
        const request = shorten(stringifyJson(body));
        onRemark(`${name} does not support ${request}: ${src} gets no reply`);
      }
    });
  }
}
