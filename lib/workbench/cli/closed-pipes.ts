/** Output into a pipe whose reader has left, as in `vortex help sim | head -3`. */

/**
 * Whether an error is that of writing to a pipe whose reader is gone, or to a terminal that is.
 *
 * The command goes on silently: its exit code still counts, and nodes are killed as always.
 */
export function isClosedPipe(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EPIPE" || code === "EIO" || code === "ERR_STREAM_DESTROYED";
}

/** Ignores output to stdout and stderr once their reader is gone. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!isClosedPipe(error)) throw error;
    });
  }
}
