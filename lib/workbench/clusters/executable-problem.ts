/** Explains why the system does not run a program, from its file. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describeResourceError, systemErrorCode } from "../system-error.ts";

/** Explains why a program cannot be run, from its file and the system's error. */
export function describeExecError(bin: string, error: unknown): string {
  const resource = describeResourceError(error);
  if (resource !== undefined) return resource;
  const code = systemErrorCode(error);
  if (code === "ETXTBSY") {
    return "the file is open for writing: wait until the build or the copy has ended";
  }
  if (code === "E2BIG") {
    return "its arguments and environment are too long: pass fewer or shorter ones";
  }
  return problemOfProgram(bin) ?? messageOf(error);
}

/** Finds what is wrong with the file of a program. */
function problemOfProgram(bin: string): string | undefined {
  let start: Buffer;
  try {
    if (statSync(bin).isDirectory()) return "it is a directory: name the program in it";
    accessSync(bin, constants.X_OK);
    start = readStart(bin);
  } catch (error) {
    switch (systemErrorCode(error)) {
      case "ENOENT":
        return "the file is gone; it must stay in place while a test runs";
      case "EACCES":
        return `this user may not execute it: run chmod +x ${bin}, and check the permissions of ${dirname(bin)}`;
      default:
        return undefined;
    }
  }
  if (start.length === 0) return "the file is empty: build it again";
  const text = start.toString("latin1");
  if (text.startsWith("#!")) return problemOfScript(text);
  const format = formatOf(start);
  const machine = `${process.platform}-${process.arch}`;
  if (format === undefined) {
    return "the system does not know its format: it must be a program for this machine, or a script whose first line names its interpreter, such as #!/usr/bin/env python3";
  }
  if (format !== machine) return `it is a program for ${format}, but this machine is ${machine}`;
  return "the system cannot load it: check that its dynamic loader and libraries are installed, as with ldd";
}

function problemOfScript(text: string): string | undefined {
  const [line = ""] = text.slice(2).split("\n", 1);
  if (line.endsWith("\r")) {
    return "its first line ends with a carriage return, which becomes part of the interpreter's name: save the script with Unix line ends";
  }
  const [interpreter = ""] = line.trim().split(/\s/);
  if (interpreter === "") return "its first line, #!, names no interpreter";
  try {
    if (statSync(interpreter).isDirectory()) {
      return `the interpreter on its first line, ${interpreter}, is a directory`;
    }
    accessSync(interpreter, constants.X_OK);
  } catch (error) {
    const reason =
      systemErrorCode(error) === "EACCES" ? "cannot be executed" : "does not exist on this machine";
    return `the interpreter on its first line, ${interpreter}, ${reason}: install it, or name another, as in #!/usr/bin/env python3`;
  }
  return undefined;
}

const START_LENGTH = 256;

function readStart(file: string): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(START_LENGTH);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, START_LENGTH, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** @see elf(5), `e_machine` */
const ELF_MACHINES: ReadonlyMap<number, string> = new Map([
  [3, "ia32"],
  [8, "mips"],
  [20, "ppc"],
  [21, "ppc64"],
  [22, "s390x"],
  [40, "arm"],
  [62, "x64"],
  [183, "arm64"],
  [243, "riscv64"],
]);

/** @see mach/machine.h, `CPU_TYPE_X86_64` and `CPU_TYPE_ARM64` */
const MACH_MACHINES: ReadonlyMap<number, string> = new Map([
  [0x01000007, "x64"],
  [0x0100000c, "arm64"],
]);

/** Returns the platform of a binary, such as `linux-x64`; `undefined` for any other file. */
function formatOf(start: Buffer): string | undefined {
  if (start.length < 20) return undefined;
  if (start.toString("latin1", 0, 4) === "\x7fELF") {
    const isBigEndian = start[5] === 2;
    const machine = isBigEndian ? start.readUInt16BE(18) : start.readUInt16LE(18);
    return `linux-${ELF_MACHINES.get(machine) ?? `unknown (ELF machine ${machine})`}`;
  }
  if (start.readUInt32LE(0) === 0xfeedfacf) {
    return `darwin-${MACH_MACHINES.get(start.readUInt32LE(4)) ?? "unknown"}`;
  }
  if (start.readUInt32BE(0) === 0xcafebabe) return "darwin (or Java)";
  if (start.toString("latin1", 0, 2) === "MZ") return "win32";
  return undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
