/** `vortex bun`: runs the Bun that is part of this command, where no other is installed. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { shellCommand } from "../shell.ts";
import { containsBun, selfCommand } from "../sweep/self.ts";
import { describeFileError } from "../system-error.ts";

export function bunSubcommand(): Command {
  return new Command("bun")
    .description("run the Bun that this command contains: vortex bun test")
    .argument("[args...]", "arguments of Bun")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(runBun);
}

/**
 * Whether this executable was started in Bun's or Node's place: where Node is not installed, Bun runs
 * scripts with a link named `node` to itself on their PATH.
 */
export function isStartedAsBun(): boolean {
  return containsBun && /^(node|bun|bunx)(\.exe)?$/.test(basename(process.argv0));
}

/** Runs Bun, and sets the exit code of this process to its exit code. */
export async function runBun(args: readonly string[]): Promise<void> {
  const shims = makeShims();
  const env = {
    ...process.env,
    ...(containsBun ? becomesBun(shims) : {}),
    PATH: [shims, process.env["PATH"] ?? ""].join(delimiter),
  };
  // Ctrl-C reaches Bun too, and Bun decides whether to exit.
  process.on("SIGINT", () => {});
  try {
    const stdio = ["inherit", "inherit", "inherit"] as const;
    const child = Bun.spawn([process.execPath, ...args], { env, stdio: [...stdio] });
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => child.kill(signal));
    }
    process.exitCode = await child.exited;
  } finally {
    rmSync(shims, { recursive: true, force: true });
  }
}

/**
 * The variables that make this executable run as Bun.
 *
 * They must not reach the programs that Bun starts: any program that Bun has compiled would run as Bun
 * too. The preload hides them where a script starts a program, the shells where `bun run` does.
 * `BUN_INSPECT_PRELOAD` takes one path, which may contain spaces, and compiled programs ignore it.
 */
function becomesBun(shims: string) {
  return { BUN_BE_BUN: "1", BUN_INSPECT_PRELOAD: join(shims, PRELOAD) };
}

const PRELOAD = "preload.cjs";

/**
 * Bun.spawn and workers take the environment that the process was started with unless they are given
 * another one, so deleting a variable is not enough.
 */
const PRELOAD_SOURCE = `
delete process.env.BUN_BE_BUN;
delete process.env.BUN_INSPECT_PRELOAD;
const { platform } = process;
if (platform !== "win32") process.execPath = require("node:path").join(__dirname, "bun");
const cleaned = (options) =>
  options?.env === undefined ? { ...options, env: process.env } : options;
for (const name of ["spawn", "spawnSync"]) {
  const spawn = Bun[name];
  Bun[name] = (first, second) =>
    Array.isArray(first) ? spawn(first, cleaned(second)) : spawn(cleaned(first));
}
globalThis.Worker = class Worker extends globalThis.Worker {
  constructor(url, options) {
    super(url, { ...options, preload: [__filename].concat(options?.preload ?? []) });
  }
};
`;

const SHELLS = ["bash", "sh", "zsh"];

/**
 * Creates a directory for the PATH of Bun, so that a project's scripts can call `bun` and `vortex`, and
 * Bun's shell does not inherit the variables of {@link becomesBun}.
 */
function makeShims(): string {
  let shims: string;
  try {
    shims = mkdtempSync(join(tmpdir(), "vortex-bun-"));
  } catch (error) {
    throw new InvalidOptions(describeFileError(tmpdir(), error, "TMPDIR"));
  }
  writeFileSync(join(shims, PRELOAD), PRELOAD_SOURCE);
  if (process.platform === "win32") return shims; // Shell scripts are not programs there.
  const variables = Object.entries(becomesBun(shims));
  const set = variables.map(([name, value]) => shellCommand([`${name}=${value}`]));
  const unset = `unset ${variables.map(([name]) => name).join(" ")}; exec`;
  writeShim(join(shims, "bun"), containsBun ? `exec env ${set.join(" ")}` : "exec", [
    process.execPath,
  ]);
  writeShim(join(shims, "vortex"), unset, selfCommand());
  if (!containsBun) return shims;
  for (const shell of SHELLS) {
    const file = Bun.which(shell);
    if (file !== null) writeShim(join(shims, shell), unset, [file]);
  }
  return shims;
}

function writeShim(file: string, run: string, argv: readonly string[]): void {
  writeFileSync(file, `#!/bin/sh\n${run} ${shellCommand(argv)} "$@"\n`);
  chmodSync(file, 0o755);
}
