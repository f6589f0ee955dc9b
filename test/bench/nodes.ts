/**
 * Compares compiled Vortex nodes with nodes in other languages.
 *
 *   npm run bench -- [--rounds 5] [--json FILE] [--only MEASURE,...] [--against DIST [--alone]]
 *
 * Builds the peers in `peers/` into `dist/bench`, and skips those whose toolchain is missing. Each
 * round measures every program in turn, so that other load on the machine affects all of them. Prints
 * median, minimum, maximum and the ratio to Vortex. The row of the minimal C program shows the limit
 * of the load generator, `load.c`. `--against` adds the nodes of another build, such as that of an
 * earlier commit; with `--alone` the peers are left out.
 */
import { mkdirSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { ROOT } from "../support/processes/vortex.ts";
import { median } from "../support/statistics.ts";
import { compile } from "./compile.ts";

const PEERS = join(import.meta.dir, "peers");
const OUT = join(ROOT, "dist/bench");
const LOAD = join(OUT, "load");
const MESSAGES = 200_000;

interface Program {
  readonly name: string;
  readonly command: readonly string[];
  /** Sends a tenth of the messages: all of them would take a minute. */
  readonly isSlow?: boolean;
  /** Command that serves broadcasts and reads, if the program supports these. */
  readonly broadcast?: readonly string[];
}

interface Peer extends Program {
  /** Build command, if the program needs one. */
  readonly build?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const go = (name: string): Pick<Peer, "build" | "command"> => ({
  build: ["go", "build", "-o", join(OUT, name), join(PEERS, name, "main.go")],
  command: [join(OUT, name)],
});

const CANDIDATES: readonly Peer[] = [
  {
    name: "C, minimal (the limit)",
    build: ["cc", "-O2", "-o", join(OUT, "limit"), join(PEERS, "limit.c")],
    command: [join(OUT, "limit")],
  },
  {
    name: "Go, one typed struct, buffered",
    ...go("go-buffered"),
    broadcast: [join(OUT, "go-buffered")],
  },
  { name: "Go, maps, buffered", ...go("go-maps") },
  {
    name: "Go, stand-in for the library",
    ...go("go-goroutines"),
    broadcast: [join(OUT, "go-goroutines")],
  },
  {
    name: "Rust, maelstrom-node",
    build: [
      "cargo",
      "build",
      "--release",
      "--quiet",
      "--manifest-path",
      join(OUT, "rust/Cargo.toml"),
    ],
    env: { CARGO_TARGET_DIR: join(OUT, "rust/target") },
    command: [join(OUT, "rust/target/release/echo-rust")],
    isSlow: true,
  },
  {
    name: "Java, plain",
    build: ["javac", "-d", OUT, join(PEERS, "java/Echo.java")],
    command: ["java", "-cp", OUT, "Echo"],
  },
  { name: "Node.js, plain", command: ["node", join(PEERS, "node.mjs")] },
  { name: "Python, plain", command: ["python3", join(PEERS, "node.py")], isSlow: true },
];

const VORTEX: Program = {
  name: "Vortex",
  command: [join(ROOT, "dist/echo")],
  broadcast: [join(ROOT, "dist/broadcast")],
};

const line = (body: object) => `${JSON.stringify({ id: 0, src: "c1", dest: "n0", body })}\n`;
const INIT = line({ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] });
const sumUpTo = (last: number) => (last * (last + 1)) / 2;

/** Runs a command; returns its stdout. */
function run(command: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stderr: "pipe",
  });
  // A node may log a line per message; the last ones contain the error.
  const lastErrors = stderr.toString().slice(-500).trim();
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${lastErrors || exitCode}`);
  return stdout.toString();
}

function buildPeers(): Program[] {
  return CANDIDATES.filter((peer) => {
    const tool = (peer.build ?? peer.command)[0] ?? "";
    if (Bun.which(tool) === null) {
      console.log(`Skipped ${peer.name}: "${tool}" is not installed`);
      return false;
    }
    try {
      if (peer.build !== undefined) run(peer.build, peer.env);
      return true;
    } catch (error) {
      console.log(`Skipped ${peer.name}: the build failed: ${error}`);
      return false;
    }
  });
}

/** Writes an input file: `init`, then bodies with `msg_id` from 2. */
async function writeInput(name: string, count: number, body: (id: number) => object, end = "") {
  const path = join(OUT, `${name}.in`);
  const lines = [INIT];
  // msg_id comes first: the minimal C program finds fields by position.
  for (let id = 2; id < count + 2; id++) lines.push(line({ msg_id: id, ...body(id) }));
  await Bun.write(path, `${lines.join("")}${end}`);
  return path;
}

function load(...args: (string | number)[]): Record<string, unknown> {
  // Logs of nodes are discarded, at the lowest cost.
  return JSON.parse(run(["sh", "-c", '"$0" "$@" 2>/dev/null', LOAD, ...args.map(String)]));
}

interface Measure {
  readonly name: string;
  readonly figures: readonly {
    readonly name: string;
    readonly digits: number;
    readonly more?: true;
  }[];
  readonly takes: (program: Program) => boolean;
  readonly take: (program: Program) => readonly number[];
}

async function echoMeasure(
  name: string,
  title: string,
  count: number,
  payload: (id: number) => string,
) {
  const body = (id: number) => ({ type: "echo", echo: payload(id) });
  const all = await writeInput(name, count, body);
  const tenth = await writeInput(`${name}-tenth`, count / 10, body);
  return {
    name,
    figures: [
      { name: `${title}: messages/s`, digits: 0, more: true },
      { name: `${title}: CPU s per 100,000`, digits: 3 },
    ],
    takes: () => true,
    take: ({ command, isSlow = false }) => {
      const sent = isSlow ? count / 10 : count;
      const input = isSlow ? tenth : all;
      const { seconds, cpuSeconds } = load(
        "throughput",
        sent + 1,
        sumUpTo(sent + 1),
        input,
        ...command,
      );
      return [sent / Number(seconds), (Number(cpuSeconds) / sent) * 100_000];
    },
  } satisfies Measure;
}

async function measures(): Promise<Measure[]> {
  const small = (id: number) => `Please echo ${id % 128}`;
  const roundTrips = await writeInput("round-trips", 15_000, (id) => ({
    type: "echo",
    echo: small(id),
  }));
  const broadcasts = await writeInput("broadcasts", 100_000, (id) => ({
    type: "broadcast",
    message: id,
  }));
  const million = await writeInput(
    "million",
    1_000_000,
    (id) => ({ type: "broadcast", message: id }),
    line({ type: "read", msg_id: 0 }),
  );
  return [
    {
      name: "start",
      figures: [{ name: "start-up to init_ok, ms", digits: 2 }],
      takes: () => true,
      take: ({ command }) => [Number(load("start", 1, roundTrips, ...command)["seconds"]) * 1000],
    },
    {
      name: "start-25",
      figures: [
        { name: "25 at once to init_ok, ms", digits: 1 },
        { name: "memory of 25 (PSS), MB", digits: 1 },
      ],
      takes: () => true,
      take: ({ command }) => {
        const { seconds, pssBytes } = load("start", 25, roundTrips, ...command);
        return [Number(seconds) * 1000, Number(pssBytes) / 1e6];
      },
    },
    await echoMeasure("echo", `echo, ${MESSAGES} from a cold start`, MESSAGES, small),
    await echoMeasure("echo-1k", "echo of 1 kB", 50_000, (id) => `${id}`.padStart(1000, "x")),
    await echoMeasure("echo-100k", "echo of 100 kB", 1000, (id) => `${id}`.padStart(100_000, "x")),
    await echoMeasure(
      "echo-non-ascii",
      "echo of 1 kB, non-ASCII",
      50_000,
      (id) => `${id}${"é漢😀".repeat(111)}`,
    ),
    {
      name: "round-trip",
      figures: [
        { name: "round trip on one core, µs", digits: 1 },
        { name: "99th percentile, µs", digits: 0 },
      ],
      takes: () => true,
      take: ({ command }) => {
        const { medianUs, p99Us } = load("roundtrip", 5000, roundTrips, ...command);
        return [Number(medianUs), Number(p99Us)];
      },
    },
    {
      name: "broadcast",
      figures: [{ name: "broadcasts/s, one node, 100,000", digits: 0, more: true }],
      takes: ({ broadcast }) => broadcast !== undefined,
      take: ({ broadcast = [] }) => {
        const { seconds } = load("throughput", 100_001, sumUpTo(100_001), broadcasts, ...broadcast);
        return [100_000 / Number(seconds)];
      },
    },
    {
      name: "read",
      figures: [{ name: "read of 1,000,000 values, ms", digits: 1 }],
      takes: ({ broadcast }) => broadcast !== undefined,
      take: ({ broadcast = [] }) => {
        const { milliseconds } = load("reads", 1_000_001, 5, million, ...broadcast);
        return [median(milliseconds as number[])];
      },
    },
  ];
}

/** Lateness of timers under a flood of input, in ms: median and maximum. */
function timerLateness(timers: string, input: string): readonly number[] {
  // cat keeps the pipe full.
  const last = run(["sh", "-c", 'cat "$1" | "$0" | tail -n 1', timers, input]);
  const { medianMs, maxMs } = JSON.parse(last).body;
  return [medianMs, maxMs];
}

/** Milliseconds to `init_ok` of a binary that is not in the page cache. */
function coldStartMs(input: string): number {
  const copy = join(OUT, "cold");
  run(["sh", "-c", 'cp "$0" "$1" && sync "$1"', VORTEX.command[0] ?? "", copy]);
  run(["dd", `if=${copy}`, "iflag=nocache", "count=0", "status=none"]);
  return Number(load("start", 1, input, copy)["seconds"]) * 1000;
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    json: { type: "string", default: join(OUT, "nodes.json") },
    only: { type: "string" },
    against: { type: "string" },
    alone: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);

mkdirSync(OUT, { recursive: true });
run([process.execPath, "run", join(ROOT, "build.ts"), "--stale", "--quiet"]);
run(["cc", "-O2", "-o", LOAD, join(import.meta.dir, "load.c")]);
// A copy: Cargo writes a lock file beside the manifest.
run(["cp", "-r", join(PEERS, "rust"), OUT]);
const empty = join(OUT, "empty.ts");
await Bun.write(empty, 'console.log("{}");\nsetInterval(() => {}, 1000);\n');
const bare: Program = {
  name: "Bun, prints a line",
  command: [await compile(empty, join(OUT, "bare"))],
};
const timers = await compile(join(import.meta.dir, "programs/timers.ts"), join(OUT, "timers"));
const flood = await writeInput(
  "flood",
  MESSAGES,
  () => ({ type: "echo", echo: "x".repeat(60) }),
  line({ type: "lateness", msg_id: 0 }),
);

const { against } = options;
const otherBuild: Program[] =
  against === undefined
    ? []
    : [
        {
          name: `Vortex, built in ${against}`,
          command: [resolve(against, "echo")],
          broadcast: [resolve(against, "broadcast")],
        },
      ];
const programs = [VORTEX, ...otherBuild, ...(options.alone ? [] : buildPeers())];
const wanted = options.only?.split(",");
const chosen = (await measures()).filter(({ name }) => wanted?.includes(name) ?? true);

const taken = new Map<string, number[]>();
const record = (figure: string, program: string, value: number) => {
  const key = `${figure}\n${program}`;
  taken.set(key, [...(taken.get(key) ?? []), value]);
};
const LATENESS = ["timers under a flood: late by, ms", "at most, ms"];
const COLD = "start-up from disk, ms";

for (let round = 0; round < rounds; round++) {
  for (const { name, figures, takes, take } of chosen) {
    const takers = name.startsWith("start") ? [...programs, bare] : programs;
    for (const program of takers.filter(takes)) {
      try {
        for (const [index, value] of take(program).entries()) {
          record(figures[index]?.name ?? "", program.name, value);
        }
      } catch (error) {
        if (program === VORTEX) throw error;
        console.log(`Skipped "${name}" of ${program.name}: ${error}`);
      }
    }
  }
  if (wanted?.includes("timers") ?? true) {
    for (const [index, ms] of timerLateness(timers, flood).entries()) {
      record(LATENESS[index] ?? "", VORTEX.name, ms);
    }
  }
  if (wanted?.includes("cold") ?? true) record(COLD, VORTEX.name, coldStartMs(flood));
}

const results = [...taken].map(([key, values]) => {
  const [figure = "", program = ""] = key.split("\n");
  const ours = taken.get(`${figure}\n${VORTEX.name}`);
  return {
    figure,
    program,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    /** This program's median divided by ours. */
    ratio: ours === undefined ? null : median(values) / median(ours),
  };
});

const table = new Table({
  head: ["", "median", "min - max", "/ ours"],
  colAligns: ["left", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
const digitsOf = new Map(
  chosen.flatMap(({ figures }) => figures).map(({ name, digits }) => [name, digits]),
);
for (const figure of new Set(results.map((result) => result.figure))) {
  table.push([{ colSpan: 4, content: figure }]);
  const digits = digitsOf.get(figure) ?? 1;
  for (const { program, median, min, max, ratio } of results.filter(
    (one) => one.figure === figure,
  )) {
    const format = (value: number) => value.toFixed(digits);
    table.push([
      `  ${program}`,
      format(median),
      `${format(min)} - ${format(max)}`,
      ratio === null ? "" : ratio.toFixed(2),
    ]);
  }
}
console.log(table.toString());
const { size } = statSync(VORTEX.command[0] ?? "");
console.log(`Medians of ${rounds} rounds; size of a binary: ${(size / 1e6).toFixed(0)} MB.`);
await Bun.write(
  options.json,
  `${JSON.stringify({ rounds, cpu: cpus()[0]?.model, cores: cpus().length, binaryBytes: size, results }, null, 2)}\n`,
);
