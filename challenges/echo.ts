/**
 * Challenge 1, echo: returns the value of every request.
 *
 * The value can be any JSON. Numbers that JavaScript cannot hold as written (`9007199254740993`, `1.0`,
 * `1e400`) come back digit for digit.
 *
 * @see Maelstrom workloads, "Echo"; Fly.io Gossip Glomers, challenge 1
 */
import * as v from "valibot";
import { type Node, serve } from "../lib/vortex/index.ts";

const Echo = v.object({ echo: v.unknown() });

export function echo(node: Node): void {
  node.handle("echo", Echo, ({ body }) => ({ type: "echo_ok", echo: body.echo }));
}

if (import.meta.main) await serve(echo);
