/** `vortex bun`: the Bun that this command runs on, for those who have no other. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Command } from "commander";
import { bunCommand, selfCommand } from "../sweep/self.ts";
import { shellCommand } from "./shell.ts";

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
  const { argv, env } = bunCommand(args);
  const shims = mkdtempSync(join(tmpdir(), "vortex-bun-"));
  writeShim(join(shims, "bun"), "BUN_BE_BUN=1 exec", [process.execPath]);
  writeShim(join(shims, "vortex"), "unset BUN_BE_BUN; exec", selfCommand());
  const path = [shims, process.env["PATH"] ?? ""].join(delimiter);
  // A Ctrl-C reaches Bun too, which decides what comes of it; here is only waited for its end.
  process.on("SIGINT", () => {});
  try {
    const stdio = ["inherit", "inherit", "inherit"] as const;
    const child = Bun.spawn([...argv], { env: { ...env, PATH: path }, stdio: [...stdio] });
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => child.kill(signal));
    }
    process.exitCode = await child.exited;
  } finally {
    rmSync(shims, { recursive: true, force: true });
  }
}

/**
 * Lets scripts of a project call `bun`, which may be nowhere else, and `vortex`. What makes this
 * executable be Bun is in the environment, which they inherit: it would be Bun in either case.
 */
function writeShim(file: string, run: string, argv: readonly string[]): void {
  if (process.platform === "win32") return; // Takes other files for programs.
  writeFileSync(file, `#!/bin/sh\n${run} ${shellCommand(argv)} "$@"\n`);
  chmodSync(file, 0o755);
}
