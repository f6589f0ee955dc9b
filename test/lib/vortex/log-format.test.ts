import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeHeader, encodeRecord, scanLog } from "../../../lib/vortex/log-format.ts";

const SALT = 0x0123456789abcdefn;

/** A file: what it was created with, and what each later sync appended. */
interface Written {
  readonly created: readonly string[];
  readonly syncs: readonly (readonly string[])[];
}

const texts = fc.array(
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => JSON.stringify(text)),
  { minLength: 1, maxLength: 3 },
);
const files: fc.Arbitrary<Written> = fc.record({
  created: fc.oneof(fc.constant([]), texts),
  syncs: fc.array(texts, { maxLength: 4 }),
});

function allTexts({ created, syncs }: Written): string[] {
  return [...created, ...syncs.flat()];
}

/** The lines of a file, the first one included. */
function linesOf({ created, syncs }: Written, salt = SALT): string[] {
  const lines = [encodeHeader(salt, created.length)];
  for (const text of created) lines.push(encodeRecord(salt, lines.length - 1, 0, text));
  for (const batch of syncs) {
    const synced = lines.length - 1;
    for (const text of batch) lines.push(encodeRecord(salt, lines.length - 1, synced, text));
  }
  return lines;
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join(""));
}

/** Number of records of which a file proves that they were synced: all but those of the last sync. */
function provenCount({ created, syncs }: Written): number {
  return created.length + syncs.slice(0, -1).flat().length;
}

/** Expects that a damaged file is refused, or read as some first records of what was written. */
function expectPrefix(bytes: Uint8Array, written: Written): void {
  const scanned = scanLog(bytes);
  if (scanned.type === "corrupt") return;
  expect(allTexts(written).slice(0, scanned.texts.length)).toEqual([...scanned.texts]);
}

describe("The file of a log", () => {
  test("is text that a person can read", () => {
    const lines = linesOf({ created: ['{"term":1}'], syncs: [['"é"']] });
    expect(lines).toEqual([
      "vortex-log 1 0123456789abcdef 1 687bf3586d39a9d8\n",
      '636f8c36fafb1e3c 0 0 10 {"term":1}\n',
      '702427f919f7a989 1 1 4 "é"\n',
    ]);
  });

  test("reads back as it was written", () => {
    fc.assert(
      fc.property(files, (written) => {
        const bytes = bytesOf(linesOf(written));
        expect(scanLog(bytes)).toMatchObject({
          type: "log",
          salt: SALT,
          texts: allTexts(written),
          length: bytes.length,
        });
      }),
    );
  });

  test("reads as the records before a cut, wherever it is cut after the synced ones", () => {
    fc.assert(
      fc.property(files, fc.nat(), (written, seed) => {
        const lines = linesOf(written);
        const bytes = bytesOf(lines);
        const syncedLength = bytesOf(lines.slice(0, 1 + written.created.length)).length;
        const length = syncedLength + (seed % (bytes.length - syncedLength + 1));
        const wholeCount = lines.filter(
          (_, index) => bytesOf(lines.slice(0, index + 1)).length <= length,
        ).length;
        expect(scanLog(bytes.subarray(0, length))).toMatchObject({
          type: "log",
          texts: allTexts(written).slice(0, wholeCount - 1),
          length: bytesOf(lines.slice(0, wholeCount)).length,
        });
      }),
    );
  });

  test("is corrupt when it is cut within the records that it was created with", () => {
    const written = { created: ["1", "2"], syncs: [] };
    const bytes = bytesOf(linesOf(written));
    for (let length = 0; length < bytes.length; length++) {
      expect(scanLog(bytes.subarray(0, length)).type).toBe("corrupt");
    }
  });

  test("never reads as what was not written, whichever bits are flipped", () => {
    const flips = fc.array(fc.nat(), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(files, flips, (written, bits) => {
        const bytes = bytesOf(linesOf(written));
        for (const bit of bits) {
          const index = (bit >> 3) % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
        }
        expectPrefix(bytes, written);
      }),
    );
  });

  test("is corrupt when a bit of a record is flipped that a later sync proves to be synced", () => {
    fc.assert(
      fc.property(files, fc.nat(), (written, bit) => {
        const lines = linesOf(written);
        const bytes = bytesOf(lines);
        const provenLength = bytesOf(lines.slice(0, 1 + provenCount(written))).length;
        const index = (bit >> 3) % provenLength;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
        expect(scanLog(bytes).type).toBe("corrupt");
      }),
    );
  });

  test("is corrupt when the line break before the only proof is damaged", () => {
    const bytes = bytesOf(linesOf({ created: [], syncs: [["1"], ["2"]] }));
    bytes[bytes.lastIndexOf(0x0a, bytes.length - 2)] = 0x20;
    expect(scanLog(bytes)).toEqual({
      type: "corrupt",
      problem: "record 0 is damaged or missing, and 1 records were synced",
    });
  });

  test("never reads as what was not written when lines are repeated, dropped or swapped", () => {
    const picks = fc.array(fc.nat(), { maxLength: 12 });
    fc.assert(
      fc.property(files, picks, (written, picked) => {
        const lines = linesOf(written);
        const [first = ""] = lines;
        const shuffled = picked.map((pick) => lines[pick % lines.length] ?? "");
        expectPrefix(bytesOf([first, ...shuffled]), written);
        expectPrefix(bytesOf(shuffled), written);
      }),
    );
  });

  test("ignores records of another file that follow its own", () => {
    const written = { created: ["1"], syncs: [["2"]] };
    const other = linesOf({ created: ["3", "4"], syncs: [["5"], ["6"]] }, SALT + 1n);
    const scanned = scanLog(bytesOf([...linesOf(written), ...other.slice(3)]));
    expect(scanned).toMatchObject({ type: "log", texts: ["1", "2"] });
  });

  test("is corrupt when it is the file of another program", () => {
    for (const text of ["", "\n", "{}\n", "vortex-log 2 0123456789abcdef 1 02fa4c0dcd5d6a9f\n"]) {
      expect(scanLog(new TextEncoder().encode(text))).toEqual({
        type: "corrupt",
        problem: "its first line is not that of a log",
      });
    }
  });

  test("knows where the records of the last sync begin", () => {
    fc.assert(
      fc.property(files, (written) => {
        const lines = linesOf(written);
        const start = bytesOf(lines.slice(0, 1 + provenCount(written))).length;
        expect(scanLog(bytesOf(lines))).toMatchObject({ unsyncedStart: start });
      }),
    );
  });
});
