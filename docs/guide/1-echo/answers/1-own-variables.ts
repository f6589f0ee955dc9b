import * as v from "valibot";
import { type Node, serve } from "vortex";

const Echo = v.object({ echo: v.unknown() });

export function echo(node: Node): void {
  node.handle("echo", Echo, async ({ body }) => {
    await node.sleep(10); // Milliseconds.
    return { type: "echo_ok", echo: body.echo };
  });
}

if (import.meta.main) await serve(echo);
