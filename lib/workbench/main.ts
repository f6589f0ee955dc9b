/** The `vortex` command. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { bunSubcommand, isStartedAsBun, runBun } from "./cli/bun.ts";
import { checkCommand } from "./cli/check.ts";
import { ignoreClosedPipes, isClosedPipe } from "./cli/closed-pipes.ts";
import { completeCommand, completionCommand } from "./cli/completion.ts";
import { EXIT_CODES } from "./cli/exit-codes.ts";
import { Interrupted } from "./cli/interrupt.ts";
import { remark } from "./cli/live.ts";
import { mergeCommand } from "./cli/merge.ts";
import { newCommand } from "./cli/new/new.ts";
import { nodeCommand } from "./cli/node.ts";
import { playCommand } from "./cli/play.ts";
import { reportCommand } from "./cli/report.ts";
import { serveCommand } from "./cli/serve.ts";
import { simCommand } from "./cli/sim/sim.ts";
import { stagesCommand } from "./cli/stages.ts";
import { testCommand } from "./cli/test.ts";
import { workerCommand } from "./cli/worker.ts";
import { workloadsCommand } from "./cli/workloads.ts";
import { InvalidOptions } from "./invalid-options.ts";
import { TestCrash } from "./run/test-crash.ts";
import { endSupervised, isSupervised } from "./sweep/supervisor.ts";

const program: Command = new Command("vortex")
  .description("Test and simulate the nodes of a distributed system, as Maelstrom does")
  .version(packageJson.version)
  .enablePositionalOptions()
  .addCommand(testCommand())
  .addCommand(stagesCommand())
  .addCommand(checkCommand())
  .addCommand(reportCommand())
  .addCommand(serveCommand())
  .addCommand(nodeCommand())
  .addCommand(simCommand())
  .addCommand(workerCommand())
  .addCommand(workloadsCommand())
  .addCommand(mergeCommand())
  .addCommand(newCommand())
  .addCommand(playCommand())
  .addCommand(bunSubcommand())
  .addCommand(completionCommand())
  .addCommand(
    completeCommand(() => program),
    { hidden: true },
  );

for (const command of [program, ...program.commands]) {
  command.exitOverride().showHelpAfterError("(see --help)");
}

ignoreClosedPipes();

// The runtime's exit code for an uncaught error, 1, would mean "invalid".
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    if (isClosedPipe(error)) return;
    console.error(error);
    process.exit(EXIT_CODES.crash);
  });
}

try {
  if (isStartedAsBun()) await runBun(process.argv.slice(2));
  else await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOfError(error);
}

if (isSupervised) await endSupervised(Number(process.exitCode ?? EXIT_CODES.valid));

/** Reports an error that ended the command. Returns the exit code. */
function exitCodeOfError(error: unknown): number {
  // Commander has already printed the help, or the error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.badArguments;
  if (error instanceof InvalidOptions) {
    console.error(`error: ${error.message}`);
    return EXIT_CODES.badArguments;
  }
  if (error instanceof Interrupted) {
    console.error("Interrupted. The nodes were killed");
    return EXIT_CODES.interrupted;
  }
  if (error instanceof TestCrash) remark(error.message);
  else if (isClosedPipe(error)) return EXIT_CODES.crash;
  else console.error(error);
  return EXIT_CODES.crash;
}
