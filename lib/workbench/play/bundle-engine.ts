/** Bundles the worker's script, with the simulation, the library and the transpiler. */
import { join } from "node:path";

/** @throws {AggregateError} with the errors in the sources. */
export async function bundleEngine(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "engine/worker.ts")],
    target: "browser",
    format: "iife",
    minify: true,
    throw: true,
  });
  const texts = await Promise.all(outputs.map((output) => output.text()));
  return texts.join("\n");
}
