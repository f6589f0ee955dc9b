/** `vortex sim`: runs a program in a simulation, with one seed or many. */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { InvalidOptions } from "../../invalid-options.ts";
import { namesFile } from "../../sweep/load-definition.ts";
import { schedulerShard } from "../../sweep/scheduler-shard.ts";
import { parseSeeds, parseShard, type Shard } from "../../sweep/seeds.ts";
import { supervise } from "../../sweep/supervisor.ts";
import { remark } from "../live.ts";
import { addNatsFlags } from "../nats-flags.ts";
import {
  duration,
  JOINT_STRATEGIES,
  LONE_STRATEGIES,
  positiveInteger,
  positiveNumber,
  strategies,
} from "../parsers.ts";
import { missingWorkload } from "../remarks.ts";
import { addTestFlags, STRICT_RUN, STRICT_STDOUT, testOptions, VERBOSE } from "../test-flags.ts";
import type { SimFlags } from "./subject.ts";

export function simCommand(): Command {
  const command = new Command("sim")
    .description("run a program in a simulation: virtual time, every event determined by a seed")
    .argument("<file>", "TypeScript or JavaScript file that exports the program")
    .argument("[args...]", "arguments of the program, usually after --")
    .option("--export <name>", "exported function to run, if the file exports several");
  addTestFlags(command, { hasDefaultWorkload: false });
  return (
    addNatsFlags(command, {
      purpose: "spread the runs over the workers at these NATS servers",
      isRequired: false,
    })
      .option("--sign <file>", "sign the program for workers with --allow-signer: an NKey seed")
      .option("--resume", "go on with the same sweep on NATS, which was interrupted")
      .addOption(
        new Option("--seeds <range>", "run many seeds: 1..1000, or 3,7,10..20")
          .argParser(seedsArgument)
          .conflicts(["seed", "logStderr"]),
      )
      .option(
        "--jobs <count>",
        `number of processes (default: ${availableParallelism()}, one per core)`,
        positiveInteger,
      )
      .option(
        "--shard <i/n>",
        "run only part i of n of the seeds; auto takes i and n from Slurm, GitLab and others, auto/n only i",
        shardArgument,
      )
      .option(
        "--stop-after <count>",
        "stop after this many seeds that are not valid",
        positiveInteger,
      )
      .option("--out <file>", 'write one outcome per line to a file, for "vortex merge"')
      .addOption(
        new Option(
          "--for <time>",
          "run tests of different seeds until the time is over, as in 90s, 10m or 2h, with --search mixed unless another is named",
        )
          .argParser(duration)
          .conflicts(["seed", "seeds", "decisions", "report", "logStderr"]),
      )
      .option(
        "--corpus <dir>",
        "directory of a campaign of --for: keeps failures and runs that did something new, varies these, and goes on where it was",
      )
      .addOption(
        new Option(
          "--search <strategies>",
          `look for rare bugs: ${LONE_STRATEGIES.join(", ")}, or any of ${JOINT_STRATEGIES.join(", ")}, separated by commas (default: plain)`,
        ).argParser(strategies),
      )
      .addOption(
        new Option(
          "--decisions <file>",
          "replay the operations, faults and messages of a file, or of JSON that begins with {",
        ).conflicts("seeds"),
      )
      .addOption(
        new Option(
          "--write-decisions <file>",
          "write the operations, faults and messages of the run to a file, for --decisions",
        ).conflicts("seeds"),
      )
      .option("--shrink", "reduce a failing test to a small one, and print what happens in it")
      .option(
        "--report",
        "store the run with report.html, a page that shows it; with --shrink, the reduced test if one failed",
      )
      .option("--store <dir>", "directory of stored runs, for --report", "store")
      .option("--log-stderr", "show the logs of the nodes")
      .option("--strict-stdout", STRICT_STDOUT)
      .option("--strict-run", STRICT_RUN)
      .option(
        "--stall-limit <s>",
        "end the run if a node takes longer than this in real time for one message or timer",
        positiveNumber,
        10,
      )
      .option("--verbose", VERBOSE)
      .option(
        "--json",
        "print the result, or the summary of many seeds, as one line of JSON to stdout, and nothing else",
      )
      // The workers of --seeds are started with it; see `sweep/worker.ts`.
      .addOption(new Option("--worker").hideHelp())
      // So are those on other machines; see `fleet/served-campaign.ts`.
      .addOption(new Option("--as <file>").hideHelp())
      // The process that runs the program is started with it; see `sweep/supervisor.ts`.
      .addOption(new Option("--supervised").hideHelp())
      // A stalled run is run again with it; see `sweep/sample.ts`.
      .addOption(new Option("--sample <seed:count>").hideHelp())
      .addHelpText("after", HELP)
      .action(sim)
  );
}

const HELP = `
A seed always gives the same history and messages, byte for byte. To check that,
one seed is run twice; a program that reads the real clock, for example, exits
with code 2.

Examples:
  vortex sim challenges/echo.ts -w echo --node-count 3 --rate 100 --time-limit 20 --seed 7
  vortex sim challenges/unique-ids.ts -w unique-ids --nemesis partition,kill --seeds 1..1000`;

/** Flags that need many seeds. */
const SWEEP_FLAGS = {
  jobs: "--jobs",
  shard: "--shard",
  stopAfter: "--stop-after",
  out: "--out",
  nats: "--nats",
  resume: "--resume",
};

/** Flags that have a meaning only with --nats. */
const NATS_FLAGS = { sign: "--sign", resume: "--resume" };

type ParsedFlags = Omit<SimFlags, "workload"> & Partial<Pick<SimFlags, "workload">>;

async function sim(file: string, args: readonly string[], parsed: ParsedFlags): Promise<void> {
  const { workload } = parsed;
  if (workload === undefined) throw new InvalidOptions(missingWorkload(file));
  // A campaign looks for what seeds alone do not show.
  const search = parsed.search ?? (parsed.for === undefined ? undefined : (["mixed"] as const));
  const flags: SimFlags = { ...parsed, workload, ...(search === undefined ? {} : { search }) };
  for (const [name, flag] of Object.entries(SWEEP_FLAGS)) {
    const isCampaign = flags.for !== undefined && name !== "shard" && name !== "resume";
    if (name in flags && flags.seeds === undefined && !isCampaign) {
      throw new InvalidOptions(`${flag} needs many seeds: add --seeds, as in --seeds 1..1000`);
    }
  }
  for (const [name, flag] of Object.entries(NATS_FLAGS)) {
    if (name in flags && flags.nats === undefined) {
      throw new InvalidOptions(
        `${flag} needs workers on NATS: add --nats, as in --nats nats://host`,
      );
    }
  }
  if (flags.nats !== undefined && flags.jobs !== undefined) {
    throw new InvalidOptions(
      "--jobs is a matter of each worker: vortex worker --nats URL --jobs 4",
    );
  }
  if (flags.corpus !== undefined && flags.for === undefined) {
    throw new InvalidOptions("--corpus needs a time: add --for, as in --for 10m");
  }
  // The file of a workload is loaded where it can do no harm.
  if (!namesFile(workload)) testOptions(flags);
  if (!flags.worker && !flags.supervised && flags.sample === undefined) {
    process.exitCode = await supervise({
      args: process.argv.slice(process.argv.indexOf("sim") + 1),
      file,
      limitS: flags.stallLimit,
      onProblem: remark,
    });
    return;
  }
  // The supervisor does without what follows, so that the program starts earlier.
  const { runProgram } = await import("./run-program.ts");
  await runProgram(file, args, flags);
}

function seedsArgument(text: string): number[] {
  return withReason(() => parseSeeds(text));
}

function shardArgument(text: string): Shard {
  return withReason(() => {
    const [, count] = /^auto(?:\/([1-9]\d{0,8}))?$/.exec(text) ?? [];
    if (!text.startsWith("auto")) return parseShard(text);
    if (text !== "auto" && count === undefined) {
      throw new RangeError(`"${text}" is neither auto nor, for the fifth part of 20, auto/20`);
    }
    return schedulerShard(process.env, count === undefined ? undefined : Number(count));
  });
}

function withReason<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : error}.`);
  }
}
