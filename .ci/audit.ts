/**
 * Checks the dependencies for known vulnerabilities, with `npm audit`:
 *
 *   bun .ci/audit.ts [DIRECTORY...]
 *
 * Exits with 1 if there are any, or if npm audit fails. Exits with 0 and a remark if the registry does
 * not support audits or cannot be reached: a missing network must not fail the build.
 */

/** Result of an audit. */
export interface Audit {
  readonly outcome: "clean" | "vulnerable" | "not available" | "failed";
  readonly text: string;
}

interface Answer {
  readonly message?: unknown;
  readonly error?: { readonly code?: unknown; readonly summary?: unknown };
  readonly metadata?: { readonly vulnerabilities?: { readonly total?: unknown } };
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity?: unknown; readonly range?: unknown }>
  >;
}

/** Interprets the output and exit code of `npm audit --json`. */
export function auditOf(stdout: string, exitCode: number): Audit {
  let answer: Answer;
  try {
    answer = JSON.parse(stdout);
  } catch {
    return { outcome: "failed", text: `npm audit exited with ${exitCode} and printed no JSON` };
  }
  const { message, error, metadata, vulnerabilities } = answer;
  const found = Object.entries(vulnerabilities ?? {});
  if (found.length > 0) {
    const lines = found.map(([name, { severity, range }]) => `  ${name} ${range}: ${severity}`);
    return { outcome: "vulnerable", text: ["Known vulnerabilities:", ...lines].join("\n") };
  }
  // Clean only with an explicit count of 0.
  if (metadata?.vulnerabilities?.total === 0 && exitCode === 0) {
    return { outcome: "clean", text: "No known vulnerabilities" };
  }
  // Errors on this side, such as a missing lock file, carry an error code instead.
  if (typeof message === "string" && error?.code === undefined) {
    const [reason] = message.split(" - ");
    return {
      outcome: "not available",
      text: `Not audited: the registry does not support audits, or is unreachable (${reason})`,
    };
  }
  return {
    outcome: "failed",
    text: `npm audit failed: ${error?.summary || JSON.stringify(answer)}`,
  };
}

if (import.meta.main) {
  const directories = process.argv.slice(2);
  for (const directory of directories.length > 0 ? directories : ["."]) {
    const { stdout, exitCode } = Bun.spawnSync(["npm", "audit", "--json"], {
      cwd: directory,
      stderr: "ignore",
    });
    const { outcome, text } = auditOf(stdout.toString(), exitCode);
    console.log(`${directory}: ${text}`);
    if (outcome === "vulnerable" || outcome === "failed") process.exitCode = 1;
  }
}
