#!/usr/bin/env -S npx bun
/**
 * Measures the storage of a node on a disk.
 *
 *   bun test/bench/storage.ts [DIR]
 *
 * - plain: records per second of a loop that writes one and calls fdatasync
 * - clients: records per second of clients that share syncs. Each appends one record, waits until it is
 *   synced, and goes on
 * - sync: times of single syncs, in ms
 *
 * Rounds of the two alternate; the best of each counts, because others may use the disk as well.
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FileDisk } from "../../lib/vortex/file-disk.ts";
import type { Disk } from "../../lib/vortex/index.ts";
import { Log, Storage } from "../../lib/vortex/storage.ts";
import { plainSyncsPerSecond } from "./plain-syncs.ts";

const RECORD = { term: 3, index: 123_456, entry: { key: 7, value: "x".repeat(60) } };
const LINE = Buffer.from(`${JSON.stringify(RECORD)}\n`);
const CLIENT_COUNTS = [1, 4, 16, 64, 256];
const ROUNDS = 8;
const ROUND_MS = 250;

const parent = process.argv[2] === undefined ? tmpdir() : resolve(process.argv[2]);
const directory = fs.mkdtempSync(join(parent, "vortex-bench-storage-"));
try {
  for (const clients of CLIENT_COUNTS) {
    const plain: number[] = [];
    const shared: number[] = [];
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      plain.push(await plainSyncsPerSecond(join(directory, "plain"), LINE, ROUND_MS));
      shared.push(await groupCommit(clients, `shared ${clients} ${round}`, times));
    }
    times.sort((one, other) => one - other);
    const at = (fraction: number) => times[Math.floor(fraction * (times.length - 1))]?.toFixed(2);
    const [best, bestPlain] = [Math.max(...shared), Math.max(...plain)];
    console.log(
      `${clients} client(s): ${best.toFixed(0)} records/s, plain ${bestPlain.toFixed(0)}, ${(best / bestPlain).toFixed(1)} times; sync ${at(0.5)} median, ${at(0.99)} 99 %, ${at(1)} max`,
    );
  }
} finally {
  fs.rmSync(directory, { recursive: true });
}

/** Runs clients that share syncs. Returns their records per second; adds the times of syncs, in ms. */
async function groupCommit(clients: number, name: string, times: number[]): Promise<number> {
  const disk = new FileDisk(directory, name, () => {});
  const timed: Disk = {
    readAll: () => disk.readAll(),
    append: (text) => disk.append(text),
    replace: (texts) => disk.replace(texts),
    async sync() {
      const beganMs = performance.now();
      await disk.sync();
      times.push(performance.now() - beganMs);
    },
  };
  const log = new Storage(new Log(timed));
  log.append(RECORD);
  await log.sync(); // Creates the file.
  const beganMs = performance.now();
  let count = 0;
  const client = async () => {
    for (; performance.now() < beganMs + ROUND_MS; count++) {
      log.append(RECORD);
      await log.sync();
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return (1000 * count) / (performance.now() - beganMs);
}
