/**
 * A stand-in for Maelstrom's command: it accepts the same arguments, refuses others, and writes the
 * same files. The test chooses its results.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./vortex.ts";

/** Flags of `maelstrom test` that take a value, as of 0.2.4. */
const FLAGS = [
  ...["-w", "--bin", "--node-count", "--nodes", "--concurrency", "--rate", "--time-limit"],
  ...["--latency", "--latency-dist", "--nemesis", "--nemesis-interval", "--topology"],
  ...["--consistency-models", "--key-count", "--max-txn-length", "--max-writes-per-key"],
  "--availability",
];

/** An excerpt of a results.edn that Maelstrom wrote. */
export const BROADCAST_RESULTS = `{:perf {:latency-graph {:valid? true}, :valid? true},
 :stats {:valid? true, :count 412, :ok-count 412, :fail-count 0, :info-count 0},
 :net {:all {:send-count 2000, :recv-count 2000, :msg-count 2000, :msgs-per-op 4.854369},
       :servers {:send-count 800, :recv-count 800, :msg-count 800, :msgs-per-op 1.9417475},
       :valid? true},
 :workload {:worst-stale (), :valid? true, :lost-count 0, :lost (),
            :stable-latencies {0 0, 0.5 281, 0.95 480, 0.99 520, 1 553},
            :stable-count 206},
 :valid? true}
`;

/**
 * Writes an executable stand-in; returns its path.
 *
 * @param results Content of results.edn; `undefined` makes the stand-in crash.
 * @param exitCode Exit code, unless it crashes.
 * @param delayS Seconds to wait before writing any file.
 */
export function standInForMaelstrom(results: string | undefined, exitCode = 0, delayS = 0): string {
  const directory = temporaryDirectory();
  const file = join(directory, "maelstrom");
  writeFileSync(
    file,
    `#!${process.execPath}
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
const [command, ...args] = process.argv.slice(2);
const refuse = (why) => { console.error(why); process.exit(254); };
if (command !== "test") refuse("Commands: test");
const flags = ${JSON.stringify(FLAGS)};
const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
const values = new Map();
for (let at = 0; at < own.length; at += 2) {
  if (!flags.includes(own[at])) refuse("Unknown option: " + own[at]);
  values.set(own[at], own[at + 1]);
}
if (!existsSync(values.get("--bin"))) refuse("No such file: " + values.get("--bin"));
writeFileSync("args.json", JSON.stringify(args));
writeFileSync("pid", String(process.pid));
await Bun.sleep(${delayS * 1000});
const results = ${JSON.stringify(results ?? null)};
if (results === null) { console.log("Node n0 crashed with exit status 1"); process.exit(255); }
const run = "store/" + values.get("-w") + "/20261125T120000.000Z";
mkdirSync(run, { recursive: true });
writeFileSync(run + "/results.edn", results);
symlinkSync(values.get("-w") + "/20261125T120000.000Z", "store/latest");
process.exit(${exitCode});
`,
  );
  chmodSync(file, 0o755);
  return file;
}
