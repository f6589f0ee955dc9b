/** Simulates one seed, prints the result, and stores the run. */
import { resolve } from "node:path";
import { stringifyJson } from "../../../vortex/index.ts";
import { formatResult } from "../../report/terminal/text.ts";
import { DOUBTFUL, EXIT_CODES, exitCodeOf, lastLineOf } from "../exit-codes.ts";
import { remark } from "../live.ts";
import { remarkLocation, reportRun } from "../report.ts";
import { openStoreOf } from "../store-flags.ts";
import { printSmallest } from "./smallest.ts";
import { fingerprintOf, isStalled, type Run, run, type SimFlags, type Subject } from "./subject.ts";

export async function runOne(subject: Subject, flags: SimFlags): Promise<void> {
  const { options, replay } = subject;
  const once = await run(subject, options, flags);
  if (once.result === undefined) remark(once.crash.message);
  else
    console.log(
      flags.json ? stringifyJson(once.result) : formatResult(once.result, options, flags),
    );
  if (isStalled(once)) {
    remark(`To repeat it: ${replay(options)}`);
    if (flags.report) await storeRun(subject, once, flags.store);
    process.exitCode = EXIT_CODES.crash;
    return;
  }
  if (fingerprintOf(once) !== fingerprintOf(await run(subject, options))) {
    remark(
      `Not deterministic: seed ${options.seed} gave a different history the second time. Look for the real clock, Math.random, and state outside of the program's function`,
    );
    process.exitCode = EXIT_CODES.unknown;
    return;
  }
  if (flags.report) await storeRun(subject, once, flags.store);
  const isDoubtful = flags.strictRun === true && once.result?.warnings !== undefined;
  if (once.result !== undefined) remark(isDoubtful ? DOUBTFUL : lastLineOf(once.result.valid));
  remark(`To repeat it: ${replay(options)}`);
  process.exitCode =
    once.result === undefined ? EXIT_CODES.crash : exitCodeOf(once.result.valid, isDoubtful);
  if (flags.shrink && once.result?.valid !== true) await printSmallest(subject, options, flags);
}

/** Stores a simulated run like one on processes, and writes its report. */
async function storeRun({ file, args, options, replay }: Subject, run: Run, root: string) {
  const { trace, ...end } = run;
  const bin = resolve(file);
  const description = { command: replay(options), bin, args, options };
  const store = openStoreOf(root, description, remark, "Choose another directory with --store");
  for (const event of trace.events) {
    if (event.kind === "operation") store.addOperation(event.operation);
    else store.addMessage(event.event);
  }
  for (const line of trace.logs) store.addLog(line);
  if (end.result !== undefined) store.addResults(end.result);
  store.close();
  await reportRun(store, remark, end.result === undefined ? end.crash.message : undefined);
  remarkLocation(store);
}
