/** `vortex bun`: runs the Bun that is part of this command, where no other is installed. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Command } from "commander";
import { bunCommand, selfCommand } from "../sweep/self.ts";
import { shellCommand } from "./shell.ts";

export function bunSubcommand(): Command {
  return new Command("bun")
    .description("run the Bun that this command contains: vortex bun test")
    .argument("[args...]", "arguments of Bun")
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
  // Ctrl-C reaches Bun too, and Bun decides whether to exit.
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
 * Lets a project's scripts call `bun` and `vortex`. BUN_BE_BUN turns this executable into Bun, and
 * scripts inherit it: the shims set it for `bun` and clear it for `vortex`.
 */
function writeShim(file: string, run: string, argv: readonly string[]): void {
  if (process.platform === "win32") return; // Shell scripts are not programs there.
  writeFileSync(file, `#!/bin/sh\n${run} ${shellCommand(argv)} "$@"\n`);
  chmodSync(file, 0o755);
}
