import { afterAll, afterEach, describe, expect, spyOn, test } from "bun:test";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { FileDisk } from "../../../lib/vortex/file-disk.ts";
import { isStorageError } from "../../../lib/vortex/index.ts";

const ROOT = fs.mkdtempSync(join(tmpdir(), "vortex-file-disk-"));
afterAll(() => fs.rmSync(ROOT, { recursive: true, force: true }));

const spies: { mockRestore(): void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});

let directoryCount = 0;

/** A directory for the disks of nodes that does not exist yet. */
function newDirectory(): string {
  return join(ROOT, `${directoryCount++}`);
}

/** Opens the disk of n0, as a process that has just started does. */
function open(directory: string, remarks: string[] = []): FileDisk {
  return new FileDisk(directory, "n0", (text) => void remarks.push(text));
}

/** The log that a process would read if it started now. */
function readBack(directory: string): readonly string[] {
  return open(directory).readAll();
}

function logPath(directory: string): string {
  return join(directory, "n0", "log");
}

async function storeAll(directory: string, texts: readonly string[]): Promise<void> {
  const disk = open(directory);
  for (const text of texts) {
    disk.append(text);
    await disk.sync();
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants`), { code });
}

/** Makes calls of a function of `node:fs` with a callback fail. */
function failCalls(name: "fsync" | "fdatasync", code: string, count: number): void {
  let failedCount = 0;
  const original = fs[name];
  const failing = (descriptor: number, done: fs.NoParamCallback) => {
    if (failedCount++ < count) setImmediate(() => done(systemError(code)));
    else original(descriptor, done);
  };
  // Without the variant for `util.promisify`, which nothing calls.
  spies.push(spyOn(fs, name).mockImplementation(failing as typeof fs.fsync));
}

describe("The disk of a process", () => {
  test("makes its directory with the first use, and the file with the first sync", async () => {
    const directory = join(newDirectory(), "deep", "down");
    const disk = open(directory);
    expect(disk.readAll()).toEqual([]);
    expect(fs.readdirSync(join(directory, "n0"))).toEqual(["lock"]);
    disk.append("1");
    expect(fs.readdirSync(join(directory, "n0"))).toEqual(["lock"]);
    await disk.sync();
    expect(fs.readdirSync(join(directory, "n0")).sort()).toEqual(["lock", "log"]);
  });

  test("reads back what was synced, and says how much it found", async () => {
    const directory = newDirectory();
    await storeAll(directory, ["1", '"é"']);
    const remarks: string[] = [];
    expect(open(directory, remarks).readAll()).toEqual(["1", '"é"']);
    expect(remarks).toEqual([`Found 2 records in ${logPath(directory)}`]);
  });

  test("goes on after records that it has found, read or not", async () => {
    const directory = newDirectory();
    await storeAll(directory, ["1"]);
    await storeAll(directory, ["2"]);
    const disk = open(directory);
    disk.readAll();
    disk.append("3");
    await disk.sync();
    expect(readBack(directory)).toEqual(["1", "2", "3"]);
  });

  test("has a directory for each node, whatever its name", async () => {
    const directory = newDirectory();
    for (const node of ["n0", "..", "", "a/b", "\ud800"]) {
      const disk = new FileDisk(directory, node, () => {});
      expect(disk.readAll()).toEqual([]);
      disk.append(JSON.stringify(node));
      await disk.sync();
    }
    expect(fs.readdirSync(directory).sort()).toEqual(["%", "%..", "%EF%BF%BD", "a%2Fb", "n0"]);
  });

  test("cuts a torn end, and goes on behind the last whole record", async () => {
    const directory = newDirectory();
    await storeAll(directory, ["1", "2", "3"]);
    fs.truncateSync(logPath(directory), fs.statSync(logPath(directory)).size - 5);
    const remarks: string[] = [];
    const disk = open(directory, remarks);
    expect(disk.readAll()).toEqual(["1", "2"]);
    expect(remarks[0]).toContain("; cut an incomplete record of ");
    disk.append("4");
    await disk.sync();
    expect(readBack(directory)).toEqual(["1", "2", "4"]);
  });

  test("refuses a log with damage to synced records, until it is replaced", async () => {
    const directory = newDirectory();
    await storeAll(directory, ["1", "2", "3"]);
    const bytes = fs.readFileSync(logPath(directory));
    const index = bytes.indexOf("\n") + 3;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    fs.writeFileSync(logPath(directory), bytes);
    const disk = open(directory);
    for (const use of [() => disk.readAll(), () => disk.append("4")]) {
      const error = caught(use);
      expect(isStorageError(error, "corrupt")).toBe(true);
      expect(String(error)).toContain("record 0 is damaged or missing, and 2 records were synced");
    }
    disk.replace(["5"]);
    await disk.sync();
    expect(readBack(directory)).toEqual(["5"]);
  });

  test("replaces the log as a whole: a sync that fails before the rename leaves the old one", async () => {
    const directory = newDirectory();
    await storeAll(directory, ["1", "2"]);
    const disk = open(directory);
    disk.replace(["3"]);
    disk.append("4");
    failCalls("fsync", "EIO", 1);
    expect(isStorageError(await disk.sync().catch((error) => error), "failed")).toBe(true);
    expect(fs.readdirSync(join(directory, "n0")).sort()).toEqual(["lock", "log"]);
    expect(readBack(directory)).toEqual(["1", "2"]);
    await disk.sync();
    expect(readBack(directory)).toEqual(["3", "4"]);
  });

  test("writes all records again after a failed fsync, which may have dropped their pages", async () => {
    const directory = newDirectory();
    const disk = open(directory);
    disk.append("0");
    await disk.sync();
    const before = fs.readFileSync(logPath(directory));
    disk.append("1");
    failCalls("fdatasync", "EIO", 1);
    await disk.sync().catch(() => {});
    // The kernel has dropped the page.
    fs.writeFileSync(logPath(directory), before);
    disk.append("2");
    await disk.sync();
    expect(readBack(directory)).toEqual(["0", "1", "2"]);
  });

  test("reports a full disk as full, and stores everything once there is room", async () => {
    const directory = newDirectory();
    const disk = open(directory);
    disk.append("0");
    await disk.sync();
    let room = 10;
    const { writeSync } = fs;
    const writeSome = (
      descriptor: number,
      bytes: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => {
      if (room === 0) throw systemError("ENOSPC");
      const written = Math.min(room, length);
      room -= written;
      return writeSync(descriptor, bytes, offset, written, position);
    };
    // Without the variant for text.
    spies.push(spyOn(fs, "writeSync").mockImplementation(writeSome as typeof fs.writeSync));
    disk.append("1");
    const error = await disk.sync().catch((reason: unknown) => reason);
    expect(isStorageError(error, "full")).toBe(true);
    expect(String(error)).toContain(`Cannot write ${logPath(directory)}: Error: ENOSPC`);
    expect(readBack(directory)).toEqual(["0"]);
    room = Number.POSITIVE_INFINITY;
    await disk.sync();
    expect(readBack(directory)).toEqual(["0", "1"]);
  });

  test("splits long writes, and stores all of them", async () => {
    const directory = newDirectory();
    const texts = Array.from({ length: 40 }, (_, index) => `"${`${index}é`.repeat(40_000)}"`);
    const disk = open(directory);
    disk.replace(texts.slice(0, 20));
    await disk.sync();
    for (const text of texts.slice(20)) disk.append(text);
    await disk.sync();
    expect(readBack(directory)).toEqual(texts);
  });

  test("is as long as what the program keeps", async () => {
    const directory = newDirectory();
    const disk = open(directory);
    for (let round = 0; round < 50; round++) {
      for (let index = 0; index < 100; index++) disk.append(`"${round} ${index}"`);
      await disk.sync();
      disk.replace([`"snapshot ${round}"`]);
      await disk.sync();
    }
    expect(fs.statSync(logPath(directory)).size).toBeLessThan(200);
    expect(fs.readdirSync(join(directory, "n0")).sort()).toEqual(["lock", "log"]);
  });

  test("cannot be created below a file: the error names the directory", () => {
    const directory = newDirectory();
    fs.writeFileSync(directory, "");
    const error = caught(() => open(directory));
    expect(isStorageError(error, "failed")).toBe(true);
    expect(String(error)).toContain(`Cannot create ${join(directory, "n0")}: `);
  });

  test("is, whenever its process dies, the log after some changes, with all that were synced", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant("append" as const) },
      { weight: 1, arbitrary: fc.constant("replace" as const) },
      { weight: 3, arbitrary: fc.constant("sync" as const) },
      { weight: 2, arbitrary: fc.constant("failing sync" as const) },
      { weight: 1, arbitrary: fc.constant("restart" as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.nat(), async (steps, seed) => {
        const directory = newDirectory();
        let disk = open(directory);
        // The log after each change since the last sync, which was the first.
        let possible: string[][] = [[]];
        const latest = () => possible.at(-1) ?? [];
        for (const [index, name] of steps.entries()) {
          if (name === "append") {
            disk.append(`${index}`);
            possible.push([...latest(), `${index}`]);
          } else if (name === "replace") {
            disk.replace([`${index}`, `${-index}`]);
            possible.push([`${index}`, `${-index}`]);
          } else if (name === "sync") {
            await disk.sync();
            possible = [latest()];
          } else if (name === "failing sync") {
            failCalls("fsync", "EIO", 1);
            failCalls("fdatasync", "EIO", 1);
            await disk.sync().catch(() => {});
            for (const spy of spies.splice(0)) spy.mockRestore();
          } else {
            tear(directory, seed);
            disk = open(directory);
            const found = [...disk.readAll()];
            expect(possible).toContainEqual(found);
            possible = [found];
          }
        }
        expect(possible).toContainEqual([...readBack(directory)]);
      }),
      { numRuns: 60 },
    );
  });
});

/** Damages the end of a log beyond its synced records, as a torn write does. */
function tear(directory: string, seed: number): void {
  if (fs.existsSync(logPath(directory)) && seed % 2 === 0) {
    fs.appendFileSync(logPath(directory), "\0".repeat(seed % 5));
  }
}

function caught(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    return error;
  }
}
