import { describe, expect, test } from "bun:test";
import type { Node } from "../../../../lib/vortex/index.ts";
import type { WorkloadName } from "../../../../lib/workbench/workloads/index.ts";
import { runSimulated } from "../../../support/simulations/simulate.ts";

const SET_UP = new Set<unknown>(["init", "topology"]);

/** Leaves every request of the main phase without an answer. */
function silent(node: Node): void {
  const receive = node.receive.bind(node);
  node.receive = (message) => {
    if (SET_UP.has(message.body["type"])) receive(message);
  };
}

/** The requests to a silent node in the main phase: clients, with the number of requests. */
function asked(workload: WorkloadName) {
  const { messages } = runSimulated(workload, silent, {
    concurrency: 2,
    rate: 100,
    timeLimitS: 20,
    recoveryS: 0,
  });
  const requests = messages
    .filter(({ type, message }) => type === "send" && !SET_UP.has(message.body["type"]))
    .map(({ message }) => message)
    .filter(({ dest }) => dest === "n0");
  return { requestCount: requests.length, clients: new Set(requests.map(({ src }) => src)) };
}

describe("after an operation with an unknown outcome", () => {
  test.each(["echo", "g-set", "g-counter", "pn-counter", "kafka"] as const)(
    "%s opens a new client",
    (workload) => {
      const { requestCount, clients } = asked(workload);
      expect(requestCount).toBeGreaterThan(7);
      expect(clients.size).toBe(requestCount);
    },
  );

  test.each(["unique-ids", "lin-kv", "txn-list-append", "txn-rw-register"] as const)(
    "%s keeps its clients",
    (workload) => {
      const { requestCount, clients } = asked(workload);
      expect(requestCount).toBeGreaterThan(7);
      expect(clients.size).toBe(2);
    },
  );

  test("broadcast opens a new client, but not after a read, which fails", () => {
    const { requestCount, clients } = asked("broadcast");
    expect(clients.size).toBeGreaterThan(2);
    expect(clients.size).toBeLessThan(requestCount);
  });
});
