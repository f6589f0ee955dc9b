import { bank } from "../../docs/examples/bank/bank.ts";
import { atomic, stepwise } from "../../docs/examples/bank/nodes.ts";
import { testExample } from "../support/simulations/example.ts";

testExample({
  name: "bank transfers",
  right: atomic,
  survives: ["kill", "pause"],
  wrong: stepwise,
  seeds: [1, 2, 3],
  anomaly: "nonlinearizable",
  options: { workload: bank, nodeCount: 3, rate: 20, latencyMs: 10 },
});
