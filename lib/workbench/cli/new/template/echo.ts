import * as v from "valibot";
import { type Node, serve } from "vortex";

/** Answers every request with what it brought. */
export function echo(node: Node): void {
  node.handle("echo", v.object({ echo: v.unknown() }), (request) => {
    node.reply(request, { type: "echo_ok", echo: request.body.echo });
  });
}

if (import.meta.main) await serve(echo);
