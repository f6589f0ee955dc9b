import { defineNemesis, pickOne } from "vortex/workload";

export const membership = defineNemesis({
  doc: "Removes a node from the group, by a request to another, and adds it again.",
  fault: ({ nodes, random, rpc }) => {
    let removed: string | undefined;
    const askOther = (type: string, node: string) => {
      const others = nodes.filter((other) => other !== node);
      return rpc(pickOne(random, others), { type, node }, {});
    };
    return {
      async start() {
        // Known before the request: if no reply arrives, it may still be carried out.
        removed = pickOne(random, nodes);
        await askOther("remove_node", removed);
        return { [removed]: "removed" };
      },
      async stop() {
        if (removed === undefined) return null;
        await askOther("add_node", removed);
        return { [removed]: "added" };
      },
    };
  },
});
