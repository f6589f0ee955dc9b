import { describe, expect, test } from "bun:test";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";
import { EventOrder } from "../../../../lib/workbench/hosts/event-order.ts";
import type { JournalEvent } from "../../../../lib/workbench/network/journal.ts";

/** An order of events in virtual time, which lists them as "type id at ms". */
function orderOf({
  zeroMs = () => 0,
  mayRepeat = false,
}: {
  zeroMs?: () => number;
  mayRepeat?: boolean;
} = {}) {
  const clock = new Scheduler();
  const recorded: string[] = [];
  const record = ({ type, time, message }: JournalEvent) => {
    recorded.push(`${type} ${message.id} ${JSON.stringify(message.body)} at ${time / 1e6}`);
  };
  const order = new EventOrder({
    clock,
    journal: { record },
    zeroMs,
    mayRepeat: () => mayRepeat,
  });
  const add = (host: string, type: "send" | "recv", id: number, atMs: number) =>
    order.add(
      host,
      atMs,
      { type },
      { id, src: "n0", dest: "n1", body: type === "send" ? { id } : {} },
    );
  return { clock, order, recorded, add };
}

describe("Events of several hosts", () => {
  test("are ordered by their times, not by when they are reported", () => {
    const { order, recorded, add } = orderOf();
    add("n1", "send", 2, 20);
    add("n0", "send", 1, 10);
    order.close();
    expect(recorded).toEqual(['send 1 {"id":1} at 10', 'send 2 {"id":2} at 20']);
  });

  test("never show a delivery before its sending, nor a reply before its request", () => {
    const { order, recorded, add } = orderOf();
    // The clock of n1 is 5 ms slow.
    add("n1", "recv", 1, 6);
    add("n1", "send", 2, 7);
    add("n0", "send", 1, 10);
    add("n0", "recv", 2, 13);
    order.close();
    expect(recorded).toEqual([
      'send 1 {"id":1} at 10',
      'recv 1 {"id":1} at 10',
      'send 2 {"id":2} at 10',
      'recv 2 {"id":2} at 13',
    ]);
  });

  test("wait a second for those of other hosts", () => {
    const { clock, order, recorded, add } = orderOf();
    add("n0", "send", 1, 0);
    clock.after(500, () => add("n1", "send", 0, -1));
    clock.after(900, () => expect(recorded).toEqual([]));
    clock.after(1600, () => order.close());
    while (clock.step());
    expect(recorded.map((line) => line.slice(0, 6))).toEqual(["send 0", "send 1"]);
  });

  test("count a delivery whose sending is never reported, after ten seconds", () => {
    const { clock, order, recorded, add } = orderOf();
    add("n1", "recv", 1, 0);
    add("n1", "send", 2, 1);
    clock.after(10_900, () => expect(recorded).toEqual([]));
    clock.after(11_600, () => {
      expect(recorded).toEqual(["send 1 {} at 0", "recv 1 {} at 0", 'send 2 {"id":2} at 1']);
      order.close();
    });
    while (clock.step());
    expect(recorded).toHaveLength(3);
  });

  test("are undelivered until they are received once, even if they may be repeated", () => {
    for (const mayRepeat of [false, true]) {
      const { order, add } = orderOf({ mayRepeat });
      add("n0", "send", 1, 0);
      add("n0", "send", 2, 1);
      add("n1", "recv", 1, 2);
      if (mayRepeat) add("n1", "recv", 1, 3);
      order.close();
      expect(order.undelivered).toBe(1);
    }
  });

  test("of the start of the nodes have times since the start of the test", () => {
    let zero = 100;
    const { order, recorded, add } = orderOf({ zeroMs: () => zero });
    zero = 500;
    add("n0", "send", 1, 130);
    add("n0", "send", 2, 510);
    order.close();
    expect(recorded).toEqual(['send 1 {"id":1} at 30', 'send 2 {"id":2} at 10']);
  });
});
