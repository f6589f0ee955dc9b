import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import {
  DIST,
  ECHO,
  echoTest,
  ROOT,
  temporaryDirectory,
} from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

/** Runs the command in bash with an ending such as `| head -1`. Returns the output of both pipes. */
async function piped(args: readonly string[], ending: string) {
  const words = [join(DIST, "vortex"), ...args].map((word) => `"${word}"`).join(" ");
  const script = `${words} ${ending}; echo "exit code \${PIPESTATUS[0]}"`;
  const child = Bun.spawn(["bash", "-c", script], {
    cwd: temporaryDirectory(),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { stdout, stderr };
}

describe("vortex ends without a stack trace, with its own exit code, when a pipe closes:", () => {
  const corpus = join(ROOT, "test/corpus/lin-kv.jsonl.gz");
  const sim = ["sim", join(ROOT, "challenges/echo.ts"), "-w", "echo", "--time-limit", "2"];
  const cases: [string, string[], string, number][] = [
    ["help", ["help", "sim"], "| head -1", 0],
    ["help, unread", ["--help"], "| true", 0],
    ["a completion script", ["completion", "bash"], "| true", 0],
    ["check", ["check", "--verbose", corpus], "| head -1", 1],
    ["check --json", ["check", "--json", corpus], "| head -c 10", 1],
    ["a test's result", echoTest(ECHO, "--no-store"), "| true", 0],
    [
      "a test's stderr",
      echoTest(ECHO, "--no-store", "--log-net-send"),
      "2>&1 >/dev/null | true",
      0,
    ],
    ["a sweep", [...sim, "--seeds", "1..20"], "2>&1 | true", 0],
    ["an error", ["sim", "nowhere.ts"], "2>&1 | true", 254],
    ["closed from the start", [...sim, "--seed", "1"], ">&- 2>&-", 0],
  ];
  test.concurrent.each(cases)("%s", async (_, args, ending, code) => {
    const { stdout, stderr } = await piped(args, ending);
    expect(stdout).toContain(`exit code ${code}\n`);
    expect(`${stdout}${stderr}`).not.toMatch(/EPIPE|at .*:\d+:\d+/);
  });
});
