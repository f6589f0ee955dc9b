/** The challenges as the page gets them: each in one module, which imports the library by name. */
import { basename, join } from "node:path";
import type { PluginBuilder } from "bun";

const CHALLENGES = join(import.meta.dir, "../../../challenges");

function importByName({ onResolve }: PluginBuilder): void {
  onResolve({ filter: /\/lib\/vortex\/index\.ts$/ }, () => ({ path: "vortex", external: true }));
  onResolve({ filter: /\/lib\/raft\/index\.ts$/ }, () => ({ path: "vortex/raft", external: true }));
}

/** Returns the module of each challenge, by name. */
export async function challengeBundles(
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const bundles = names.map(async (name) => {
    const { outputs } = await Bun.build({
      entrypoints: [join(CHALLENGES, `${name}.ts`)],
      target: "browser",
      external: ["valibot"],
      plugins: [{ name: "library by name", setup: importByName }],
      throw: true,
    });
    const text = await Promise.all(outputs.map((output) => output.text()));
    return [basename(name), text.join("\n")] as const;
  });
  return new Map(await Promise.all(bundles));
}
