/** `vortex test`: runs a test on processes, as `maelstrom test` does. */
import { Command } from "commander";
import { stringifyJson } from "../../vortex/index.ts";
import type { Operation } from "../history/history.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { comparableOf, maelstromArgs } from "../maelstrom/maelstrom.ts";
import { messageText } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";
import { comparisonTable } from "../report/terminal/comparison.ts";
import { describeDiagnostic } from "../report/terminal/diagnostic.ts";
import { fitLines, TestProgress } from "../report/terminal/progress.ts";
import { formatResult } from "../report/terminal/result.ts";
import type { TestParts } from "../run/test.ts";
import type { TestOptions } from "../run/test-options.ts";
import { chooseWorkload } from "../sweep/workload-file.ts";
import { executable } from "./executable.ts";
import { DOUBTFUL, EXIT_CODES, exitCodeOf, lastLineOf, worstOf } from "./exit-codes.ts";
import { interruptible } from "./interrupt.ts";
import { LiveView, remark } from "./live.ts";
import { LOADING } from "./loading.ts";
import {
  addMaelstromFlag,
  type MaelstromFlags,
  maelstromCommand,
  runBesideMaelstrom,
} from "./maelstrom-flags.ts";
import { addNatsFlags, type NatsFlags } from "./nats-flags.ts";
import { describeNemeses, loadNemeses } from "./nemeses.ts";
import { clusterName } from "./node.ts";
import { lease, positiveInteger } from "./parsers.ts";
import { remarksOn, remarksOnDefaultWorkload } from "./remarks.ts";
import { remarkLocation } from "./report.ts";
import type { HostsConnection } from "./run-on-hosts.ts";
import { runOnProcesses, type StoredRun } from "./run-on-processes.ts";
import { addStoreFlags, openStore, type ProgramCommand, type StoreFlags } from "./store-flags.ts";
import {
  addTestFlags,
  addUnusedFlags,
  namedNodes,
  STRICT_RUN,
  STRICT_STDOUT,
  type TestFlags,
  testOptions,
  VERBOSE,
} from "./test-flags.ts";

interface Flags extends TestFlags, StoreFlags, MaelstromFlags, NatsFlags {
  readonly cluster?: string;
  readonly lease: number;
  /** Required without a cluster. Checked after parsing, so that a mistyped flag is reported first. */
  readonly bin?: string;
  readonly testCount: number;
  readonly logStderr?: true;
  readonly strictRun?: true;
  readonly strictStdout?: true;
  readonly logNetSend?: true;
  readonly logNetRecv?: true;
  readonly json?: true;
  readonly report?: true;
  readonly keepData?: true;
  readonly verbose?: true;
}

export function testCommand(): Command {
  const command = new Command("test")
    .description("test the nodes of a program, with Maelstrom's flags and verdicts")
    .argument("[args...]", "arguments of the program, usually after --")
    .option("--bin <file>", "program to run (required, but for a cluster of hosts)");
  addMaelstromFlag(addStoreFlags(addUnusedFlags(addTestFlags(command), remark)));
  return addNatsFlags(command, {
    purpose: "test the nodes that vortex node runs on other hosts",
    isRequired: false,
  })
    .option("--cluster <name>", "name of the cluster of hosts", clusterName)
    .option(
      "--lease <s>",
      "how long hosts go on without this tester, and it without them, in seconds",
      lease,
      LEASE_S,
    )
    .option("--test-count <n>", "repeat n times; stop at the first failure", positiveInteger, 1)
    .option("--log-stderr", "show the stderr of the nodes")
    .option("--strict-stdout", STRICT_STDOUT)
    .option("--strict-run", STRICT_RUN)
    .option("--log-net-send", "show every message sent")
    .option("--log-net-recv", "show every message delivered")
    .option("--keep-data", "keep what the nodes store on their disks, in data/ of the run")
    .option("--report", "write report.html, a page that shows the run, even if it is valid")
    .option("--verbose", VERBOSE)
    .option("--json", "print the result as one line of JSON to stdout, and nothing else")
    .addHelpText("after", EXIT_CODE_HELP)
    .action(runTests);
}

/** Default of --lease. */
const LEASE_S = 30;

const EXIT_CODE_HELP = `
Exit codes:
  0    valid
  1    invalid
  2    unknown: a checker failed or gave up; with --strict-run, a valid run has
       warnings
  130  interrupted
  254  invalid arguments
  255  crashed: a node did not start, exited, or did not read its messages in
       time; or the run could not be stored

Examples:
  vortex test -w echo --bin dist/echo --node-count 1 --time-limit 10
  vortex test -w kafka --nats nats://10.0.0.1:4222 --cluster demo --nemesis kill`;

async function runTests(args: readonly string[], flags: Flags, command: Command): Promise<void> {
  if (flags.nats !== undefined || flags.cluster !== undefined) {
    await runOnCluster(args, flags);
    return;
  }
  if (flags.bin === undefined) {
    throw new InvalidOptions("--bin is missing. Name the program to run, as in --bin dist/echo");
  }
  const bin = executable(flags.bin);
  if (command.getOptionValueSource("workload") === "default") {
    for (const text of remarksOnDefaultWorkload(flags.bin)) remark(text);
  }
  const first = testOptions(flags, await chooseWorkload(flags.workload, LOADING));
  const maelstrom = maelstromCommand(flags);
  // Throws if Maelstrom lacks the test, before anything runs.
  if (maelstrom !== undefined) maelstromArgs(first, bin, args);
  for (const text of remarksOn(args, first)) remark(text);
  requirePossible(first, flags);
  if (flags.keepData && flags.store === false) {
    throw new InvalidOptions(
      "--keep-data cannot be used with --no-store: the data is part of the stored run",
    );
  }
  await repeatTest({ bin, args, maelstrom }, first, flags);
}

/** Loads what needs NATS's client, with which every command would start later. */
const importHosts = () => import("./run-on-hosts.ts");

/** Tests a cluster of hosts. */
async function runOnCluster(args: readonly string[], flags: Flags): Promise<void> {
  const { cluster, lease: leaseS } = flags;
  if (flags.nats === undefined || cluster === undefined) {
    throw new InvalidOptions(
      "--nats and --cluster need each other: the servers, and the cluster whose nodes vortex node runs",
    );
  }
  const local = flags.bin === undefined ? args[0] : "--bin";
  if (local !== undefined) {
    throw new InvalidOptions(
      `${local}: the hosts of a cluster know their programs. Name program and arguments in vortex node, after --`,
    );
  }
  for (const [flag, value] of [
    ["--maelstrom", flags.maelstrom],
    ["--keep-data", flags.keepData],
  ]) {
    if (value !== undefined) {
      throw new InvalidOptions(`${flag} is for nodes on this machine, not for those of a cluster`);
    }
  }
  requirePossible(flags, flags);
  const workload = await chooseWorkload(flags.workload, LOADING);
  const { connectHosts } = await importHosts();
  const hosts = await connectHosts(flags, cluster, namedNodes(flags), remark);
  try {
    const nodes = hosts.sidecars.map(({ name }) => name);
    const { nodeCount: _, node: __, nodesFile: ___, ...others } = flags;
    const options = testOptions({ ...others, nodes }, workload);
    const [first] = hosts.sidecars;
    const bin = first?.command ?? "";
    const words = ["--nats", flags.nats.join(), "--cluster", cluster];
    const subject = { bin, args: [], words, hosts, leaseMs: leaseS * 1000, maelstrom: undefined };
    await repeatTest(subject, options, flags);
  } finally {
    await hosts.nats.close();
  }
}

/** @throws {InvalidOptions} if a flag asks for what a test on processes cannot give. */
function requirePossible({ nemesis }: Pick<TestOptions, "nemesis">, flags: Flags): void {
  if (nemesis.includes("disk")) {
    throw new InvalidOptions(
      "--nemesis disk: only the disks of a simulation fail on demand. Run the test with vortex sim",
    );
  }
  if (flags.report && flags.store === false) {
    throw new InvalidOptions(
      "--report cannot be used with --no-store: the report is part of the stored run",
    );
  }
}

/** Runs a test as often as the flags ask. */
async function repeatTest(
  subject: Omit<Subject, "parts">,
  first: TestOptions,
  flags: Flags,
): Promise<void> {
  const nemeses = await loadNemeses(flags.nemesis, LOADING);
  for (const text of describeNemeses(nemeses)) remark(text);
  for (let run = 0; run < flags.testCount; run++) {
    // A seed of its own makes each run different and repeatable.
    const options = { ...first, seed: first.seed + run };
    process.exitCode = await interruptible((signal) =>
      runTest({ ...subject, parts: { nemeses } }, options, flags, signal),
    );
    if (process.exitCode !== EXIT_CODES.valid) return;
  }
}

/** The program and the options of a test. */
interface Subject extends ProgramCommand {
  readonly maelstrom: string | undefined;
  readonly parts: TestParts;
  /** The cluster that runs the program. */
  readonly hosts?: HostsConnection;
  readonly leaseMs?: number;
}

/** Runs one test and reports it. Returns the exit code. */
async function runTest(
  { bin, args, maelstrom, parts, words, hosts, leaseMs = LEASE_S * 1000 }: Subject,
  options: TestOptions,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  remark(describeOptions(options));
  const progress = new Progress(options);
  const onRemark = (text: string) => progress.print(text);
  try {
    const isStrict = flags.strictStdout === true;
    const store = openStore(
      flags,
      { bin, args, isStrict, ...(words && { words }) },
      options,
      onRemark,
    );
    const run: StoredRun = {
      parts,
      signal,
      isStrict,
      store,
      wantsReport: flags.report === true,
      onOperation: (operation) => progress.count(operation),
      onDiagnostic: (diagnostic) => onRemark(describeDiagnostic(diagnostic)),
      onRemark,
      ...(flags.logStderr ? { onLog: ({ node, line }) => progress.print(`${node}: ${line}`) } : {}),
      ...(flags.logNetSend || flags.logNetRecv
        ? { onMessage: (event) => logMessage(event, flags, progress) }
        : {}),
    };
    const keepsData = flags.keepData === true;
    const result = await (hosts === undefined
      ? runOnProcesses(options, { ...run, bin, args, keepsData })
      : (await importHosts()).runOnHosts(options, { ...run, hosts, leaseMs }));
    progress.end();
    if (!flags.json) console.log(formatResult(result, options, flags));
    if (store !== undefined) remarkLocation(store);
    const isDoubtful = flags.strictRun === true && result.warnings !== undefined;
    remark(isDoubtful ? DOUBTFUL : lastLineOf(result.valid));
    let exitCode = exitCodeOf(result.valid, isDoubtful);
    if (maelstrom === undefined) {
      if (flags.json) console.log(stringifyJson(result));
    } else {
      const run = { command: maelstrom, bin, args, options, signal };
      const other = await runBesideMaelstrom(run, flags, remark);
      exitCode = worstOf(
        exitCode,
        other === undefined ? EXIT_CODES.crash : exitCodeOf(other.valid),
      );
      const found = other === undefined ? {} : { maelstrom: other };
      const compared = { name: options.workload, vortex: comparableOf(result), ...found };
      if (flags.json) console.log(stringifyJson({ ...result, ...found }));
      else console.log(comparisonTable([compared]));
    }
    if (store?.problem === undefined) return exitCode;
    remark(`error: ${store.problem.message}. The verdict above stands`);
    return EXIT_CODES.crash;
  } finally {
    progress.end();
  }
}

function logMessage(event: JournalEvent, flags: Flags, progress: Progress): void {
  const wanted = { send: flags.logNetSend, recv: flags.logNetRecv, drop: undefined };
  if (wanted[event.type]) progress.print(`${event.type} ${messageText(event.message)}`);
}

function describeOptions({
  workload,
  nodeIds,
  concurrency,
  rate,
  timeLimitS,
  seed,
}: TestOptions): string {
  const clients = concurrency === 1 ? "1 client" : `${concurrency} clients`;
  const nodes = nodeIds.length === 1 ? "1 node" : `${nodeIds.length} nodes`;
  return `${workload}: ${nodes}, ${clients}, ${rate}/s, ${timeLimitS} s, seed ${seed}`;
}

/** The progress of a test. */
class Progress {
  readonly #progress: TestProgress;
  readonly #view: LiveView;

  constructor(options: TestOptions) {
    this.#progress = new TestProgress(options);
    this.#view = new LiveView({
      draw: () => fitLines(this.#parts(), process.stderr.columns),
      intervalMs: 200,
      line: () => this.#parts().join("; "),
    });
  }

  count(operation: Operation): void {
    this.#progress.add(operation, performance.now());
  }

  /** Prints a line above. */
  print(text: string): void {
    this.#view.print(text);
  }

  end(): void {
    this.#view.end();
  }

  #parts(): string[] {
    return this.#progress.describe(performance.now());
  }
}
