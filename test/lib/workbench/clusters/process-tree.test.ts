import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { hasExited, ProcessTag, signal } from "../../../../lib/workbench/clusters/process-tree.ts";
import { isRunning } from "../../../support/processes/vortex.ts";

const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) signal(pid, "SIGKILL");
});

/** Starts a command of the shell as the leader of a process group. */
function start(command: string, env: NodeJS.ProcessEnv) {
  const child = Bun.spawn(["/bin/sh", "-c", command], { env, stdout: "pipe", detached: true });
  started.push(child.pid);
  return child;
}

/** Starts a process in a group whose leader exits at once. */
async function startOrphan(env: NodeJS.ProcessEnv) {
  const leader = start("sleep 60 >/dev/null & echo $!", env);
  const orphan = Number(await leader.stdout.text());
  await leader.exited;
  started.push(orphan);
  return { leader, orphan };
}

async function untilExited(pid: number): Promise<void> {
  while (isRunning(pid)) await Bun.sleep(5);
}

describe.skipIf(process.platform === "win32")("killGroup", () => {
  test("kills a running process and its children", async () => {
    const tag = new ProcessTag();
    const leader = start("sleep 60 & echo $!; wait", tag.addedTo(process.env));
    const { value } = await leader.stdout.getReader().read();
    tag.killGroup(leader);
    await untilExited(Number(new TextDecoder().decode(value)));
    expect(await leader.exited).toBe(137);
  });

  test("kills the orphans of a process that has exited", async () => {
    const tag = new ProcessTag();
    const { leader, orphan } = await startOrphan(tag.addedTo(process.env));
    expect(hasExited(leader)).toBe(true);
    tag.killGroup(leader);
    await untilExited(orphan);
  });

  test("spares a process that has the number of one that has exited", async () => {
    const tag = new ProcessTag();
    const other = start("exec sleep 60", tag.addedTo(process.env));
    tag.killGroup({ pid: other.pid, exitCode: 0, signalCode: null });
    await Bun.sleep(50);
    expect(hasExited(other)).toBe(false);
  });

  test.skipIf(process.platform !== "linux")(
    "spares an orphaned group of other processes under the same number",
    async () => {
      const { leader, orphan } = await startOrphan(process.env);
      new ProcessTag().killGroup(leader);
      await Bun.sleep(50);
      expect(isRunning(orphan)).toBe(true);
    },
  );
});

test.skipIf(process.platform !== "linux")(
  "killAll kills a tagged process that has left its group, and its untagged child",
  async () => {
    const tag = new ProcessTag();
    const parent = start(
      "setsid sh -c 'echo $$; env -i sleep 60; true' & wait",
      tag.addedTo(process.env),
    );
    const { value } = await parent.stdout.getReader().read();
    const pid = Number(new TextDecoder().decode(value));
    const child = await childOf(pid);
    tag.killAll();
    await Promise.all([pid, child].map(untilExited));
    await parent.exited;
  },
);

/** Waits for a process to start another, and returns its id. */
async function childOf(parent: number): Promise<number> {
  for (;;) {
    for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        if (stat.slice(stat.lastIndexOf(")")).split(" ")[2] === String(parent)) return pid;
      } catch {
        // It has exited since.
      }
    }
    await Bun.sleep(5);
  }
}
