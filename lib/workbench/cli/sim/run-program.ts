/** Runs the program of `vortex sim`, in the process that may be ended if it makes no progress. */
import { bindArguments } from "../../../vortex/program.ts";
import { InvalidOptions } from "../../invalid-options.ts";
import type { TestOptions } from "../../run/test-options.ts";
import type { CorpusDirectory } from "../../search/corpus-directory.ts";
import { explore } from "../../search/explore.ts";
import { shellCommand } from "../../shell.ts";
import { catalogOf, recordModules } from "../../sweep/assertion-catalog.ts";
import { loadProgram } from "../../sweep/program.ts";
import { printPlaces } from "../../sweep/sample.ts";
import { report } from "../../sweep/supervisor.ts";
import { reportWorkerProgress, serveTasks } from "../../sweep/worker.ts";
import { chooseWorkload } from "../../sweep/workload-file.ts";
import { toArgv } from "../argv.ts";
import { readDecisions } from "../decisions.ts";
import { remark } from "../live.ts";
import { describeNemeses, loadNemeses } from "../nemeses.ts";
import { remarksOn } from "../remarks.ts";
import { testOptions } from "../test-flags.ts";
import { runOne } from "./once.ts";
import { readShown, type Shown, shownWord } from "./shown.ts";
import { startLocally } from "./start-workers.ts";
import type { SimFlags } from "./subject.ts";
import { outcome, runMany } from "./sweep.ts";

export async function runProgram(
  file: string,
  args: readonly string[],
  flags: SimFlags,
): Promise<void> {
  const isSilent = flags.worker || flags.sample !== undefined;
  const loading = { limitS: flags.stallLimit, onPrinted: isSilent ? () => {} : remark };
  const loadedModules = recordModules();
  const program = await loadProgram(file, flags.export, loading);
  const shown = flags.as === undefined ? undefined : readShown(flags.as);
  const catalog = shown?.catalog ?? catalogOf(loadedModules());
  const parts = { nemeses: await loadNemeses(flags.nemesis, loading) };
  const options = testOptions(flags, await chooseWorkload(flags.workload, loading));
  const decisions = flags.decisions === undefined ? undefined : readDecisions(flags.decisions);
  if (flags.sample !== undefined) {
    const [seed = 0, eventCount = 0] = flags.sample.split(":").map(Number);
    const explored = explore({ ...options, seed });
    const exploredParts = { ...parts, ...explored.parts };
    printPlaces(explored.options, { program, args, decisions, parts: exploredParts }, eventCount);
    process.exit();
  }
  const onProgress = flags.worker
    ? reportWorkerProgress
    : (isRunning: boolean) => report(isRunning ? "simulating" : "other");
  onProgress(false);
  const replay = (changed: TestOptions, decisions = flags.decisions) =>
    commandLine(file, args, { ...flags, decisions }, changed, shown);
  const subject = {
    program,
    catalog,
    file,
    modules: loadedModules(),
    args,
    parts,
    isStrict: flags.strictStdout === true,
    stallLimitS: flags.stallLimit,
    onProgress,
    options,
    decisions,
    replay,
  };
  if (flags.worker) {
    if (flags.corpus === undefined) {
      await serveTasks(({ seed }) => outcome(subject, { ...options, seed }));
    } else {
      const { CampaignWorker, openCorpus } = await import("./campaign.ts");
      const worker = new CampaignWorker(subject, openCorpus(subject, flags.corpus));
      await serveTasks((task) => worker.run(task));
    }
    return;
  }
  for (const text of [...remarksOn(args, options), ...describeNemeses(parts.nemeses)]) remark(text);
  const bound = bindArguments(program, args);
  if (bound.ok) for (const warning of bound.warnings) remark(warning);
  if (flags.report && flags.seeds !== undefined && !flags.shrink) {
    throw new InvalidOptions(
      "--report needs a single test: use --seed instead of --seeds, or add --shrink",
    );
  }
  // It takes time to load, which other tests need not wait for.
  const fleet = flags.nats === undefined ? undefined : await import("./fleet.ts");
  const start = (directory?: CorpusDirectory) =>
    fleet?.startFleet(subject, flags, directory) ?? startLocally(subject, flags);
  if (flags.for !== undefined) {
    const { runCampaign } = await import("./campaign.ts");
    await runCampaign(subject, flags, flags.for, start);
  } else if (flags.seeds === undefined) await runOne(subject, flags);
  else await runMany(subject, flags.seeds, flags, start());
}

function commandLine(
  file: string,
  args: readonly string[],
  flags: Pick<SimFlags, "export" | "strictStdout"> & { readonly decisions: string | undefined },
  options: TestOptions,
  shown?: Shown,
): string {
  const argv = ["vortex", "sim", file];
  if (flags.export !== undefined) argv.push("--export", flags.export);
  argv.push(...toArgv(options));
  if (flags.decisions !== undefined) argv.push("--decisions", flags.decisions);
  if (flags.strictStdout) argv.push("--strict-stdout");
  const words = shown === undefined ? argv : argv.map((word) => shownWord(word, shown));
  return shellCommand(args.length === 0 ? words : [...words, "--", ...args]);
}
