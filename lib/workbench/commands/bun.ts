/** `vortex bun`: the Bun that this command runs on, for those who have no other. */
import { Command } from "commander";
import { bunCommand } from "./self.ts";

export function bunSubcommand(): Command {
  return new Command("bun")
    .description("run Bun, which this command has within: vortex bun test")
    .argument("[words...]", "words for Bun")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(runBun);
}

async function runBun(args: readonly string[]): Promise<void> {
  const { words, env } = bunCommand(args);
  const stdio = ["inherit", "inherit", "inherit"] as const;
  const child = Bun.spawn([...words], { env, stdio: [...stdio] });
  process.exitCode = await child.exited;
}
