import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Random } from "../../../lib/vortex/index.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import {
  binary,
  bodies,
  INIT,
  INIT_OK,
  line,
  NodeProcess,
  run,
  source,
} from "../../support/processes/node-process.ts";

setDefaultTimeout(60_000);

const STORING = source("storing");
/** How often a storing node is killed: `KILLS=500 bun test test/lib/vortex/serve-storage.test.ts`. */
const KILLS = Number(process.env["KILLS"] ?? 6);

const ROOT = mkdtempSync(join(tmpdir(), "vortex-serve-storage-"));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
let directoryCount = 0;
const newDirectory = () => join(ROOT, `${directoryCount++}`);

const store = (value: number) => line({ type: "store", msg_id: value, value });
const VALUES = line({ type: "values", msg_id: 0 });
const COMPACT = line({ type: "compact", msg_id: 0 });

/** Runs a storing node until it has replied to all of the input. */
async function storingRun(input: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const command = [...STORING, ...args];
  const { lines, stderr, exitCode } = await run(command, INIT + input, {
    env: { ...process.env, ...env },
  });
  return { replies: bodies(lines), stderr, exitCode };
}

async function valuesIn(directory: string): Promise<unknown> {
  const { replies } = await storingRun(VALUES, ["--data", directory]);
  return replies[1]?.["values"];
}

describe("The storage of a process", () => {
  test("is in the directory of --data, and is read back by the next process", async () => {
    const directory = newDirectory();
    const first = await storingRun(store(1) + store(2), ["--data", directory]);
    expect(first.replies.map(({ type }) => type)).toEqual(["init_ok", "store_ok", "store_ok"]);
    expect(first.stderr).toBe("");
    expect(await valuesIn(directory)).toEqual([1, 2]);
  });

  test("is in the directory of VORTEX_DATA, unless --data names another", async () => {
    const [directory, other] = [newDirectory(), newDirectory()];
    await storingRun(store(1), [], { VORTEX_DATA: directory });
    await storingRun(store(2), [`--data=${other}`], { VORTEX_DATA: directory });
    expect(await valuesIn(directory)).toEqual([1]);
    expect(await valuesIn(other)).toEqual([2]);
  });

  test("is memory without either, and the node says so", async () => {
    const { replies, stderr } = await storingRun(store(1) + VALUES, [], { VORTEX_DATA: "" });
    expect(replies.find(({ type }) => type === "values_ok")?.["values"]).toEqual([1]);
    expect(stderr).toBe(
      "n0 has no directory for its log: whatever it stores is lost when it ends. Pass --data DIR to keep it\n",
    );
  });

  test("is not touched by a program that stores nothing", async () => {
    const directory = newDirectory();
    const { exitCode, stderr } = await run([...binary("echo"), "--data", directory], INIT);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(existsSync(directory)).toBe(false);
  });

  test("needs an absolute directory", async () => {
    for (const [args, problem] of [
      [["--data"], "--data needs a directory: "],
      [["--data="], "--data needs a directory: "],
      [["--data", "data"], '--data must be an absolute path, but is "data": '],
    ] as const) {
      const { stderr, exitCode } = await storingRun("", args);
      expect({ stderr, exitCode }).toEqual({
        stderr: expect.stringContaining(problem),
        exitCode: 2,
      });
    }
  });

  test("belongs to one process at a time", async () => {
    const directory = newDirectory();
    await using first = new NodeProcess([...STORING, "--data", directory]);
    first.write(INIT);
    expect(await first.next()).toEqual(INIT_OK);
    const { replies } = await storingRun("", ["--data", directory]);
    expect(replies).toMatchObject([{ type: "error", code: 13 }]);
    expect(replies[0]?.["text"]).toContain(`${directory}/n0 is used by process `);
    first.kill("SIGKILL");
    expect(await valuesIn(directory)).toEqual([]);
  });

  test("is free when the process of its lock has ended, even if another has its id now", async () => {
    const locks = [`${2 ** 22 + 1} 5`, `${process.pid} 5`, "-1 5", "", "?"];
    const found = locks.map((lock) => {
      const directory = newDirectory();
      mkdirSync(join(directory, "n0"), { recursive: true });
      writeFileSync(join(directory, "n0", "lock"), lock);
      return valuesIn(directory);
    });
    expect(await Promise.all(found)).toEqual(locks.map(() => []));
  });

  test("fails init with the reason when the log is damaged", async () => {
    const directory = newDirectory();
    await storingRun(store(1), ["--data", directory]);
    const path = join(directory, "n0", "log");
    writeFileSync(path, readFileSync(path, "utf8").replace("vortex", "Vortex"));
    const { replies } = await storingRun("", ["--data", directory]);
    expect(replies).toMatchObject([{ type: "error", code: 13 }]);
    expect(replies[0]?.["text"]).toContain(
      `${path} is damaged: its first line is not that of a log`,
    );
  });

  test(`has all that was synced after a SIGKILL at any moment, ${KILLS} times`, async () => {
    const random = randomStream(KILLS, "kills");
    let victim = new Victim(newDirectory());
    let acknowledgedCount = 0;
    // On a busy machine most kills come before the node has stored anything: then there are more.
    const isEnough = (kills: number) =>
      kills >= KILLS && (acknowledgedCount > KILLS || kills >= 20 * KILLS);
    for (let kill = 1; !isEnough(kill - 1); kill++) {
      acknowledgedCount += await victim.storeUntilKilled(random);
      if (kill % 20 === 0) {
        await victim.check();
        victim = new Victim(newDirectory());
      }
    }
    await victim.check();
    // Otherwise the kills came too early to show anything.
    expect(acknowledgedCount).toBeGreaterThan(KILLS);
  }, 600_000);
});

/** A storing node that is killed again and again, and what it may have stored. */
class Victim {
  readonly #directory: string;
  /** The values that it was sent, in order: the first ones are stored. */
  #sent: number[] = [];
  /** How many of them it has acknowledged: those are certainly stored. */
  #acknowledgedCount = 0;
  #lastValue = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Starts the node and has it store values until it is killed, at a random time of up to 40 ms after
   * `init` or 100 ms after its start. If its start took longer than 40 ms, as on a busy machine, it has
   * as long after `init`. Returns how many values it has acknowledged.
   */
  async storeUntilKilled(random: Random): Promise<number> {
    let count = 0;
    const beganMs = performance.now();
    await using node = new NodeProcess([...STORING, "--data", this.#directory]);
    const kill = () => node.kill("SIGKILL");
    const isEarly = random.next() < 0.2;
    if (isEarly) setTimeout(kill, 100 * random.next());
    try {
      node.write(INIT);
      expect(await node.next()).toEqual(INIT_OK);
      const startMs = performance.now() - beganMs;
      if (!isEarly) setTimeout(kill, Math.max(40, startMs) * random.next());
      node.write(VALUES);
      this.#expectStored((await node.next())["values"]);
      for (;;) {
        node.write(this.#nextStores() + (random.next() < 0.2 ? COMPACT : ""));
        while (this.#acknowledgedCount < this.#sent.length) {
          const { type, value } = await node.next();
          if (type !== "store_ok") continue;
          expect(value).toBe(this.#sent[this.#acknowledgedCount]);
          this.#acknowledgedCount++;
          count++;
        }
      }
    } catch (error) {
      if (!String(error).includes("The node exited")) throw error;
    }
    return count;
  }

  /** Expects that the node has stored all values that it has acknowledged, and no others. */
  async check(): Promise<void> {
    this.#expectStored(await valuesIn(this.#directory));
  }

  #expectStored(values: unknown): void {
    if (!Array.isArray(values)) throw new Error(`Not a list of values: ${values}`);
    expect(values.length).toBeGreaterThanOrEqual(this.#acknowledgedCount);
    expect(values).toEqual(this.#sent.slice(0, values.length));
    this.#sent = values;
    this.#acknowledgedCount = values.length;
  }

  /** Lines that store some new values. */
  #nextStores(): string {
    const values = Array.from({ length: 10 }, () => ++this.#lastValue);
    this.#sent = [...this.#sent, ...values];
    return values.map(store).join("");
  }
}
