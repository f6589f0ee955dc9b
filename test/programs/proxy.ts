/** A stateless key-value store: nodes pass each request on to a service. */
import type { KVNode, KvClient } from "../../lib/vortex/index.ts";
import { Cas, Read, Write } from "./key-value.ts";

export function proxy(serviceOf: (node: KVNode) => KvClient) {
  return (node: KVNode): void => {
    const service = serviceOf(node);
    node.handle("read", Read, async ({ body: { key } }) => ({
      type: "read_ok",
      value: await service.read(key),
    }));
    node.handle("write", Write, async ({ body: { key, value } }) => {
      await service.write(key, value);
      return { type: "write_ok" };
    });
    node.handle("cas", Cas, async ({ body: { key, from, to } }) => {
      await service.cas(key, from, to);
      return { type: "cas_ok" };
    });
  };
}
