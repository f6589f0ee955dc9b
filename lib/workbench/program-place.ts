/** Finds the lines of a user's program, or of another file of theirs, in stack traces. */

/** Whether a file is part of a user's program: not of this command, the library or a package. */
export function isProgramFile(file: string): boolean {
  return file.startsWith("/") || /^[A-Za-z]:[\\/]/.test(file)
    ? !/[/\\](\$bunfs|~BUN|node_modules)[/\\]|[/\\]lib[/\\](workbench|vortex|protocol)[/\\]/.test(
        file,
      )
    : false;
}

/** Returns the first place of the program in a stack trace, such as `/home/me/echo.ts:6:3`. */
export function programPlaceIn(stack: string | undefined): string | undefined {
  for (const line of (stack ?? "").split("\n")) {
    const place = /(?:\(|at (?:async )?)((?:\/|[A-Za-z]:)[^()]*:\d+:\d+)\)?$/.exec(
      line.trim(),
    )?.[1];
    if (place !== undefined && isProgramFile(place)) return place;
  }
  return undefined;
}
