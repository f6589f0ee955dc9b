import * as v from "valibot";
import { type Node, serve } from "vortex";

const Echo = v.object({ echo: v.unknown() });

export function echo(node: Node): void {
  let latest: unknown;

  node.handle("echo", Echo, async ({ body }) => {
    latest = body.echo;
    await node.sleep(10); // Milliseconds.
    return { type: "echo_ok", echo: latest };
  });
}

if (import.meta.main) await serve(echo);
