/**
 * Judges the services under faults of their three NATS servers:
 *
 *     bun test/nats/services.ts [--seconds 600] [--subject vortex] [--replicas 3] [--seed 1]
 *       [--fault NAME]... [--fault-ms 6000] [--lazy]
 *
 * The servers sync what they store before they acknowledge it; with `--lazy`, every two minutes, as they
 * do by default.
 */
import { parseArgs } from "node:util";
import { startLinkedCluster } from "../support/nats-links.ts";
import { FAULT_NAMES, type FaultName } from "./faults.ts";
import { runServices } from "./run.ts";
import { SUBJECTS, type SubjectName } from "./subjects.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    subject: { type: "string", default: "vortex" },
    replicas: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    fault: { type: "string", multiple: true },
    "fault-ms": { type: "string", default: "6000" },
    lazy: { type: "boolean", default: false },
  },
});

const isSubject = (name: string): name is SubjectName => Object.hasOwn(SUBJECTS, name);
const isFault = (name: string): name is FaultName => FAULT_NAMES.some((known) => known === name);

const { subject } = values;
if (!isSubject(subject)) {
  throw new Error(
    `Unknown subject "${subject}". Expected one of: ${Object.keys(SUBJECTS).join(", ")}`,
  );
}
const unknown = values.fault?.find((name) => !isFault(name));
if (unknown !== undefined) {
  throw new Error(`Unknown fault "${unknown}". Expected one of: ${FAULT_NAMES.join(", ")}`);
}

const startMs = performance.now();
const elapsed = () => `${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s`;

await using cluster = await startLinkedCluster(
  values.lazy ? {} : { jetstream: { sync_interval: "always" } },
);
const result = await runServices(cluster, {
  name: "judged",
  subject,
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  replicas: Number(values.replicas),
  faults: values.fault?.filter(isFault) ?? FAULT_NAMES,
  faultMs: Number(values["fault-ms"]),
  onFault: (text) => console.log(`${elapsed()}  ${text}`),
});
for (const [service, { ok, fail, info }] of Object.entries(result.counts)) {
  console.log(`${service}: ${ok} ok, ${fail} failed, ${info} indefinite`);
}
console.log(result.findings.length === 0 ? "valid" : `invalid\n${result.findings.join("\n")}`);
process.exitCode = result.findings.length === 0 ? 0 : 1;
