/** Keeps a program from ending the command that runs it. */
import { programPlaceIn } from "../program-place.ts";

/**
 * Turns every call that would end this process into an error, until it is undone.
 *
 * @param onExit Called with the call and its place.
 */
export function divertExits(onExit: (call: string, error: Error) => void): () => void {
  const { exit, reallyExit, abort, kill } = process as typeof process & { reallyExit: unknown };
  const end = (call: string): never => {
    const error = new Error(call);
    const place = programPlaceIn(error.stack);
    const where = place === undefined ? "" : ` at ${place}`;
    onExit(`${call}${where}`, error);
    throw error;
  };
  const stubs = {
    exit: (code?: unknown) => end(`process.exit(${code ?? ""})`),
    reallyExit: (code?: unknown) => end(`process.reallyExit(${code ?? ""})`),
    abort: () => end("process.abort()"),
    kill: (pid: number, signal?: string | number) =>
      Math.abs(pid) === process.pid || pid === 0
        ? end(`process.kill(${pid}, ${signal ?? "SIGTERM"})`)
        : kill.call(process, pid, signal),
  };
  Object.assign(process, stubs);
  return () => void Object.assign(process, { exit, reallyExit, abort, kill });
}
