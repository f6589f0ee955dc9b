import { expect, test } from "bun:test";
import { join } from "node:path";
import { once, repeated } from "../../docs/examples/queue/nodes.ts";
import { queue } from "../../docs/examples/queue/queue.ts";
import { ROOT, vortex } from "../support/processes/vortex.ts";
import { testExample } from "../support/simulations/example.ts";

testExample({
  name: "a queue",
  right: once,
  survives: ["loss", "duplicate"],
  wrong: repeated,
  seeds: [1, 2, 3],
  anomaly: "nonlinearizable",
  options: { workload: queue, nodeCount: 3 },
  wrongOptions: { nemesis: ["loss"], nemesisIntervalS: 3 },
});

test.skipIf(Bun.which("python3") === null)(
  "The example of a queue accepts the program in Python (skipped without python3)",
  async () => {
    const file = (name: string) => join(ROOT, "docs/examples/queue", name);
    const { exitCode, stdout } = await vortex(
      ...["test", "-w", file("queue.ts"), "--bin", file("queue.py"), "--node-count", "3"],
      ...["--time-limit", "2", "--rate", "20", "--recovery", "1"],
      ...["--nemesis", "loss", "--nemesis-interval", "0.5", "--seed", "1"],
    );
    expect(stdout).toStartWith("Valid: ");
    expect(exitCode).toBe(0);
  },
  30_000,
);
