import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { echo } from "../../../../challenges/echo.ts";
import { gSet } from "../../../../challenges/g-set.ts";
import { type Node, RpcError } from "../../../../lib/vortex/index.ts";
import {
  checkLiveness,
  type Probe,
} from "../../../../lib/workbench/checkers/every-test/liveness.ts";
import { findingsOf } from "../../../../lib/workbench/run/check-history.ts";
import { defineWorkload, rpc } from "../../../../lib/workbench/workloads/definition.ts";
import { runSimulated, type SimulatedOptions } from "../../../support/simulations/simulate.ts";

const LIVELY = { nodeCount: 3, rate: 20, recoveryS: 1, livenessLimitS: 2 } as const;

/** Replies to `echo` until a time, and then as `refuse` says. */
const echoUntil = (untilMs: number, refuse: (node: Node) => object | undefined) => (node: Node) => {
  node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => {
    if (node.nowMs() < untilMs) return { type: "echo_ok", echo: body.echo };
    const reply = refuse(node);
    if (reply === undefined) return;
    throw new RpcError("temporarily-unavailable", "no leader");
  });
};

function findings(program: (node: Node) => void, options: SimulatedOptions = {}) {
  const { result } = runSimulated("echo", program, { ...LIVELY, ...options });
  return {
    ...result,
    sentences: findingsOf(result).map((one) => `${one.anomaly}: ${one.sentence}`),
  };
}

describe("--liveness", () => {
  test("accepts nodes that answer, without effect on the history, its messages and figures", () => {
    const run = (livenessLimitS: number | undefined) =>
      runSimulated("g-set", gSet, {
        ...LIVELY,
        livenessLimitS,
        nemesis: ["kill"],
        nemesisIntervalS: 2,
      });
    const { liveness, ...result } = run(2).result;
    expect(liveness?.valid).toBe(true);
    expect(liveness?.probes.map(({ node, f }) => `${node} ${f}`).sort()).toEqual(
      ["n0", "n1", "n2"].flatMap((node) => [`${node} add`, `${node} read`]),
    );
    const without = run(undefined);
    expect(run(2).history).toEqual(without.history);
    expect(run(2).messages).toEqual(without.messages);
    expect(result.net).toEqual(without.result.net);
  });

  test("heals the faults of a workload without final operations first", () => {
    const options = { nemesis: ["pause", "partition"], nemesisIntervalS: 4, seed: 2 } as const;
    const { valid, liveness } = findings(echo, options);
    expect(valid).toBe(true);
    expect(liveness?.probes).toHaveLength(3);
  });

  test("names the node that refuses, its last error, and when it last answered", () => {
    const program = echoUntil(5000, ({ id }) => (id === "n1" ? {} : undefined));
    const repliesOn: (node: Node) => void = (node) => (node.id === "n1" ? program : echo)(node);
    const { valid, sentences } = findings(repliesOn);
    expect(valid).toBe(false);
    expect(sentences.find((one) => one.startsWith("stuck-node"))).toMatch(
      /^stuck-node: n1 did not answer echo \(\d+ ×\) within 2 s of the recovery, other nodes did: error 11 \(temporarily-unavailable\) from n1: no leader; the last echo that was ok ended at 4\.\d{3} s$/,
    );
  });

  test("finds that no node answers, be it with errors or not at all", () => {
    const refused = findings(echoUntil(5000, () => ({})));
    expect(refused.sentences.join("\n")).toMatch(
      /no-progress: no node answered echo within 2 s of the recovery, in \d+ attempts: error 11 .* from n0: no leader; /,
    );
    const silent = findings(echoUntil(5000, () => undefined));
    expect(silent.sentences.join("\n")).toContain(
      "in 3 attempts: no reply from n0 yet; no reply from n1 yet",
    );
  });

  test("counts errors about the state, and the program's own, as answers", () => {
    const failing = (code: number) => (node: Node) =>
      node.handle("echo", v.looseObject({}), () => ({ type: "error", code, text: "no" }));
    for (const code of [20, 21, 22, 1000, 4711]) {
      expect(findings(failing(code)).liveness?.valid).toBe(true);
    }
    for (const code of [0, 10, 11, 13, 14, 999]) {
      expect(findings(failing(code)).liveness?.valid).toBe(false);
    }
  });

  test("needs one node only where a workload chooses its nodes", () => {
    const definition = defineWorkload({
      name: "primary",
      doc: "Asks one node",
      nodes: "last-ok",
      operations: { get: rpc({ request: () => ({}), reply: { value: v.number() } }) },
      generators: () => ({ main: () => ({ f: "get", value: null }) }),
      check: () => ({ valid: true }),
    });
    const primary = (id: string) => (node: Node) =>
      node.handle("get", v.looseObject({}), () => {
        if (node.id === id) return { type: "get_ok", value: 1 };
        throw new RpcError("temporarily-unavailable", "Ask the primary");
      });
    const options = { ...LIVELY, definition } as SimulatedOptions;
    const { liveness } = runSimulated("primary" as never, primary("n2"), options).result;
    expect(liveness).toMatchObject({ valid: true, probes: [{ f: "get", attemptCount: 3 }] });
    const none = runSimulated("primary" as never, primary("n9"), options).result;
    expect(none.liveness?.explanation).toMatchObject([{ anomaly: "no-progress" }]);
  });

  test("proves nothing when a fault was not healed", () => {
    const probes: Probe[] = [{ node: "n0", f: "read", attemptCount: 3, error: "no reply" }];
    const check = (isHealed: boolean) =>
      checkLiveness(probes, { history: [], limitS: 1, isHealed });
    expect(check(true).valid).toBe(false);
    expect(check(false).valid).toBe("unknown");
  });
});
