/** An echo node that also reports how late its timer was, which is due every 5 ms. */
import * as v from "valibot";
import { type Node, serve } from "../../../lib/vortex/index.ts";

const INTERVAL_MS = 5;

function timers(node: Node): void {
  const latenessMs: number[] = [];
  const schedule = () => {
    const dueMs = node.nowMs() + INTERVAL_MS;
    node.after(INTERVAL_MS, () => {
      latenessMs.push(node.nowMs() - dueMs);
      schedule();
    });
  };
  schedule();
  node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => ({
    type: "echo_ok",
    echo: body.echo,
  }));
  node.handle("lateness", v.object({}), () => {
    const sorted = latenessMs.toSorted((one, other) => one - other);
    const medianMs = sorted[sorted.length >> 1] ?? null;
    return { type: "lateness_ok", medianMs, maxMs: sorted.at(-1) ?? null };
  });
}

await serve(timers);
