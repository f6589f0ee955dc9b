import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIST, temporaryDirectory, vortex } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

/** Returns the completions of the last word. */
async function completions(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await vortex("complete", "--", ...words);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t")[0] ?? "");
}

describe("vortex complete", () => {
  test("completes commands, except hidden ones", async () => {
    const commands = await completions("");
    expect(commands).toContain("test");
    expect(commands).toContain("stages");
    expect(commands).not.toContain("complete");
    expect(await completions("st")).toEqual(["stages"]);
  });

  test("completes options, except hidden ones", async () => {
    expect(await completions("stages", "--fu")).toEqual(["--full"]);
    expect(await completions("test", "--log-net")).toEqual(["--log-net-send", "--log-net-recv"]);
    expect(await completions("test", "--ssh")).toEqual([]);
    expect(await completions("sim", "--work")).toEqual(["--workload"]);
  });

  test("completes values of options, in both spellings", async () => {
    expect(await completions("test", "-w", "b")).toEqual(["broadcast"]);
    expect(await completions("test", "--workload", "k")).toEqual(["kafka"]);
    expect(await completions("test", "--topology=tree")).toEqual([
      "--topology=tree",
      "--topology=tree2",
      "--topology=tree3",
      "--topology=tree4",
    ]);
    // As bash splits the word.
    expect(await completions("test", "--workload", "=", "k")).toEqual(["kafka"]);
  });

  test("completes lists, without repeated items", async () => {
    const faults = await completions("test", "--nemesis", "partition,kill,");
    expect(faults).toContain("partition,kill,pause");
    expect(faults).not.toContain("partition,kill,kill");
    const { stdout } = await vortex("complete", "--", "sim", "-N", "loss,sl");
    expect(stdout).toBe(
      "loss,slow\tMultiplies the latency between servers by ten, to 100 ms at least.\n",
    );
  });

  test("completes strategies of a search, and none beside one that stands alone", async () => {
    const all = ["plain", "mixed", "swarm", "order", "adaptive"];
    expect(await completions("sim", "--search", "")).toEqual(all);
    const others = ["swarm,order", "swarm,adaptive"];
    expect(await completions("sim", "--search", "swarm,")).toEqual(others);
    expect(await completions("sim", "--search", "mixed,")).toEqual([]);
  });

  test("completes stages, workloads and shells", async () => {
    expect(await completions("workloads", "lin")).toEqual(["lin-kv"]);
    expect(await completions("stages", "6")).toEqual(["6a", "6b", "6c"]);
    expect(await completions("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });

  test("leaves files to the shell, and does not complete a program's arguments", async () => {
    expect(await completions("test", "--bin", "")).toEqual([]);
    expect(await completions("check", "sto")).toEqual([]);
    expect(await completions("test", "--bin", "x", "--", "--fl")).toEqual([]);
  });
});

/** Runs a script in a shell with the command on its PATH. Returns its stdout. */
async function inShell(shell: string, script: string): Promise<string> {
  const file = join(temporaryDirectory(), "script");
  writeFileSync(file, script);
  const child = Bun.spawn([shell, file], {
    env: { ...process.env, PATH: `${DIST}:${process.env["PATH"]}` },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(stderr).toBe("");
  return stdout;
}

describe("vortex completion", () => {
  test.skipIf(Bun.which("bash") === null)("works in bash", async () => {
    const printed = await inShell(
      "bash",
      `source <(vortex completion bash)
COMP_WORDS=(vortex test -w bro); COMP_CWORD=3; _vortex; echo "\${COMPREPLY[@]}"
COMP_WORDS=(vortex stages ""); COMP_CWORD=2; _vortex; echo "\${COMPREPLY[0]}"
complete -p vortex`,
    );
    expect(printed.split("\n").slice(0, 2)).toEqual(["broadcast", "1"]);
    expect(printed).toContain("-F _vortex vortex");
  });

  test.skipIf(Bun.which("zsh") === null)("works in zsh", async () => {
    const printed = await inShell(
      "zsh",
      `autoload -U compinit && compinit -u -d $(mktemp)
source <(vortex completion zsh)
_describe() { print -l $candidates }
words=(vortex test -w bro); CURRENT=4; _vortex`,
    );
    expect(printed).toBe("broadcast:\n");
  });

  test.skipIf(Bun.which("fish") === null)("works in fish", async () => {
    const printed = await inShell(
      "fish",
      "vortex completion fish | source; complete -C 'vortex test -w bro'",
    );
    expect(printed.trim()).toBe("broadcast");
  });

  test("lists the known shells for an unknown one", async () => {
    const { stderr, exitCode } = await vortex("completion", "tcsh");
    expect(stderr).toContain("bash, zsh, fish");
    expect(exitCode).toBe(254);
  });
});
