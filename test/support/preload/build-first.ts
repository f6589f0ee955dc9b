/**
 * Loaded before any test: builds the artifacts that are missing, or older than their sources.
 *
 * Tests run the compiled binaries, so a fresh clone needs no command before `bun test`.
 */
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const { exitCode, stderr } = Bun.spawnSync(
  [process.execPath, "run", join(root, "build.ts"), "--stale", "--quiet"],
  { cwd: root, stderr: "pipe" },
);
if (exitCode !== 0) {
  throw new Error(`Cannot test: the build failed\n${stderr.toString()}`);
}
