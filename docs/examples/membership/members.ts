/**
 * A set on a group of nodes that changes while it runs: `remove_node` and `add_node` ask a member to
 * change who is one. Only members answer clients, and only they are sent values.
 */
import * as v from "valibot";
import { type Node, RpcError, serve } from "vortex";

const View = v.object({ version: v.number(), members: v.array(v.string()) });
const Element = v.object({ element: v.number() });
const NodeName = v.object({ node: v.string() });
const Gossip = v.object({ view: View, values: v.array(v.number()) });

/** Sends all values every 100 ms, so a node that returns gets those that it has missed. */
export function members(node: Node): void {
  group(node, (values) => [...values]);
}

/** Sends each value once, to those who are members then. */
export function forgetful(node: Node): void {
  let sentCount = 0;
  group(node, (values) => {
    const unsent = [...values].slice(sentCount);
    sentCount = values.size;
    return unsent;
  });
}

function group(node: Node, toSend: (values: ReadonlySet<number>) => number[]): void {
  const all = [node.id, ...node.peers].sort();
  const values = new Set<number>();
  let view = { version: 0, members: all };

  const requireMember = () => {
    if (view.members.includes(node.id)) return;
    throw new RpcError("temporarily-unavailable", `${node.id} is not a member`);
  };
  const change = (members: string[]) => {
    requireMember();
    view = { version: view.version + 1, members };
  };

  node.handle("add", Element, ({ body: { element } }) => {
    requireMember();
    values.add(element);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => {
    requireMember();
    return { type: "read_ok", value: [...values] };
  });
  node.handle("remove_node", NodeName, ({ body }) => {
    change(view.members.filter((member) => member !== body.node));
    return { type: "remove_node_ok" };
  });
  node.handle("add_node", NodeName, ({ body }) => {
    change([...new Set([...view.members, body.node])].sort());
    return { type: "add_node_ok" };
  });
  node.handle("gossip", Gossip, ({ body }) => {
    // Of two changes at once, all nodes keep the same one.
    const rank = (one: typeof view) => `${one.version}`.padStart(9, "0") + one.members.join();
    if (rank(body.view) > rank(view)) view = body.view;
    for (const value of body.values) values.add(value);
  });
  node.every(100, () => {
    const sent = toSend(values);
    for (const peer of node.peers) {
      const isMember = view.members.includes(peer);
      node.send(peer, { type: "gossip", view, values: isMember ? sent : [] });
    }
  });
}

if (import.meta.main) await serve(members);
