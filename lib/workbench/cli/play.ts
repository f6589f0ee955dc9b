/** `vortex play`: write and run a program in a browser. */
import { promises } from "node:fs";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { PORT } from "../play/address.ts";
import type { ProgramOptions } from "../play/server/opened-program.ts";
import { PlayServer } from "../play/server/play-server.ts";
import { collectFiles, UnreadableProgram } from "../play/server/program-files.ts";
import { siteBundle } from "../play/site/site-bundle.ts";
import { GENERATOR, siteHtml } from "../play/site/site-html.ts";
import { DEFAULTS } from "../run/test-options.ts";
import { STAGES } from "../stages/stages.ts";
import { WORKLOAD_NAMES } from "../workloads/index.ts";
import { remark } from "./live.ts";
import { serveOnLoopback } from "./loopback.ts";
import { oneOf, port } from "./parsers.ts";
import { workloadOf } from "./remarks.ts";

interface Flags {
  readonly port: number;
  readonly workload?: string;
  /** Directory of a static site. */
  readonly export?: string;
}

export function playCommand(): Command {
  return new Command("play")
    .description("write, run and watch a program in a browser")
    .argument("[file]", "TypeScript or JavaScript file to open, which the page can save")
    .argument("[args...]", "arguments of the program, usually after --")
    .addOption(
      new Option(
        "-w, --workload <name>",
        "workload to begin with (default: the one that the file's name suggests)",
      )
        .choices(WORKLOAD_NAMES)
        .argParser(oneOf("workload", WORKLOAD_NAMES)),
    )
    .option("--export <dir>", "write the playground as a static site, and end")
    .option("--port <number>", "port on this machine; 0 for any free port", port, PORT)
    .addHelpText(
      "after",
      `
Listens on 127.0.0.1 only. Stop it with Ctrl-C. Programs run in the browser, where
they reach neither the network nor files; the page saves a file only when asked to.

Examples:
  vortex play
  vortex play challenges/broadcast.ts
  vortex play --export site`,
    )
    .action(play);
}

async function play(
  file: string | undefined,
  args: readonly string[],
  { port, workload, export: directory }: Flags,
): Promise<void> {
  if (directory !== undefined) {
    if (file !== undefined) {
      throw new InvalidOptions("--export writes a site without a program: leave the file out");
    }
    await exportSite(directory);
    return;
  }
  const playground = new PlayServer(
    file === undefined ? undefined : await programOf(file, args, workload),
  );
  await serveOnLoopback({
    port,
    answer: (request) => playground.answer(request),
    onStart: (address) => remark(`Playground: ${new URL(playground.address, address)}`),
  });
}

/** The program to open, tested as the first stage of its workload. */
async function programOf(
  path: string,
  args: readonly string[],
  named: string | undefined,
): Promise<ProgramOptions> {
  try {
    await collectFiles(path);
  } catch (error) {
    if (error instanceof UnreadableProgram) throw new InvalidOptions(error.message);
    throw error;
  }
  const workload = named ?? workloadOf(path) ?? DEFAULTS.workload;
  const stage = STAGES.find(({ bin }) => bin === workload);
  return { path, args, flags: stage?.flags.split(" ") ?? ["-w", workload] };
}

const INDEX = "index.html";

/** Writes the site, over one that was written before. */
async function exportSite(directory: string): Promise<void> {
  const file = join(directory, INDEX);
  const former = await promises.readFile(file, "utf8").catch(() => undefined);
  if (former !== undefined && !former.includes(`<meta name="generator" content="${GENERATOR}">`)) {
    throw new InvalidOptions(
      `--export ${directory}: ${file} is not a playground. Name another directory, or remove it`,
    );
  }
  try {
    await promises.mkdir(directory, { recursive: true });
    await Bun.write(file, siteHtml(await siteBundle()));
  } catch (error) {
    throw new InvalidOptions(
      `--export ${directory}: ${error instanceof Error ? error.message : error}`,
    );
  }
  remark(`Wrote ${resolve(file)}. Serve the directory with any web server, or open the file`);
}
