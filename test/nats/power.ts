/**
 * Loss of power, as far as files show it: what was not synced is gone.
 *
 * From a moment on, `strace` records which files a server syncs. When its power fails, the server is
 * killed, and each file that it did not sync since then is again as it was at that moment. The disk of a
 * real server may have more: the kernel writes what is half a minute old.
 */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsServer } from "../support/nats.ts";

/** Time for strace to attach to all threads. */
const ATTACH_MS = 5000;

export interface PowerSupply {
  /** Kills the server with what it did not sync, and starts it again. */
  fail(): Promise<void>;
}

/** Takes the present files of a server as those that are on its disk. */
export async function watchPower(server: NatsServer): Promise<PowerSupply> {
  if (Bun.which("strace") === null)
    throw new Error("Losing power needs strace: apt install strace");
  const directory = await mkdtemp(join(tmpdir(), "power-"));
  const [trace, files] = [join(directory, "trace"), join(directory, "files")];
  const calls = "trace=fsync,fdatasync,rename,renameat,renameat2";
  const child = Bun.spawn(["strace", "-f", "-y", "-e", calls, "-o", trace, "-p", `${server.pid}`], {
    stderr: "pipe",
  });
  await attached(child.stderr);
  server.pause();
  await cp(server.directory, files, { recursive: true });
  server.resume();
  return {
    async fail() {
      await server.kill();
      await child.exited;
      await restore(server.directory, files, syncedIn(await Bun.file(trace).text()));
      await rm(directory, { recursive: true });
      await server.start();
    },
  };
}

async function attached(stderr: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stderr.getReader();
  const first = await Promise.race([reader.read(), Bun.sleep(ATTACH_MS)]);
  const text = new TextDecoder().decode(first?.value ?? new Uint8Array());
  if (!text.includes("attached")) throw new Error(`strace could not attach: ${text}`);
  reader.releaseLock();
}

/** Returns the paths that a trace shows as synced, also under their new names. */
export function syncedIn(trace: string): ReadonlySet<string> {
  const synced = new Set<string>();
  for (const line of trace.split("\n")) {
    const path = /\bf(?:data)?sync\(\d+<([^>]+)>\) = 0/.exec(line)?.[1];
    if (path !== undefined) synced.add(path);
    const [from, to] = Array.from(
      line.matchAll(/(?:<([^>]*)>, )?"([^"]+)"/g),
      ([, folder, name = ""]) => (name.startsWith("/") ? name : join(folder ?? "", name)),
    );
    if (!/\brename/.test(line) || from === undefined || to === undefined) continue;
    if (synced.delete(from)) synced.add(to);
    else synced.delete(to);
  }
  return synced;
}

async function restore(
  directory: string,
  files: string,
  synced: ReadonlySet<string>,
): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || synced.has(path)) continue;
    await rm(path);
  }
  for (const entry of await readdir(files, { recursive: true, withFileTypes: true })) {
    const path = join(directory, entry.parentPath.slice(files.length), entry.name);
    if (!entry.isFile() || synced.has(path)) continue;
    await cp(join(entry.parentPath, entry.name), path);
  }
}
