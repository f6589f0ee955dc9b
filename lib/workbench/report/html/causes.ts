/** Names each cause once: the errors of nodes are shown with the findings that follow from them. */
import type { RequestErrors } from "../../run/request-errors.ts";
import type { StoredResults } from "../../store/stored-results.ts";
import type { FindingEntry } from "../recorder/run-recorder.ts";
import { describeGroup } from "../terminal/request-errors.ts";

/** Number of groups of errors in a sentence. */
const MAX_GROUPS = 3;

/** Returns the groups of errors because of which an operation was never ok. */
export function causesOf({ stats, requestErrors }: StoredResults): readonly RequestErrors[] {
  const neverOk = stats?.neverOk ?? [];
  return neverOk.flatMap((f) => causesOfOne(f, requestErrors));
}

function causesOfOne(f: string, requestErrors: readonly RequestErrors[]): readonly RequestErrors[] {
  return requestErrors.filter(({ request }) => request === f).slice(0, MAX_GROUPS);
}

/**
 * Puts the operations that were never ok, each with what nodes answered instead, before what follows from
 * them.
 */
export function withCauses(
  findings: readonly FindingEntry[],
  { stats, requestErrors }: StoredResults,
): readonly FindingEntry[] {
  const neverOk = stats?.neverOk ?? [];
  const explained = neverOk.flatMap((f, index): [FindingEntry, FindingEntry][] => {
    const finding = stats?.explanation?.[index];
    const groups = causesOfOne(f, requestErrors);
    if (finding === undefined || groups.length === 0) return [];
    const sentence = `no ${f} was ok: ${groups.map(describeGroup).join("; ")}`;
    return [[finding, { ...finding, sentence }]];
  });
  const replaced = new Set<FindingEntry>(explained.map(([finding]) => finding));
  const isFollowing = (finding: FindingEntry) =>
    replaced.has(finding) || (finding.anomaly === "never-read" && neverOk.includes("read"));
  const others = findings.filter((finding) => !isFollowing(finding));
  const isAssertion = ({ anomaly }: FindingEntry) => anomaly === "failed-assertion";
  return [
    ...others.filter(isAssertion),
    ...explained.map(([, finding]) => finding),
    ...others.filter((finding) => !isAssertion(finding)),
  ];
}

/** The exceptions that clients throw at errors which nodes answered, or at no answer. */
const EXCEPTIONS: Readonly<Record<RequestErrors["kind"], string | undefined>> = {
  error: "ErrorReply",
  timeout: "NetTimeout",
  "malformed-reply": "MalformedReply",
  exception: undefined,
};

/** Returns the exceptions that no group of errors describes. */
export function otherExceptions({ exceptions, requestErrors }: StoredResults): FindingEntry[] {
  const described = new Set(requestErrors.map(({ kind }) => EXCEPTIONS[kind]));
  return (exceptions?.explanation ?? []).filter(({ anomaly }) => !described.has(anomaly));
}
