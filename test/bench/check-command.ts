/**
 * Measures `vortex check` as a whole process, on histories of lin-kv as Jepsen prints them.
 *
 *   bun run build.ts --quiet && bun test/bench/check-command.ts [--rounds 5] [--bin dist/vortex]
 *
 * Prints the least wall-clock time and the least processor time of several rounds.
 */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { historyEdn } from "../support/histories/history-edn.ts";
import { registerHistory } from "../support/histories/register-model.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    bin: { type: "string", default: "dist/vortex" },
  },
});
const shape = { seed: 1, concurrency: 20, keys: 100, values: 5, indefinite: 0 };

console.log("| operations | file, MB | wall, s | processor, s | memory, MB |");
console.log("| ---: | ---: | ---: | ---: | ---: |");
for (const operations of [50_000, 300_000]) {
  const file = join(tmpdir(), `vortex-check-${process.pid}-${operations}.edn`);
  const bytes = await Bun.write(file, historyEdn(registerHistory({ ...shape, operations })));
  const runs = Array.from({ length: Number(flags.rounds) }, () => check(file));
  const least = (of: "wall" | "processor" | "memory") =>
    Math.min(...runs.map((run) => run[of])).toFixed(of === "memory" ? 0 : 2);
  const megabytes = (bytes / 1e6).toFixed(1);
  console.log(
    `| ${operations} | ${megabytes} | ${least("wall")} | ${least("processor")} | ${least("memory")} |`,
  );
  await rm(file);
}

function check(file: string) {
  const began = performance.now();
  const { exitCode, stderr, resourceUsage } = Bun.spawnSync([
    flags.bin,
    "check",
    "-w",
    "lin-kv",
    file,
  ]);
  if (exitCode !== 0) throw new Error(`${flags.bin} check failed: ${stderr.toString()}`);
  return {
    wall: (performance.now() - began) / 1000,
    processor: Number(resourceUsage.cpuTime.total) / 1e6,
    memory: resourceUsage.maxRSS / 1e6,
  };
}
