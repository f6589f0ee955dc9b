import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  collectBin,
  programsOf,
  stagesToRun,
} from "../../../../lib/workbench/cli/stage-programs.ts";
import { temporaryDirectory } from "../../../support/processes/vortex.ts";

/** Creates a directory with executable files. */
function directoryWith(...names: readonly string[]): string {
  const directory = temporaryDirectory();
  for (const name of names) {
    writeFileSync(join(directory, name), "#!/bin/sh\n");
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}

/** Returns the file name of each stage's program. */
function filesOf(ids: readonly string[], ...[flags]: [Parameters<typeof programsOf>[1]]) {
  const programs = programsOf(stagesToRun(ids, flags), flags);
  return [...programs].map(([{ id }, { bin }]) => `${id} ${bin.split("/").at(-1)}`);
}

test("a directory's files match stages by workload, by Fly.io's names, with any extension", () => {
  const binDir = directoryWith("echo.py", "maelstrom-counter", "maelstrom-txn.jar", "broadcast");
  expect(filesOf(["1", "3a", "4", "6a"], { binDir })).toEqual([
    "1 echo.py",
    "3a broadcast",
    "4 maelstrom-counter",
    "6a maelstrom-txn.jar",
  ]);
});

test("a stage's own file precedes that of its challenge, and that of its workload", () => {
  const binDir = directoryWith("broadcast", "3", "maelstrom-3e");
  expect(filesOf(["3d", "3e"], { binDir })).toEqual(["3d 3", "3e maelstrom-3e"]);
});

test("files that are not executable, such as sources, do not match", () => {
  const binDir = directoryWith("echo.sh");
  writeFileSync(join(binDir, "echo"), "");
  expect(filesOf(["1"], { binDir })).toEqual(["1 echo.sh"]);
});

test("--bin replaces a file of --bin-dir", () => {
  const binDir = directoryWith("broadcast", "fast");
  const bin = collectBin(`3d=${join(binDir, "fast")}`);
  expect(filesOf(["3c", "3d"], { bin, binDir })).toEqual(["3c broadcast", "3d fast"]);
});

test("own programs get no arguments, which are options of the challenges", () => {
  const flags = { binDir: directoryWith("broadcast") };
  const [program] = programsOf(stagesToRun(["3e"], flags), flags).values();
  expect(program?.args).toEqual([]);
});

test("--bin names a challenge, a workload, or its common other name", () => {
  const bin = collectBin("4=./a", collectBin("txn=./b", collectBin("unique-ids=./c")));
  const ids = new Set(stagesToRun([], { bin }).map(({ id }) => id));
  expect([...ids]).toEqual(["2", "4", "6a", "6b", "6c"]);
});

test("a named stage without a program is an error", () => {
  const bin = collectBin(`1=${join(directoryWith("echo"), "echo")}`);
  const flags = { bin };
  expect(() => programsOf(stagesToRun(["1", "2"], flags), flags)).toThrow("stage 2: --bin 2=PATH");
});

test("a file in place of a directory is named, with the remedy", () => {
  const binDir = join(directoryWith("echo"), "echo");
  expect(() => filesOf(["1"], { binDir })).toThrow("not a directory. To run one program");
});
