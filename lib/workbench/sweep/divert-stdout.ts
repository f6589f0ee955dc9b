/** Keeps a program off stdout, which belongs to the command that runs it. */

/** The first output to stdout, and the number of outputs. */
export interface Printed {
  /** The node that printed it; empty while the program is loaded. */
  readonly node: string;
  readonly first: string;
  count: number;
}

/** Functions of `console` that print to stdout. */
const PRINTERS = [
  "log",
  "info",
  "debug",
  "dir",
  "dirxml",
  "table",
  "group",
  "groupCollapsed",
  "count",
  "timeEnd",
  "timeLog",
] as const;

/** Captures stdout, which a simulation shares with the command that runs it. */
export function divertStdout() {
  let running = "";
  let printed: Printed | undefined;
  const capture = (...values: readonly unknown[]) => {
    printed ??= { node: running, first: values.map(asPrinted).join(" "), count: 0 };
    printed.count++;
  };
  const own = Object.fromEntries(PRINTERS.map((name) => [name, console[name]]));
  const { write } = process.stdout;
  Object.assign(console, Object.fromEntries(PRINTERS.map((name) => [name, capture])));
  process.stdout.write = (chunk: unknown, ...rest: readonly unknown[]) => {
    capture(typeof chunk === "string" ? chunk.trimEnd() : chunk);
    const onWritten = rest.at(-1);
    if (typeof onWritten === "function") queueMicrotask(() => onWritten());
    return true;
  };
  return {
    /** Attributes the following output to a node. */
    setNode: (node: string) => {
      running = node;
    },
    restore: (): Printed | undefined => {
      Object.assign(console, own);
      process.stdout.write = write;
      return printed;
    },
  };
}

function asPrinted(value: unknown): string {
  return typeof value === "string" ? value : Bun.inspect(value);
}
