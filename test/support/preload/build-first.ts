/**
 * Preloaded by `bun test`: builds every binary that is missing or older than its sources.
 *
 * Tests run the compiled binaries; with this, a fresh clone needs no build step. `npm test`, which
 * preloads this for each file, builds before and says so.
 */
import { join } from "node:path";

if (process.env["BINARIES_ARE_FRESH"] !== "1") {
  const root = join(import.meta.dir, "../../..");
  const { exitCode, stderr } = Bun.spawnSync(
    [process.execPath, "run", join(root, "build.ts"), "--stale", "--quiet"],
    { cwd: root, stderr: "pipe" },
  );
  if (exitCode !== 0) throw new Error(`Cannot test: the build failed\n${stderr.toString()}`);
}
