/** A store whose nodes keep nothing: they pass each request on to a service. */
import type { KVNode, KvClient } from "../../lib/vortex/index.ts";
import { Cas, Read, Write } from "./key-value.ts";

export function proxy(serviceOf: (node: KVNode) => KvClient) {
  return (node: KVNode): void => {
    const service = serviceOf(node);
    node.handle("read", Read, async (request) => {
      const value = await service.read(request.body.key);
      node.reply(request, { type: "read_ok", value });
    });
    node.handle("write", Write, async (request) => {
      await service.write(request.body.key, request.body.value);
      node.reply(request, { type: "write_ok" });
    });
    node.handle("cas", Cas, async (request) => {
      const { key, from, to } = request.body;
      await service.cas(key, from, to);
      node.reply(request, { type: "cas_ok" });
    });
  };
}
