import * as v from "valibot";
import {
  bank as bankModel,
  defineWorkload,
  linearizable,
  type Random,
  randomInteger,
  rpc,
  shuffle,
} from "vortex/workload";

const BALANCES = { ann: 10, bob: 10, cat: 10, dan: 10 };

type Transfer = { readonly from: string; readonly to: string; readonly amount: number };

export const bank = defineWorkload({
  doc: "Clients transfer money between accounts, and read all balances. Each happens at one moment.",
  operations: {
    transfer: rpc({
      request: (transfer: Transfer) => transfer,
      reply: { paid: v.boolean() },
      outcome: ({ paid }) => paid,
    }),
    read: rpc({
      reply: { balances: v.record(v.string(), v.number()) },
      outcome: ({ balances }) => balances,
      idempotent: true,
    }),
  },
  async setUp({ rpc, node }) {
    await rpc(node, { type: "open", balances: BALANCES }, {});
  },
  generators: ({ random, mix }) => ({
    main: mix([
      [2, () => ({ f: "transfer", value: randomTransfer(random) })],
      () => ({ f: "read" }),
    ]),
  }),
  check: linearizable(bankModel({ balances: BALANCES })),
});

function randomTransfer(random: Random): Transfer {
  const [from = "", to = ""] = shuffle(random, Object.keys(BALANCES));
  return { from, to, amount: 1 + randomInteger(random, 8) };
}
