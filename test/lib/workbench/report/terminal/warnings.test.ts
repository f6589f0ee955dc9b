import { expect, test } from "bun:test";
import { describeWarning } from "../../../../../lib/workbench/report/terminal/warnings.ts";

const fault = { kind: "fault-without-effect", fault: "partition", nodeCount: 2 } as const;

test.each([
  [{ kind: "low-rate", asked: 6000, ran: 24 }, "only 24 of the 6000 operations that --rate asks"],
  [{ kind: "few-operations", okCount: 1 }, "only 1 operation succeeded, too few to prove much"],
  [{ ...fault, reason: "separated-no-nodes" }, "partition separated no nodes: with 2 nodes"],
  [{ ...fault, reason: "separated-no-nodes", nodeCount: 1 }, "partition separated no nodes: the"],
  [{ ...fault, fault: "loss", reason: "hit-no-message" }, "loss affected no message"],
  [{ ...fault, fault: "kill", reason: "hit-no-node" }, "kill hit no node: with 2 nodes"],
  [
    { ...fault, fault: "pause", reason: "hit-no-node", nodeCount: 5 },
    "pause hit no node: those it selected were down",
  ],
  [
    { kind: "node-stopped-answering", node: "n1", lastAnswer: 2.5e9, unansweredCount: 3 },
    "n1 stopped answering at 2.500 s: 3 requests after that got no reply",
  ],
  [
    { kind: "node-stopped-answering", node: "n1", unansweredCount: 1 },
    "n1 answered none of its 1 request",
  ],
  [{ kind: "rarely-ok", f: "cas", okCount: 1, count: 40 }, "only 1 of 40 cas operations succeeded"],
] as const)("describeWarning describes %j in one line", (warning, description) => {
  expect(describeWarning(warning)).toStartWith(description);
  expect(describeWarning(warning)).not.toContain("\n");
});
