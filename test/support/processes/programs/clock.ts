/** A node that reports its clocks, and how long timers and timeouts take. */
import * as v from "valibot";
import { isRpcError, type Node, serve } from "../../../../lib/vortex/index.ts";

const Any = v.object({});
const Duration = v.object({ ms: v.number() });

function clock(node: Node): void {
  node.handle("clocks", Any, (request) => {
    node.reply(request, { type: "clocks_ok", wallMs: Date.now(), nowMs: node.nowMs() });
  });

  node.handle("sleep", Duration, async (request) => {
    const beganMs = node.nowMs();
    await node.sleep(request.body.ms);
    node.reply(request, { type: "sleep_ok", tookMs: node.nowMs() - beganMs });
  });

  /** Sends a request to a node that never replies. */
  node.handle("ask", Duration, async (request) => {
    const beganMs = node.nowMs();
    try {
      await node.syncRpc("n1", { type: "hello" }, Any, { timeoutMs: request.body.ms });
    } catch (error) {
      if (!isRpcError(error, "timeout")) throw error;
      node.reply(request, { type: "ask_ok", tookMs: node.nowMs() - beganMs });
    }
  });

  node.handle("id", Any, (request) => {
    node.reply(request, { type: "id_ok", id: node.generateId() });
  });
}

if (import.meta.main) await serve(clock);
