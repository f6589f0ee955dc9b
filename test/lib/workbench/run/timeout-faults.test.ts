import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../lib/vortex/index.ts";
import { requestErrorsOf } from "../../../../lib/workbench/run/request-errors.ts";
import { withTimeoutFaults } from "../../../../lib/workbench/run/timeout-faults.ts";
import { at, type Entry, history, info, invoke, ok } from "../../../support/histories/history.ts";

const nemesis = (ms: number, f: string, value: Json): Entry =>
  at(ms, { type: "info", process: "nemesis", f, value });
const ask = (ms: number, process: number, node: string): Entry =>
  at(ms, { ...invoke(process, "add"), node });
const late = (ms: number, process: number): Entry => at(ms, info(process));

function faultsAt(...entries: readonly Entry[]): string | undefined {
  const operations = history(entries);
  return withTimeoutFaults(requestErrorsOf(operations), operations)[0]?.text;
}

describe("withTimeoutFaults", () => {
  test("names the nodes that were killed or paused while a client waited for them", () => {
    expect(
      faultsAt(
        nemesis(100, "start-kill", { n0: "killed", n1: "killed", n2: "killed" }),
        ask(200, 0, "n0"),
        ask(300, 1, "n1"),
        nemesis(1301, "stop-kill", { n0: "started", n1: "started", n2: "started" }),
        nemesis(3800, "start-pause", { n1: "paused" }),
        late(5200, 0),
        late(5300, 1),
      ),
    ).toBe("n0 n1 killed from 0.100 s to 1.301 s, n1 paused from 3.800 s on");
  });

  test("names a partition that cut the node off", () => {
    const grudge = { n0: ["n1", "n2"], n1: ["n0"], n2: ["n0"] };
    expect(
      faultsAt(
        nemesis(100, "start-partition", ["isolated", grudge]),
        ask(200, 0, "n0"),
        nemesis(2000, "stop-partition", null),
        nemesis(2000, "stop-partition", "network-healed"),
        late(5200, 0),
      ),
    ).toBe("partition n0 | n1 n2 from 0.100 s to 2.000 s");
  });

  test("names no fault of another node, or of another time", () => {
    expect(
      faultsAt(
        nemesis(100, "start-kill", { n0: "killed" }),
        nemesis(200, "stop-kill", { n0: "started" }),
        nemesis(300, "start-pause", { n1: "paused" }),
        ask(400, 0, "n0"),
        late(5400, 0),
      ),
    ).toBe("");
  });

  test("names no fault of a request that was answered", () => {
    expect(
      faultsAt(
        nemesis(100, "start-kill", { n0: "killed" }),
        ask(150, 0, "n0"),
        nemesis(200, "stop-kill", { n0: "started" }),
        at(300, ok(0)),
        ask(400, 1, "n0"),
        late(5400, 1),
      ),
    ).toBe("");
  });

  test("names three faults, and counts the others", () => {
    const kills = Array.from({ length: 5 }, (_, number) => [
      nemesis(1000 * number + 1, "start-kill", { n0: "killed" }),
      nemesis(1000 * number + 2, "stop-kill", { n0: "started" }),
    ]);
    expect(faultsAt(ask(0, 0, "n0"), ...kills.flat(), late(5000, 0))).toEndWith(", and 2 more");
  });
});
