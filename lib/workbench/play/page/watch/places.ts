/**
 * The positions of a run's participants: nodes on a circle, services within it, and clients outside, each
 * beside the node that its first operation was sent to.
 */
import type { Run } from "../../../report/page/run/run.ts";

/** A position in a square whose sides are 1, from its upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

const NODE_RADIUS = 0.33;
const CLIENT_RADIUS = 0.455;
const SERVICE_RADIUS = 0.12;

/** Clients that belong to no node: those which initialise nodes. */
const CORNER: Place = { x: 0.05, y: 0.05 };

/** Returns the place of each of the run's lanes. */
export function placesOf(run: Run): readonly Place[] {
  const { lanes } = run.header;
  const nodes = lanes.filter(({ role }) => role === "node");
  const services = lanes.filter(({ role }) => role === "service");
  const angleOfNode = new Map(nodes.map(({ name }, index) => [name, angleOf(index, nodes.length)]));
  const clients = clientsByNode(run);
  return lanes.map((lane) => {
    if (lane.role === "node") return placeAt(angleOfNode.get(lane.name) ?? 0, NODE_RADIUS);
    if (lane.role === "service") {
      const radius = services.length === 1 ? 0 : SERVICE_RADIUS;
      return placeAt(angleOf(services.indexOf(lane), services.length), radius);
    }
    for (const [node, names] of clients) {
      const index = names.indexOf(lane.name);
      const angle = angleOfNode.get(node);
      if (index < 0 || angle === undefined) continue;
      // Those of a node share its part of the circle.
      const width = (2 * Math.PI) / Math.max(3, nodes.length);
      const offset = ((index + 0.5) / names.length - 0.5) * width * 0.8;
      return placeAt(angle + offset, CLIENT_RADIUS);
    }
    return CORNER;
  });
}

/** Lanes of clients by the node that their first operation was sent to. */
function clientsByNode(run: Run): ReadonlyMap<string, readonly string[]> {
  const byNode = new Map<string, string[]>();
  const placed = new Set<number>();
  const { operationThread } = run.columns;
  const names = new Set(run.header.lanes.map(({ name }) => name));
  for (let row = 0; row < run.operationCount; row++) {
    const thread = operationThread[row] ?? 0;
    if (placed.has(thread)) continue;
    placed.add(thread);
    const name = `client ${thread}`;
    if (names.has(name)) byNode.getOrInsertComputed(run.nodeOf(row), () => []).push(name);
  }
  return byNode;
}

/** Angles go clockwise from the top. */
function angleOf(index: number, count: number): number {
  return (2 * Math.PI * index) / Math.max(1, count) - Math.PI / 2;
}

function placeAt(angle: number, radius: number): Place {
  return { x: 0.5 + radius * Math.cos(angle), y: 0.5 + radius * Math.sin(angle) };
}
