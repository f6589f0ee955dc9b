/**
 * The file of a node's log: lines of text, each with a checksum.
 *
 * ```
 * vortex-log 1 <salt> <count> <checksum>
 * <checksum> <number> <synced> <length> <JSON of the record>
 * ```
 *
 * The salt is drawn for each file and is the seed of its checksums, so a record of another file does
 * not count. `count` is the number of records that the file was created with, `number` that of the
 * record, `synced` how many records were durable when it was written, `length` that of its JSON in
 * bytes.
 *
 * A record counts only if all records before it do. What follows the last one that counts is either
 * the torn end of a write that was never synced, which is cut, or damage to synced records, which must
 * not be mistaken for it: a node would forget what it has promised. Therefore each record states how
 * many were synced before it, so a whole record proves that a damaged one before it had been synced.
 * Damage to the records of the last sync looks like a torn end.
 *
 * @see Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018, section 3.3
 */

/** The contents of a file. */
export type ScannedLog =
  | {
      readonly type: "log";
      readonly salt: bigint;
      /** The records, as JSON. */
      readonly texts: readonly string[];
      /** Length of what counts, in bytes. The rest is a torn end. */
      readonly length: number;
      /** The offset of the first record that may not have been synced, in bytes. */
      readonly unsyncedStart: number;
    }
  | { readonly type: "corrupt"; readonly problem: string };

const MAGIC = "vortex-log 1";
const HEADER = /^vortex-log 1 ([0-9a-f]{16}) (\d{1,15}) ([0-9a-f]{16})$/;
const RECORD = /^([0-9a-f]{16}) (\d{1,15}) (\d{1,15}) (\d{1,15}) /;
const CHECKSUM_LENGTH = 16;
/** Matches at every place where a record may start. */
const RECORD_START = /(?=[0-9a-f]{16} \d{1,15} \d{1,15} \d{1,15} )/g;
/** Length of the longest beginning of a record, up to its JSON. */
const MAX_RECORD_HEADER_LENGTH = CHECKSUM_LENGTH + 3 * (1 + 15) + 1;
const LINE_FEED = 0x0a;

/** Encodes the first line of a file that is created with `count` records. */
export function encodeHeader(salt: bigint, count: number): string {
  const text = `${MAGIC} ${hex(salt)} ${count}`;
  return `${text} ${checksum(text, salt)}\n`;
}

/** Encodes a record. */
export function encodeRecord(salt: bigint, number: number, synced: number, text: string): string {
  const line = `${number} ${synced} ${Buffer.byteLength(text)} ${text}`;
  return `${checksum(line, salt)} ${line}\n`;
}

/** Reads the records of a file. */
export function scanLog(bytes: Uint8Array): ScannedLog {
  const headerEnd = bytes.indexOf(LINE_FEED);
  const header = decode(bytes.subarray(0, headerEnd < 0 ? bytes.length : headerEnd));
  const [line = "", saltText = "", countText = "", sum] = HEADER.exec(header) ?? [];
  const salt = BigInt(`0x${saltText || "0"}`);
  if (sum === undefined || sum !== checksum(line.slice(0, -CHECKSUM_LENGTH - 1), salt)) {
    return { type: "corrupt", problem: "its first line is not that of a log" };
  }

  const texts: string[] = [];
  let length = headerEnd + 1;
  let unsyncedStart = length;
  let synced = Number(countText);
  for (;;) {
    const found = readRecord(bytes, length, salt);
    if (found?.number !== texts.length) break;
    if (found.synced > synced) {
      synced = found.synced;
      unsyncedStart = length;
    }
    texts.push(decode(bytes.subarray(found.textStart, found.end)));
    length = found.end + 1;
    if (texts.length <= Number(countText)) unsyncedStart = length;
  }
  const proven = Math.max(synced, syncedIn(bytes, length, salt));
  if (texts.length < proven) {
    const problem = `record ${texts.length} is damaged or missing, and ${proven} records were synced`;
    return { type: "corrupt", problem };
  }
  return { type: "log", salt, texts, length, unsyncedStart };
}

interface FoundRecord {
  readonly number: number;
  readonly synced: number;
  /** The start and end of its JSON, in bytes. */
  readonly textStart: number;
  readonly end: number;
}

/** Reads the record at an offset; `undefined` if none is there, or it is damaged. */
function readRecord(bytes: Uint8Array, start: number, salt: bigint): FoundRecord | undefined {
  const beginning = decode(bytes.subarray(start, start + MAX_RECORD_HEADER_LENGTH));
  const [header, sum, number, synced, length] = RECORD.exec(beginning) ?? [];
  if (header === undefined) return undefined;
  const textStart = start + header.length;
  const end = textStart + Number(length);
  if (bytes[end] !== LINE_FEED) return undefined;
  const checked = bytes.subarray(start + CHECKSUM_LENGTH + 1, end);
  if (sum !== checksum(checked, salt)) return undefined;
  return { number: Number(number), synced: Number(synced), textStart, end };
}

/**
 * Returns how many records the whole ones from an offset on prove to have been synced.
 *
 * They may start anywhere: the damage may have hit the line break before one.
 */
function syncedIn(bytes: Uint8Array, start: number, salt: bigint): number {
  let synced = 0;
  for (const { index } of byteText.decode(bytes.subarray(start)).matchAll(RECORD_START)) {
    synced = Math.max(synced, readRecord(bytes, start + index, salt)?.synced ?? 0);
  }
  return synced;
}

function checksum(data: string | Uint8Array, salt: bigint): string {
  return hex(Bun.hash.xxHash64(data, salt));
}

function hex(value: bigint): string {
  return value.toString(16).padStart(CHECKSUM_LENGTH, "0");
}

// Not fatal: the checksum is of the bytes.
const decoder = new TextDecoder();
/** Decodes each byte to one character. */
const byteText = new TextDecoder("latin1");

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
