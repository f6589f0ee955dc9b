import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import {
  chmod,
  cp,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { INIT } from "./support/processes/node-process.ts";
import { ROOT } from "./support/processes/vortex.ts";

// All binaries together have 1.2 GB, which takes minutes to write on a busy machine.
setDefaultTimeout(300_000);

const SOURCES = [
  "build.ts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "lib",
  "challenges",
  // The playground's examples.
  "docs/guide",
];

/** A copy of the project that tests may break. */
let project = "";

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "build-"));
  for (const name of SOURCES) await cp(join(ROOT, name), join(project, name), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(project, "node_modules"));
});

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

async function build(...args: string[]) {
  const child = Bun.spawn([process.execPath, "run", join(project, "build.ts"), ...args], {
    // Outside the project: the working directory must not matter.
    cwd: tmpdir(),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { stdout, stderr, exitCode: await child.exited };
}

/** The names of all files in dist, hidden ones included. */
async function artifacts(): Promise<string[]> {
  return (await readdir(join(project, "dist"))).sort();
}

const artifact = (name: string) => join(project, "dist", name);
const write = (file: string, text: string) => writeFile(join(project, file), text);
const remove = (file: string) => rm(join(project, file));

describe("build.ts", () => {
  /** The first build, of everything. */
  let first: Awaited<ReturnType<typeof build>>;
  beforeAll(async () => {
    first = await build();
  });

  test("compiles every challenge and the workbench, and prints name, size and time of each", async () => {
    const { stdout, stderr, exitCode } = first;
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const lines = stdout.trimEnd().split("\n");
    for (const line of lines) expect(line).toMatch(/^dist\/[\w-]+ +\d+\.\d MB +\d+\.\d s$/);

    const challenges = (await readdir(join(project, "challenges")))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => basename(file, ".ts"));
    const names = [...challenges, "vortex"].sort();
    expect(lines.map((line) => line.split(" ")[0]?.slice("dist/".length)).sort()).toEqual(names);
    // "package" holds the simulation that the command embeds for new projects.
    expect(await artifacts()).toEqual([...names, "package"].sort());
  });

  test("is reproducible: the same sources give the same bytes, for binaries and the package", async () => {
    // All challenges are built alike, and each is 110 MB to write and to read.
    const rebuilt = ["echo", "lin-kv", "vortex"];
    const files = [...rebuilt, "package/simulation.js", "package/vortex.js"];
    const hashes = async () => {
      const each = files.map(async (file) => {
        const hash = new Bun.CryptoHasher("sha256").update(await Bun.file(artifact(file)).bytes());
        return [file, hash.digest("hex")] as const;
      });
      return await Promise.all(each);
    };
    await build("--package", "--quiet");
    const before = await hashes();
    await rm(artifact(""), { recursive: true });
    // The times of the sources must not matter.
    await utimes(join(project, "challenges/echo.ts"), new Date(0), new Date(0));
    await utimes(join(project, "lib/vortex/node.ts"), new Date(0), new Date(0));
    await build(...rebuilt, "--quiet");
    await build("--package", "--quiet");
    expect(await hashes()).toEqual(before);
  });

  test("compiles only the named programs", async () => {
    const { stdout } = await build("unique-ids");
    expect(stdout).toMatch(/^dist\/unique-ids .*\n$/);
  });

  test("prints nothing with --quiet", async () => {
    expect(await build("echo", "--quiet")).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("compiles for another platform into that platform's directory", async () => {
    // This machine's own platform, so that nothing is downloaded.
    const target = `${process.platform}-${process.arch}`;
    const { stdout, exitCode } = await build("echo", "--target", target);
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith(`dist/${target}/echo `);
    expect((await stat(artifact(`${target}/echo`))).mode & 0o111).toBe(0o111);
  });

  test("prints its usage with --help", async () => {
    const { stdout, exitCode } = await build("--help");
    expect(stdout).toStartWith("Usage: bun run build.ts");
    expect(exitCode).toBe(0);
  });

  test.each([
    [["nope"], 'Unknown program "nope". Expected one of: '],
    [["--target", "amiga"], 'Unknown target "amiga". Expected one of: linux-x64, '],
    [["--frob"], "Unknown option '--frob'"],
    [["--target"], "--target"],
  ])("exits with code 1 and a message on %j", async (args, message) => {
    const { stdout, stderr, exitCode } = await build(...args);
    expect(stderr).toContain(message);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
  });
});

describe("build.ts --stale", () => {
  const changeSource = () => utimes(join(project, "lib/vortex/node.ts"), new Date(), new Date());

  test("builds missing artifacts, and none that is newer than the sources", async () => {
    await build("echo");
    await build("unique-ids");
    await rm(artifact("echo"));
    expect((await build("--stale", "echo", "unique-ids")).stdout).toMatch(/^dist\/echo .*\n$/);
    expect(await build("--stale", "echo", "unique-ids")).toEqual({
      stdout: "",
      stderr: "",
      exitCode: 0,
    });
  });

  test("builds an artifact that is older than a source", async () => {
    await build("echo");
    await changeSource();
    expect((await build("--stale", "echo")).stdout).toMatch(/^dist\/echo .*\n$/);
  });
});

describe("build.ts on a challenge that does not compile", () => {
  test.each([
    ["a syntax error", "const x = ;\n", "Unexpected ;"],
    ["an import of a missing file", 'import "../lib/vortex/nope.ts";\n', "../lib/vortex/nope.ts"],
  ])(
    "with %s prints file, line and error, and keeps the previous artifact",
    async (_, text, error) => {
      await write("challenges/broken.ts", text);
      await write("dist/broken", "the previous one");
      const { stdout, stderr, exitCode } = await build("broken", "echo");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("Cannot build challenges/broken.ts:");
      expect(stderr).toContain("challenges/broken.ts:1:");
      expect(stderr).toContain(error);
      // The others are built anyway.
      expect(stdout).toMatch(/^dist\/echo .*\n$/);
      expect(await Bun.file(artifact("broken")).text()).toBe("the previous one");
      expect((await artifacts()).filter((name) => name.startsWith("."))).toEqual([]);

      await remove("challenges/broken.ts");
      await remove("dist/broken");
    },
  );
});

describe("A compiled challenge", () => {
  test("ignores configuration files in its working directory", async () => {
    await build("echo");
    const directory = await mkdtemp(join(tmpdir(), "cwd-"));
    const files = {
      ".env": "BUN_CONFIG_VERBOSE_FETCH=1\n",
      "bunfig.toml": 'preload = ["./preload.ts"]\n',
      "preload.ts": 'console.log("preloaded");\n',
      "package.json": "{ this is not JSON\n",
      "tsconfig.json": '{ "extends": "./missing.json" }\n',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    const moved = join(directory, "echo");
    await cp(artifact("echo"), moved);
    await chmod(moved, 0o755);
    const { stdout, stderr, exitCode } = Bun.spawnSync([moved], {
      cwd: directory,
      stdin: Buffer.from(INIT),
    });
    await rm(directory, { recursive: true });
    expect(stdout.toString()).toBe(
      '{"src":"n0","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}\n',
    );
    expect({ stderr: stderr.toString(), exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("names source file and line in a stack trace", async () => {
    const program = [
      'import { serve } from "../lib/vortex/index.ts";',
      "await serve((node) => {",
      '  throw new Error("third line");',
      "});",
    ];
    await write("challenges/crashing.ts", program.join("\n"));
    await build("crashing");
    const { stderr } = Bun.spawnSync([artifact("crashing")], { stdin: Buffer.from(INIT) });
    expect(stderr.toString()).toMatch(/third line\n +at .*challenges\/crashing\.ts:3:/);
    await remove("challenges/crashing.ts");
    await remove("dist/crashing");
  });
});

/** An emulator for programs of another platform. */
interface Foreign {
  readonly target: string;
  /** The name of the platform's Bun in Bun's cache. */
  readonly bun: string;
  /** Arguments before the program. */
  readonly runner: readonly string[];
  /** Files that the runner needs, and where they come from. */
  readonly needs: readonly (readonly [file: string, origin: string])[];
}

// Both can be set for other places: QEMU_LD_PREFIX is qemu's own variable.
const {
  ALPINE_ROOT = "/",
  QEMU_LD_PREFIX = "/usr/aarch64-linux-gnu",
  BUN_INSTALL = join(homedir(), ".bun"),
  BUN_INSTALL_CACHE_DIR = join(BUN_INSTALL, "install/cache"),
} = process.env;
const MUSL_LOADER = join(ALPINE_ROOT, "lib/ld-musl-x86_64.so.1");

const FOREIGN: readonly Foreign[] = [
  {
    target: "linux-x64-musl",
    bun: "bun-linux-x64-musl",
    runner: [MUSL_LOADER, "--library-path", join(ALPINE_ROOT, "usr/lib")],
    needs: [
      [MUSL_LOADER, "Alpine, or ALPINE_ROOT"],
      [join(ALPINE_ROOT, "usr/lib/libstdc++.so.6"), "Alpine's libstdc++ and libgcc"],
    ],
  },
  {
    target: "linux-arm64",
    bun: "bun-linux-aarch64",
    runner: ["qemu-aarch64", "-L", QEMU_LD_PREFIX],
    needs: [
      [Bun.which("qemu-aarch64") ?? "qemu-aarch64", "Debian's qemu-user"],
      [join(QEMU_LD_PREFIX, "lib/ld-linux-aarch64.so.1"), "Debian's libc6-arm64-cross"],
    ],
  },
];

/** Why a platform's programs cannot run here. */
function whyNot({ target, bun, needs }: Foreign): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs linux-x64";
  const download = `bun run build.ts echo --target ${target}`;
  const cached = join(BUN_INSTALL_CACHE_DIR, `${bun}-v${Bun.version}`);
  const all = [...needs, [cached, `"${download}", because tests download nothing`] as const];
  const missing = all.find(([file]) => !existsSync(file));
  return missing === undefined ? undefined : `needs ${missing[0]}, from ${missing[1]}`;
}

describe.each(FOREIGN)("A challenge compiled for $target", (foreign) => {
  const { target, runner } = foreign;
  const reason = whyNot(foreign);
  const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

  test.skipIf(reason !== undefined)(`replies to init${skipped}`, async () => {
    await build("echo", "--target", target);
    const { stdout, stderr } = Bun.spawnSync([...runner, artifact(`${target}/echo`)], {
      stdin: Buffer.from(INIT),
    });
    expect({ stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({
      stdout: '{"src":"n0","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}\n',
      stderr: "",
    });
  });
});
