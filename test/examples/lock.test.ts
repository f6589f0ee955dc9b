import { lock } from "../../docs/examples/lock/lock.ts";
import { fenced, trusting } from "../../docs/examples/lock/nodes.ts";
import { testExample } from "../support/simulations/example.ts";

testExample({
  name: "a lock",
  right: fenced,
  survives: ["kill", "pause"],
  wrong: trusting,
  seeds: [1, 2, 3],
  anomaly: "nonlinearizable",
  options: { workload: lock, nodeCount: 2, concurrency: 4, rate: 10 },
});
