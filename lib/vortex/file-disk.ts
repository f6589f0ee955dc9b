/**
 * The disk of a node that is a process: one file, in a directory of its own.
 *
 * **After a failed fsync** the kernel may have marked the written pages clean and dropped them, so that
 * another fsync succeeds although nothing was stored. So no change is forgotten before a sync of it
 * has succeeded: the next sync writes the same bytes to the same place again before it calls fsync.
 * For the same reason opening a log writes its last records again and syncs them, before the program
 * sees them: a process that was killed may have written them, and no more.
 *
 * `node:fs` is loaded when the first disk is opened: importing it would cost every program
 * milliseconds of start-up.
 *
 * @see Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020
 */
import type { NodeId } from "../protocol/message.ts";
import { lockDirectory } from "./directory-lock.ts";
import { codeOf, fileError, onFile } from "./file-errors.ts";
import type { Disk } from "./host.ts";
import { encodeHeader, encodeRecord, scanLog } from "./log-format.ts";
import { StorageError } from "./storage-error.ts";

/** Length of one write, in characters, unless one record is longer. Other work runs between writes. */
const WRITE_LENGTH = 2 ** 20;

/** A file that is open for writing. */
interface LogFile {
  readonly descriptor: number;
  readonly salt: bigint;
  /** Number of durable records. */
  readonly count: number;
  /** Their length in bytes, with the first line. */
  readonly length: number;
}

/** The log of a node in a file. */
export class FileDisk implements Disk {
  readonly #fs = process.getBuiltinModule("node:fs");
  readonly #directory: string;
  readonly #path: string;
  readonly #log: (text: string) => void;
  /** Whether the file has been read, or its records do not matter. */
  #isOpened = false;
  /** `undefined` while there is no file, or a pending replacement will create it. */
  #file: LogFile | undefined;
  #replacement: readonly string[] | undefined;
  #appended: string[] = [];

  /**
   * Creates the directory of the node in `parent`, and locks it for this process.
   *
   * @param log Called with remarks on what the file held.
   * @throws {StorageError} `in-use`; `full` or `failed` when the directory cannot be created.
   */
  constructor(parent: string, node: NodeId, log: (text: string) => void) {
    this.#directory = `${parent}/${directoryName(node)}`;
    this.#path = `${this.#directory}/log`;
    this.#log = log;
    onFile("create", this.#directory, () => {
      const first = this.#fs.mkdirSync(this.#directory, { recursive: true });
      if (first !== undefined) this.#syncParents(first);
    });
    lockDirectory(this.#directory);
  }

  readAll(): readonly string[] {
    return this.#open();
  }

  append(text: string): void {
    if (!this.#isOpened) this.#open();
    this.#appended.push(text);
  }

  replace(texts: readonly string[]): void {
    this.#isOpened = true;
    this.#replacement = texts;
    this.#appended = [];
  }

  async sync(): Promise<void> {
    const changes = { replacement: this.#replacement, appended: this.#appended };
    if (changes.replacement === undefined && changes.appended.length === 0) return;
    this.#replacement = undefined;
    this.#appended = [];
    try {
      this.#file =
        changes.replacement === undefined && this.#file !== undefined
          ? await this.#extend(this.#file, changes.appended)
          : await this.#create([...(changes.replacement ?? []), ...changes.appended]);
    } catch (error) {
      // A replacement in the meantime has made them void.
      if (this.#replacement === undefined) {
        this.#replacement = changes.replacement;
        this.#appended = [...changes.appended, ...this.#appended];
      }
      throw fileError("write", this.#path, error);
    }
  }

  /** Reads the records, cuts a torn end, and makes the rest durable. */
  #open(): readonly string[] {
    const bytes = onFile("read", this.#path, () => this.#readFile());
    if (bytes === undefined) {
      this.#isOpened = true;
      return [];
    }
    const scanned = scanLog(bytes);
    if (scanned.type === "corrupt") {
      const advice = "Remove the directory to start this node without what it had stored";
      throw new StorageError("corrupt", `${this.#path} is damaged: ${scanned.problem}. ${advice}`);
    }
    const { salt, texts, length, unsyncedStart } = scanned;
    this.#file = onFile("write", this.#path, () => {
      this.#close();
      const descriptor = this.#fs.openSync(this.#path, "r+");
      this.#writeAt(descriptor, bytes.subarray(unsyncedStart, length), unsyncedStart);
      this.#fs.ftruncateSync(descriptor, length);
      this.#fs.fsyncSync(descriptor);
      return { descriptor, salt, count: texts.length, length };
    });
    this.#isOpened = true;
    const tornLength = bytes.length - length;
    const torn =
      tornLength === 0 ? "" : `; cut an incomplete record of ${tornLength} bytes at the end`;
    this.#log(`Found ${texts.length} records in ${this.#path}${torn}`);
    return texts;
  }

  /** Returns the bytes of the file; `undefined` if there is none. */
  #readFile(): Uint8Array | undefined {
    try {
      return this.#fs.readFileSync(this.#path);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Writes records to the end of the file, and syncs them. */
  async #extend(file: LogFile, texts: readonly string[]): Promise<LogFile> {
    const { descriptor, salt, count } = file;
    const lines = texts.map((text, index) => encodeRecord(salt, count + index, count, text));
    const length = file.length + (await this.#write(descriptor, lines, file.length));
    await settle((done) => this.#fs.fdatasync(descriptor, done));
    return { descriptor, salt, count: count + texts.length, length };
  }

  /** Creates a file with the given records beside the present one, and puts it in its place. */
  async #create(texts: readonly string[]): Promise<LogFile> {
    const newPath = `${this.#path}.new`;
    const salt = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
    const count = texts.length;
    const header = encodeHeader(salt, count);
    const lines = texts.map((text, index) => encodeRecord(salt, index, 0, text));
    const descriptor = this.#fs.openSync(newPath, "w");
    try {
      const length = await this.#write(descriptor, [header, ...lines], 0);
      await settle((done) => this.#fs.fsync(descriptor, done));
      // Windows renames to no file that is open.
      this.#close();
      this.#fs.renameSync(newPath, this.#path);
      this.#syncDirectory(this.#directory);
      return { descriptor, salt, count, length };
    } catch (error) {
      this.#fs.closeSync(descriptor);
      // It may be what fills the disk.
      this.#fs.rmSync(newPath, { force: true });
      throw error;
    }
  }

  #close(): void {
    if (this.#file === undefined) return;
    this.#fs.closeSync(this.#file.descriptor);
    this.#file = undefined;
  }

  /** Writes lines at a position, and returns their length in bytes. */
  async #write(descriptor: number, lines: readonly string[], position: number): Promise<number> {
    let end = position;
    for (const [index, text] of joined(lines).entries()) {
      if (index > 0) await settle(setImmediate);
      const bytes = new TextEncoder().encode(text);
      this.#writeAt(descriptor, bytes, end);
      end += bytes.length;
    }
    return end - position;
  }

  #writeAt(descriptor: number, bytes: Uint8Array, position: number): void {
    // One call may write less: up to the last free block, at most 2 GB.
    for (let done = 0; done < bytes.length; ) {
      const rest = bytes.length - done;
      const length = this.#fs.writeSync(descriptor, bytes, done, rest, position + done);
      if (length === 0) throw new Error("the system writes nothing");
      done += length;
    }
  }

  /** Makes a new directory, and those that were created for it, durable. */
  #syncParents(first: string): void {
    const { length } = parentOf(first);
    for (let at = this.#directory; at.length > length; at = parentOf(at)) {
      this.#syncDirectory(parentOf(at));
    }
  }

  /** Makes the names in a directory durable. Windows opens no directories, and needs no such sync. */
  #syncDirectory(path: string): void {
    if (process.platform === "win32") return;
    const descriptor = this.#fs.openSync(path, "r");
    try {
      this.#fs.fsyncSync(descriptor);
    } finally {
      this.#fs.closeSync(descriptor);
    }
  }
}

/** Joins lines to texts of about {@link WRITE_LENGTH} characters. */
function joined(lines: readonly string[]): string[] {
  const texts: string[] = [];
  let text = "";
  for (const line of lines) {
    if (text.length + line.length > WRITE_LENGTH && text !== "") {
      texts.push(text);
      text = "";
    }
    text += line;
  }
  texts.push(text);
  return texts;
}

/** Turns a function with a callback into a promise. */
function settle(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error == null ? resolve() : reject(error)));
  });
}

/** Returns the name of a node's directory: a node may be called `..`, or hold a slash. */
function directoryName(node: NodeId): string {
  const name = encodeURIComponent(node.toWellFormed());
  return /^\.*$/.test(name) ? `%${name}` : name;
}

function parentOf(path: string): string {
  return path.replace(/[\\/]+[^\\/]*$/, "") || "/";
}
