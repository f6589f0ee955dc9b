/** A node that does on request what tests of the process edge need to observe. */
import * as v from "valibot";
import { RpcError, serve, withOptions } from "../../../../lib/vortex/index.ts";

const Options = v.object({
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0)), 400),
  durable: v.optional(v.boolean(), true),
});

const probe = withOptions(Options, (node, options) => {
  const Any = v.object({});
  let echoes = 0;
  let ticks = 0;
  let echoesAtTick = 0;
  let ticksAmongEchoes = 0;

  node.every(5, () => {
    ticks++;
    if (echoes > echoesAtTick) ticksAmongEchoes++;
    echoesAtTick = echoes;
  });

  node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => {
    echoes++;
    return { type: "echo_ok", echo: body.echo };
  });

  node.handle("options", Any, () => ({ type: "options_ok", options }));

  node.handle("ticks", Any, () => ({ type: "ticks_ok", ticks, ticksAmongEchoes }));

  node.handle("sleep", v.object({ ms: v.number() }), async ({ body }) => {
    const beganMs = node.nowMs();
    await node.sleep(body.ms);
    const isInTime = node.nowMs() - beganMs >= body.ms;
    return { type: "sleep_ok", isInTime };
  });

  node.handle("ask", Any, async () => {
    const reply = await node.syncRpc("n1", { type: "ping" }, Any, { timeoutMs: 50 });
    return { type: "ask_ok", reply };
  });

  // Keeps the node busy until it is killed.
  node.handle("busy", Any, async (request) => {
    node.reply(request, { type: "busy_ok" });
    for (;;) await node.sleep(10);
  });

  // Sends more at once than a pipe holds: 10 MB.
  node.handle("burst", Any, () => {
    for (let count = 0; count < 10_000; count++) {
      node.send("n1", { type: "burst", padding: "y".repeat(1000) });
    }
  });

  node.handle("random", Any, () => {
    const drawn = Array.from({ length: 1000 }, () => node.random());
    return { type: "random_ok", drawn };
  });

  node.handle("crash", Any, () => {
    throw new TypeError("x is not iterable");
  });

  node.handle("abort", Any, async () => {
    throw new RpcError("abort", "not now");
  });
});

await serve(probe);
