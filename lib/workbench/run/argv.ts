/** Converts options back to the words of a command line, to repeat a run. */
import { ownOptionWords } from "../workloads/own-options.ts";
import { DEFAULTS, LIVENESS_LIMIT_S, nodeNames, type TestOptions } from "./test-options.ts";

/**
 * Returns the flags that give these options. Omits defaults.
 *
 * @param workload The word that names the workload, such as the path of its file.
 */
export function toArgv(options: TestOptions, workload = options.workload): string[] {
  return [...toSeedlessArgv(options, workload), "--seed", String(options.seed)];
}

/** Returns the flags that give these options with any seed. */
export function toSeedlessArgv(options: TestOptions, workload: string): string[] {
  const { nodeIds, concurrency, latency, nemesis, consistencyModels } = options;
  const argv = ["-w", workload];
  for (const word of ownOptionWords(options.ownOptions ?? {})) argv.push("--set", word);
  const add = (flag: string, value: string | number | undefined, standard?: unknown) => {
    if (value !== undefined && value !== standard) argv.push(flag, String(value));
  };
  const isCounted = nodeIds.join() === nodeNames(nodeIds.length).join();
  if (isCounted) add("--node-count", nodeIds.length);
  else add("--nodes", nodeIds.join(), DEFAULTS.nodeIds.join());
  add("--concurrency", concurrency, nodeIds.length);
  add("--rate", options.rate, DEFAULTS.rate);
  add("--time-limit", options.timeLimitS, DEFAULTS.timeLimitS);
  add("--latency", latency.meanMs, DEFAULTS.latency.meanMs);
  add("--latency-dist", latency.distribution, DEFAULTS.latency.distribution);
  add("--nemesis", nemesis.join(), "");
  add("--nemesis-interval", options.nemesisIntervalS, DEFAULTS.nemesisIntervalS);
  add("--recovery", options.recoveryS, DEFAULTS.recoveryS);
  if (options.converge) argv.push("--converge");
  if (options.livenessLimitS === LIVENESS_LIMIT_S) argv.push("--liveness");
  else add("--liveness", options.livenessLimitS);
  add("--topology", options.topology, DEFAULTS.topology);
  add("--consistency-models", consistencyModels.join(), DEFAULTS.consistencyModels.join());
  add("--key-count", options.keyCount, DEFAULTS.keyCount);
  add("--max-txn-length", options.maxTxnLength, DEFAULTS.maxTxnLength);
  add("--max-writes-per-key", options.maxWritesPerKey, DEFAULTS.maxWritesPerKey);
  if (options.resumesFromCommitted) argv.push("--resume-from-committed");
  add("--availability", options.availability);
  add("--search", options.search?.join(), "");
  return argv;
}
