/** A single node on a host that the test controls. */
import { settled, TestHost } from "../../lib/testing/index.ts";
import { type AnyBody, KVNode, type NodeId } from "../../lib/vortex/index.ts";

export { settled };

export const INIT = { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0", "n1", "n2"] };

/** A node before `init`, and its host. */
export function newNode(
  program: (node: KVNode) => unknown = () => {},
  seed?: number,
): { node: KVNode; host: TestHost } {
  const host = new TestHost(seed);
  return { node: new KVNode(host, program), host };
}

/** Node `n0` of three, initialized; its `init_ok` is taken. */
export function startNode(
  program: (node: KVNode) => unknown = () => {},
  seed?: number,
): { node: KVNode; host: TestHost } {
  const { node, host } = newNode(program, seed);
  receive(node, INIT);
  host.takeSent();
  return { node, host };
}

/** Hands the node a message. */
export function receive(node: KVNode, body: AnyBody, src: NodeId = "c1", dest: NodeId = "n0") {
  node.receive({ src, dest, body });
}
