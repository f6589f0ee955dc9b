/** The nodes of the lock: n0 lends it, n1 stores what its owners write. */
import * as v from "valibot";
import { type Node, RpcError, serve } from "vortex";

const LEASE_MS = 1000;
const Token = v.object({ token: v.number() });

/** Refuses owners whose token is smaller than one that was used. */
export function fenced(node: Node): void {
  if (node.id === "n0") lend(node);
  else guard(node, true);
}

/** Trusts that an owner uses the lock during its lease only. */
export function trusting(node: Node): void {
  if (node.id === "n0") lend(node);
  else guard(node, false);
}

function lend(node: Node): void {
  const log = node.storage.of(Token);
  let latest = log.readAll().at(-1)?.token ?? 0;
  let expiresMs = 0;

  node.handle("acquire", v.object({}), async () => {
    if (node.nowMs() < expiresMs) throw new RpcError("temporarily-unavailable", "it is taken");
    expiresMs = node.nowMs() + LEASE_MS;
    const token = ++latest;
    // A restart must not give out the same token again.
    log.replace([{ token }]);
    await log.sync();
    return { type: "acquire_ok", token };
  });

  node.handle("release", Token, ({ body: { token } }) => {
    if (token === latest) expiresMs = 0;
    return { type: "release_ok" };
  });
}

function guard(node: Node, checksTokens: boolean): void {
  const log = node.storage.of(Token);
  let greatest = log.readAll().at(-1)?.token ?? 0;

  node.handle("use", Token, async ({ body: { token } }) => {
    const accepted = token >= greatest || !checksTokens;
    if (token > greatest) {
      greatest = token;
      log.replace([{ token }]);
    }
    await log.sync();
    return { type: "use_ok", accepted };
  });
}

if (import.meta.main) await serve(fenced);
