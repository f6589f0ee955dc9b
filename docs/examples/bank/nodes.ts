/** A bank whose nodes store nothing: the balances are in the service lin-kv. */
import * as v from "valibot";
import { type KVNode, serve } from "vortex";

const Balances = v.record(v.string(), v.number());
const Open = v.object({ balances: Balances });
const Transfer = v.object({ from: v.string(), to: v.string(), amount: v.number() });

/** Keeps all balances under one key, and changes them by compare-and-set. */
export function atomic(node: KVNode): void {
  const store = node.linKv.of(Balances);

  node.handle("open", Open, async ({ body }) => {
    await store.write("balances", body.balances);
    return { type: "open_ok" };
  });

  node.handle("transfer", Transfer, async ({ body: { from, to, amount } }) => {
    let paid = false;
    await store.update("balances", ({ ...balances } = {}) => {
      paid = withdraw(balances, from, amount);
      if (paid) deposit(balances, to, amount);
      return balances;
    });
    return { type: "transfer_ok", paid };
  });

  node.handle("read", v.object({}), async () => {
    return { type: "read_ok", balances: await store.read("balances") };
  });
}

/** Keeps each balance under a key of its own. Every step is linearizable, but a transfer is several. */
export function stepwise(node: KVNode): void {
  const store = node.linKv.of(v.number());
  const names = node.linKv.of(v.array(v.string()));

  node.handle("open", Open, async ({ body: { balances } }) => {
    for (const [name, balance] of Object.entries(balances)) await store.write(name, balance);
    await names.write("accounts", Object.keys(balances));
    return { type: "open_ok" };
  });

  node.handle("transfer", Transfer, async ({ body: { from, to, amount } }) => {
    let paid = false;
    await store.update(from, (balance = 0) => {
      paid = balance >= amount;
      return paid ? balance - amount : balance;
    });
    if (paid) await store.update(to, (balance = 0) => balance + amount);
    return { type: "transfer_ok", paid };
  });

  node.handle("read", v.object({}), async () => {
    const balances: Record<string, number> = {};
    for (const name of await names.read("accounts")) balances[name] = await store.read(name);
    return { type: "read_ok", balances };
  });
}

function withdraw(balances: Record<string, number>, from: string, amount: number): boolean {
  const balance = balances[from] ?? 0;
  if (balance < amount) return false;
  balances[from] = balance - amount;
  return true;
}

function deposit(balances: Record<string, number>, to: string, amount: number): void {
  balances[to] = (balances[to] ?? 0) + amount;
}

if (import.meta.main) await serve(atomic);
