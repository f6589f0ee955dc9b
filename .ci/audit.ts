/**
 * Asks the registry whether any dependency is known to be vulnerable:
 *
 *   bun .ci/audit.ts [DIRECTORY...]
 *
 * Ends with 1 where there are findings, or where the question could not even be put. A registry that
 * does not answer such questions, and a machine without a network, are told and end with 0: that
 * nobody answers is no finding.
 */

/** What became of one question. */
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

/** What `npm audit --json` says, of what it printed and how it ended. */
export function auditOf(stdout: string, exitCode: number): Audit {
  let answer: Answer;
  try {
    answer = JSON.parse(stdout);
  } catch {
    return { outcome: "failed", text: `npm audit printed no JSON, and ended with ${exitCode}` };
  }
  const { message, error, metadata, vulnerabilities } = answer;
  const found = Object.entries(vulnerabilities ?? {});
  if (found.length > 0) {
    const lines = found.map(([name, { severity, range }]) => `  ${name} ${range}: ${severity}`);
    return { outcome: "vulnerable", text: ["Known to be vulnerable:", ...lines].join("\n") };
  }
  // Only an answer that counts, and counts none, says that there is nothing.
  if (metadata?.vulnerabilities?.total === 0 && exitCode === 0) {
    return { outcome: "clean", text: "No dependency is known to be vulnerable" };
  }
  // What is wrong on this side, such as no lock file, comes as an error with a code instead.
  if (typeof message === "string" && error?.code === undefined) {
    const [reason] = message.split(" - ");
    return {
      outcome: "not available",
      text: `Not audited: the registry does not answer (${reason})`,
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
