import { shorten } from "../../protocol/shorten.ts";
import { SERVICES } from "../../services/index.ts";
import { type AnyBody, stringifyJson } from "../../vortex/index.ts";
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
      try {
        const reply = service.handle(src, body);
        if (reply !== undefined) network.send(name, src, reply);
        else onRemark(`${name} does not support ${textOf(body)}: ${src} gets no reply`);
      } catch (error) {
        // The value is nested too deep, or the sender is a client that has left.
        const reason = error instanceof Error ? error.message : String(error);
        onRemark(`${name} cannot answer ${textOf(body)}: ${src} gets no reply (${reason})`);
      }
    });
  }
}

function textOf(body: AnyBody): string {
  try {
    return shorten(stringifyJson(body));
  } catch {
    return "a request nested too deep to be shown";
  }
}
