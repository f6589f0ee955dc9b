/**
 * The flag of every program that names the directory of its storage: `--data DIR`.
 *
 * It is not an option of a program: the process edge reads it, and the program cannot see it.
 */

/** The name of the environment variable that the workbench sets. */
export const DATA_VARIABLE = "VORTEX_DATA";

export type DataFlag =
  | {
      readonly ok: true;
      /** The directory, if the flag is given. */
      readonly directory?: string;
      /** The other arguments. */
      readonly args: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

/** Takes `--data DIR` or `--data=DIR` out of the arguments of a program. */
export function takeDataFlag(args: readonly string[]): DataFlag {
  const index = args.findIndex((arg) => arg === "--data" || arg.startsWith("--data="));
  const flag = args[index];
  if (flag === undefined) return { ok: true, args };
  const isAttached = flag !== "--data";
  const directory = isAttached ? flag.slice("--data=".length) : (args[index + 1] ?? "");
  if (!/^([\\/]|[a-z]:[\\/])/i.test(directory)) {
    const problem =
      directory === ""
        ? "needs a directory"
        : `must be an absolute path, but is ${JSON.stringify(directory)}`;
    const reason = `--data ${problem}: testers run nodes in a directory of their own`;
    return { ok: false, reason };
  }
  const rest = args.toSpliced(index, isAttached ? 1 : 2);
  return { ok: true, directory, args: rest };
}
