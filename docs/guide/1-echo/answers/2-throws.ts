import * as v from "valibot";
import { type Node, serve } from "vortex";

const Echo = v.object({ echo: v.unknown() });

export function echo(node: Node): void {
  let count = 0;

  node.handle("echo", Echo, ({ body }) => {
    count++;
    if (count % 10 === 0) throw new Error("The tenth request");
    return { type: "echo_ok", echo: body.echo };
  });
}

if (import.meta.main) await serve(echo);
