/** An echo that leaks memory, or slows down, with every message: a soak must catch it. */
import * as v from "valibot";
import { serve, withOptions } from "../../../../lib/vortex/index.ts";

const Options = v.object({
  /** Bytes leaked per message. */
  leakBytes: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** Delay that each message adds to all later replies, in ms. */
  slowerMs: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
});

const ailingEcho = withOptions(Options, (node, { leakBytes, slowerMs }) => {
  const leaked: Uint8Array[] = [];
  let count = 0;
  node.handle("echo", v.object({ echo: v.unknown() }), async ({ body }) => {
    count++;
    if (leakBytes > 0) leaked.push(new Uint8Array(leakBytes).fill(1));
    if (slowerMs > 0) await node.sleep(count * slowerMs);
    return { type: "echo_ok", echo: body.echo };
  });
});

if (import.meta.main) await serve(ailingEcho);
