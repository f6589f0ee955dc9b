/** A node that reports its clocks, and how long timers and timeouts take. */
import * as v from "valibot";
import { isRpcError, type Node, serve } from "../../../../lib/vortex/index.ts";

const Any = v.object({});
const Duration = v.object({ ms: v.number() });

function clock(node: Node): void {
  node.handle("clocks", Any, () => ({
    type: "clocks_ok",
    wallMs: Date.now(),
    nowMs: node.nowMs(),
  }));

  node.handle("sleep", Duration, async ({ body }) => {
    const beganMs = node.nowMs();
    await node.sleep(body.ms);
    return { type: "sleep_ok", tookMs: node.nowMs() - beganMs };
  });

  /** Sends a request to a node that never replies. */
  node.handle("ask", Duration, async ({ body }) => {
    const beganMs = node.nowMs();
    try {
      await node.syncRpc("n1", { type: "hello" }, Any, { timeoutMs: body.ms });
    } catch (error) {
      if (!isRpcError(error, "timeout")) throw error;
    }
    return { type: "ask_ok", tookMs: node.nowMs() - beganMs };
  });

  node.handle("id", Any, () => ({ type: "id_ok", id: node.generateId() }));
}

if (import.meta.main) await serve(clock);
