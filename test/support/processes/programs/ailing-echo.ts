/** An echo that does not stand a long time: it keeps what it should not, or gets slower and slower. */
import * as v from "valibot";
import { type Node, serve } from "../../../../lib/vortex/index.ts";

const Options = v.object({
  /** How much memory each message costs for ever, in bytes. */
  leakBytes: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** By how much each message makes the answers to the later ones slower, in ms. */
  slowerMs: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
});

function ailingEcho(node: Node, { leakBytes, slowerMs }: v.InferOutput<typeof Options>): void {
  const leaked: Uint8Array[] = [];
  let count = 0;
  node.handle("echo", v.object({ echo: v.unknown() }), async (request) => {
    count++;
    if (leakBytes > 0) leaked.push(new Uint8Array(leakBytes).fill(1));
    if (slowerMs > 0) await node.sleep(count * slowerMs);
    node.reply(request, { type: "echo_ok", echo: request.body.echo });
  });
}

if (import.meta.main) await serve(ailingEcho, Options);
