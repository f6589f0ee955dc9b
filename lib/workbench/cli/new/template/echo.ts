import * as v from "valibot";
import { type Node, serve } from "vortex";

/** Replies to every request with the value it carries. */
export function echo(node: Node): void {
  node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => ({
    type: "echo_ok",
    echo: body.echo,
  }));
}

if (import.meta.main) await serve(echo);
