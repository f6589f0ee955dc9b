/** Reads back the files of a run that `run-store.ts` writes. */
import * as v from "valibot";
import { isObject } from "../../protocol/message.ts";
import { type AnyBody, parseJson } from "../../vortex/index.ts";
import { DROP_REASONS } from "../network/drops.ts";
import type { JournalEvent } from "../network/journal.ts";
import { Coverage } from "../run/assertions.ts";
import { HostsSummary } from "../run/hosts-summary.ts";
import type { LogLine } from "../run/log-line.ts";
import { RequestErrors } from "../run/request-errors.ts";
import { Warning } from "../run/warnings.ts";
import { AnyNumber } from "../schemas.ts";

const Finding = v.object({
  anomaly: v.string(),
  sentence: v.string(),
  operations: v.array(v.object({ index: v.number() })),
  moreCount: v.exactOptional(v.number()),
  cycle: v.exactOptional(
    v.array(
      v.object({
        from: v.number(),
        to: v.number(),
        relation: v.string(),
        sentence: v.string(),
      }),
    ),
  ),
  linearization: v.exactOptional(
    v.object({
      part: v.exactOptional(v.string()),
      operations: v.array(
        v.object({
          invocation: v.number(),
          completion: v.exactOptional(v.number()),
          process: v.number(),
          start: AnyNumber,
          end: v.exactOptional(AnyNumber),
          label: v.string(),
        }),
      ),
      omittedCount: v.number(),
      partials: v.array(
        v.object({
          initialState: v.string(),
          steps: v.array(v.object({ operation: v.number(), state: v.string() })),
          refused: v.array(v.number()),
        }),
      ),
      stuck: v.number(),
      unplaced: v.array(v.number()),
    }),
  ),
});

const Validity = v.union([v.boolean(), v.literal("unknown")]);

const verdict = {
  valid: Validity,
  error: v.exactOptional(v.string()),
  explanation: v.exactOptional(v.array(Finding)),
};

const Latencies = v.looseObject({ "0.5": AnyNumber, "1": AnyNumber });

const Results = v.object({
  valid: Validity,
  error: v.exactOptional(v.string()),
  workload: v.exactOptional(
    v.looseObject({
      ...verdict,
      // The checker of a user's workload may give a field of this name another meaning.
      stableLatencies: v.fallback(v.optional(Latencies), undefined),
    }),
  ),
  stats: v.exactOptional(
    v.object({
      ...verdict,
      okCount: v.exactOptional(v.number()),
      neverOk: v.exactOptional(v.array(v.string())),
    }),
  ),
  summary: v.exactOptional(v.string()),
  availability: v.exactOptional(v.object({ ...verdict, okFraction: v.exactOptional(AnyNumber) })),
  exceptions: v.exactOptional(v.object(verdict)),
  convergence: v.exactOptional(v.object(verdict)),
  liveness: v.exactOptional(
    v.object({
      ...verdict,
      limitS: AnyNumber,
      probes: v.array(
        v.object({ node: v.exactOptional(v.string()), answeredMs: v.exactOptional(v.number()) }),
      ),
    }),
  ),
  assertions: v.exactOptional(
    v.object({ ...verdict, failures: v.array(v.object({ name: v.string() })) }),
  ),
  coverage: v.exactOptional(Coverage),
  hosts: v.exactOptional(HostsSummary),
  net: v.object({
    all: v.exactOptional(v.object({ sendCount: v.number() })),
    servers: v.object({ msgsPerOp: v.exactOptional(AnyNumber) }),
  }),
  perf: v.object({ latencies: v.record(v.string(), Latencies) }),
  requestErrors: v.optional(v.array(RequestErrors), []),
  warnings: v.optional(v.array(Warning), []),
  badLines: v.array(v.object({ node: v.string(), line: v.string(), reason: v.string() })),
});

type Finding = v.InferOutput<typeof Finding>;

export interface StoredResults extends v.InferOutput<typeof Results> {
  /** Findings of all checkers: failed assertions, then the workload's. */
  readonly findings: readonly Finding[];
}

/**
 * Parses a `results.json`.
 *
 * @throws {Error} if the text is something else.
 */
export function readResults(text: string): StoredResults {
  const results = v.parse(Results, parseJson(text));
  const { workload, stats, availability, convergence, assertions, liveness } = results;
  const findings = [assertions, workload, stats, availability, convergence, liveness].flatMap(
    (part) => part?.explanation ?? [],
  );
  return { ...results, findings };
}

const Description = v.object({
  command: v.string(),
  bin: v.optional(v.string(), ""),
  args: v.optional(v.array(v.string()), []),
  startedAt: v.exactOptional(v.string()),
  shrunkFrom: v.exactOptional(v.string()),
  // A stored run may come from someone else: its report's link leads nowhere but to this machine.
  playground: v.exactOptional(
    v.pipe(v.string(), v.regex(/^http:\/\/127\.0\.0\.1:\d+\/#play=[\w-]+$/)),
  ),
  target: v.exactOptional(
    v.object({
      msgsPerOp: v.exactOptional(v.number()),
      medianMs: v.exactOptional(v.number()),
      maxMs: v.exactOptional(v.number()),
    }),
  ),
  options: v.looseObject({
    workload: v.string(),
    workloadFile: v.exactOptional(v.string()),
    nodeIds: v.array(v.string()),
    concurrency: v.number(),
    rate: AnyNumber,
    timeLimitS: v.number(),
    latency: v.object({ meanMs: v.number(), distribution: v.string() }),
    nemesis: v.array(v.string()),
    topology: v.string(),
    consistencyModels: v.array(v.string()),
    availability: v.exactOptional(v.union([v.literal("total"), AnyNumber])),
    seed: v.number(),
  }),
});

export type StoredDescription = v.InferOutput<typeof Description>;

/**
 * Parses a `test.json`.
 *
 * @throws {Error} if the text is something else.
 */
export function readDescription(text: string): StoredDescription {
  return v.parse(Description, parseJson(text));
}

const Entry = v.object({
  time: AnyNumber,
  message: v.object({
    id: v.number(),
    src: v.string(),
    dest: v.string(),
    // `null` if the node nested it too deep to print.
    body: v.nullable(v.custom<AnyBody>(isObject, "must be an object")),
  }),
});

const StoredLine = v.object({
  node: v.string(),
  line: v.string(),
  time: AnyNumber,
  starting: v.exactOptional(v.literal(true)),
});

/**
 * Parses a line of a `logs.jsonl`.
 *
 * @throws {Error} if the line is something else.
 */
export function readLogLine(line: string): LogLine {
  return v.parse(StoredLine, parseJson(line));
}

const Event = v.variant("type", [
  v.object({ ...Entry.entries, type: v.picklist(["send", "recv"]) }),
  v.object({ ...Entry.entries, type: v.literal("drop"), reason: v.picklist(DROP_REASONS) }),
]);

/**
 * Parses a line of a `messages.jsonl`.
 *
 * @throws {Error} if the line is something else.
 */
export function readEvent(line: string): JournalEvent {
  const event = v.parse(Event, parseJson(line));
  return { ...event, message: { ...event.message, body: event.message.body ?? {} } };
}
