/** A store whose nodes keep nothing: they pass each request on to a service. */
import type { KVNode, KvClient } from "../../lib/vortex/index.ts";
import { Cas, Read, Write } from "./key-value.ts";

export function proxy(serviceOf: (node: KVNode) => KvClient) {
  return (node: KVNode): void => {
    const service = serviceOf(node);
    node.handle("read", Read, async ({ body }) => {
      const value = await service.read(body.key);
      return { type: "read_ok", value };
    });
    node.handle("write", Write, async ({ body }) => {
      await service.write(body.key, body.value);
      return { type: "write_ok" };
    });
    node.handle("cas", Cas, async ({ body }) => {
      const { key, from, to } = body;
      await service.cas(key, from, to);
      return { type: "cas_ok" };
    });
  };
}
