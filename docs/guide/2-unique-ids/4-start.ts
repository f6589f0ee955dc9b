import * as v from "valibot";
import { type Node, serve } from "vortex";

export function uniqueIds(node: Node): void {
  const start = randomDigits(node, 24);
  let last = 0;

  node.handle("generate", v.object({}), () => {
    last++;
    return { type: "generate_ok", id: `${node.id}-${start}-${last}` };
  });
}

/** Random digits of base 16, which hold 4 bits each. */
function randomDigits(node: Node, count: number): string {
  const digit = () => Math.floor(node.random() * 16).toString(16);
  return Array.from({ length: count }, digit).join("");
}

if (import.meta.main) await serve(uniqueIds);
