import { expect, test } from "bun:test";
import { TimestampOracle } from "../../../lib/services/tso.ts";

test("lin-tso counts from 0 across all clients", () => {
  const service = new TimestampOracle();
  expect(service.handle("n0", { type: "ts", msg_id: 7 })).toEqual({
    type: "ts_ok",
    ts: 0,
    in_reply_to: 7,
  });
  expect(service.handle("n1", { type: "ts", msg_id: 1 })?.["ts"]).toBe(1);
});

test("lin-tso does not answer a request of unknown type", () => {
  expect(new TimestampOracle().handle("n0", { type: "read", key: 1 })).toBeUndefined();
});
