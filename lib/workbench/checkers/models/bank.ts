import * as v from "valibot";
import type { Model } from "../linearizable/model.ts";

const Operations = {
  transfer: {
    value: v.object({ from: v.string(), to: v.string(), amount: v.number() }),
    result: v.unknown(),
  },
  read: { result: v.record(v.string(), v.number()) },
};

/** Balances by account. */
export type Balances = { readonly [account: string]: number };

/** The accounts of {@link bank}. */
export interface BankOptions {
  /** Balances at the start, by account. */
  readonly balances: Balances;
  /** Whether balances may become negative. Default: false. */
  readonly overdraft?: boolean;
}

/**
 * Accounts between which money is transferred.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `transfer` | `{ from, to, amount }` | `false` if the balance did not suffice; anything else if it did |
 * | `read` | | `{ account: balance, ... }` of all accounts |
 *
 * If reads need not be linearizable, but must be of one moment, the checker `bankTotals` compares
 * their sums.
 *
 * @see Jepsen, `jepsen.tests.bank`
 */
export function bank({
  balances,
  overdraft = false,
}: BankOptions): Model<Balances, typeof Operations> {
  return {
    init: balances,
    operations: Operations,
    isRead: ({ f, result }) => f === "read" || result === false,
    step(state, operation) {
      if (operation.f === "read") {
        const { result } = operation;
        return result === undefined || isSame(result, state) ? state : undefined;
      }
      const { from, to, amount } = operation.value;
      const held = balanceOf(state, from);
      if (held === undefined || balanceOf(state, to) === undefined) return undefined;
      const isCovered = overdraft || held >= amount;
      if (operation.type === "ok" && isCovered === (operation.result === false)) return undefined;
      if (!isCovered) return state;
      const paid = { ...state, [from]: held - amount };
      return { ...paid, [to]: (balanceOf(paid, to) ?? 0) + amount };
    },
  };
}

function balanceOf(balances: Balances, account: string): number | undefined {
  return Object.hasOwn(balances, account) ? balances[account] : undefined;
}

function isSame(one: Balances, other: Balances): boolean {
  const accounts = Object.keys(one);
  return (
    accounts.length === Object.keys(other).length &&
    accounts.every((account) => balanceOf(one, account) === balanceOf(other, account))
  );
}
