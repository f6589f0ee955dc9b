/** Simulates one seed, prints the result, and stores the run. */
import { stringifyJson } from "../../../vortex/index.ts";
import { formatResult } from "../../report/terminal/result.ts";
import { writeDecisions } from "../decisions.ts";
import { DOUBTFUL, EXIT_CODES, exitCodeOf, lastLineOf } from "../exit-codes.ts";
import { remark } from "../live.ts";
import { isRepeatable, isStalled, run, type SimFlags, type Subject } from "./subject.ts";

export async function runOne(subject: Subject, flags: SimFlags): Promise<void> {
  const { options, replay } = subject;
  const { writeDecisions: file } = flags;
  const once = await run(
    subject,
    options,
    flags,
    file === undefined ? {} : { onDecisions: (decisions) => writeDecisions(file, decisions) },
  );
  if (once.result === undefined) remark(once.crash.message);
  else
    console.log(
      flags.json ? stringifyJson(once.result) : formatResult(once.result, options, flags),
    );
  const store = async () => {
    const { storeRun } = await import("./store-run.ts");
    await storeRun(subject, options, once, flags);
  };
  if (isStalled(once)) {
    remark(`To repeat it: ${replay(options)}`);
    if (flags.report) await store();
    process.exitCode = EXIT_CODES.crash;
    return;
  }
  if (!(await isRepeatable(subject, options, once))) {
    remark(
      `Not deterministic: seed ${options.seed} gave a different history the second time. Look for the real clock, Math.random, and state outside of the program's function`,
    );
    process.exitCode = EXIT_CODES.unknown;
    return;
  }
  const isShrunk = flags.shrink === true && once.result?.valid !== true;
  if (flags.report && !isShrunk) await store();
  const isDoubtful = flags.strictRun === true && once.result?.warnings !== undefined;
  if (once.result !== undefined) remark(isDoubtful ? DOUBTFUL : lastLineOf(once.result.valid));
  remark(`To repeat it: ${replay(options)}`);
  process.exitCode =
    once.result === undefined ? EXIT_CODES.crash : exitCodeOf(once.result.valid, isDoubtful);
  if (isShrunk) {
    const { printSmallest } = await import("./smallest.ts");
    await printSmallest(subject, options, flags);
  }
}
