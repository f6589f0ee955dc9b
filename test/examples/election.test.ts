import { election } from "../../docs/examples/election/election.ts";
import { careful, generous } from "../../docs/examples/election/nodes.ts";
import { testExample } from "../support/simulations/example.ts";

testExample({
  name: "leader election",
  right: careful,
  survives: ["partition", "kill", "pause", "loss"],
  wrong: generous,
  seeds: [1, 2, 3],
  anomaly: "two-leaders",
  options: { workload: election, latencyMs: 50, rate: 20 },
  wrongOptions: { nemesis: ["partition"], nemesisIntervalS: 3 },
});
