/**
 * Groups nodes that can reach each other in both directions, in the order of the nodes; a node alone is a
 * group. `undefined` unless nodes of different groups are cut off from each other in both directions.
 */
export function groupsOf(
  nodes: readonly string[],
  isCut: (src: string, dest: string) => boolean,
): readonly (readonly string[])[] | undefined {
  const groups: string[][] = [];
  for (const node of nodes) {
    const group = groups.find(([first = ""]) => !isCut(first, node) && !isCut(node, first));
    if (group === undefined) groups.push([node]);
    else group.push(node);
  }
  const groupOf = new Map(groups.flatMap((group) => group.map((node) => [node, group])));
  const isPartition = nodes.every((one) =>
    nodes.every((other) => isCut(one, other) === (groupOf.get(one) !== groupOf.get(other))),
  );
  return isPartition ? groups : undefined;
}
