/**
 * Ends a simulation that makes no progress, and finds out where its program stands.
 *
 * A simulation runs in one task, so a loop in a handler would block the command for ever. Events run in
 * slices of a `vm` script with a time limit, which interrupts loops, promise continuations without end
 * and `Atomics.wait`. Only a single event that takes longer than the limit is interrupted; a long
 * simulation is not.
 */
import * as jsc from "bun:jsc";
import { Script } from "node:vm";
import * as v from "valibot";
import type { Repeat } from "../clusters/scheduler.ts";
import { isProgramFile } from "../program-place.ts";

/** Real time that events may take before the watch is set again, in ms. */
const SLICE_MS = 50;
/** How long to sample an event that does not end, in ms. */
const SAMPLING_MS = 500;

/** An event has taken longer than the limit. */
export class Stall extends Error {
  override readonly name = "Stall";
  /** Number of events that ran before it. */
  readonly eventCount: number;

  constructor(eventCount: number) {
    super(`Event ${eventCount} does not end`);
    this.eventCount = eventCount;
  }
}

/**
 * Runs events until none is left.
 *
 * @param limitMs Maximum real time of one event.
 * @param onProgress Called after every slice.
 * @throws {Stall} when an event takes longer.
 */
export function watched(limitMs: number, onProgress: () => void = () => {}): Repeat {
  return (step) => {
    let eventCount = 0;
    for (let hasMore = true; hasMore; ) {
      const runSlice = () => {
        const endMs = performance.now() + SLICE_MS;
        do {
          hasMore = step();
          eventCount++;
        } while (hasMore && performance.now() < endMs);
      };
      if (!endsWithin(limitMs + SLICE_MS, runSlice)) throw new Stall(eventCount);
      onProgress();
    }
  };
}

/**
 * Runs the events of a simulation up to one that does not end, and samples that one.
 *
 * @param onPlaces Called with the places of the program where it stands, innermost first.
 */
export function sampled(eventCount: number, onPlaces: (places: readonly string[]) => void): Repeat {
  return (step) => {
    for (let index = 0; index < eventCount; index++) if (!step()) return;
    jsc.startSamplingProfiler();
    const hasEnded = endsWithin(SAMPLING_MS, step);
    if (!hasEnded) onPlaces(placesIn(takeSamples()));
    throw new Stall(eventCount);
  };
}

const SLOT = "vortex: slice";
const SCRIPT = new Script(`globalThis[${JSON.stringify(SLOT)}]()`);

let slice: (() => unknown) | undefined;
// Once: code that was compiled for the former shape of the global object is thrown away, which would slow
// down each simulation by a quarter.
Object.defineProperty(globalThis, SLOT, { value: () => slice?.(), configurable: true });

/** Whether a task ends within a time limit. It is interrupted otherwise. */
function endsWithin(limitMs: number, task: () => unknown): boolean {
  slice = task;
  try {
    SCRIPT.runInThisContext({ timeout: limitMs });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return false;
    throw error;
  } finally {
    slice = undefined;
  }
}

function takeSamples(): unknown {
  // The types of Bun lack it.
  const take: unknown = Reflect.get(jsc, "samplingProfilerStackTraces");
  return typeof take === "function" ? take() : undefined;
}

const Samples = v.object({
  traces: v.array(
    v.object({
      frames: v.array(
        v.object({
          name: v.string(),
          sourceURL: v.optional(v.string(), ""),
          line: v.number(),
          column: v.number(),
        }),
      ),
    }),
  ),
});

/** Optimised code has no lines in the samples. */
const UNKNOWN_LINE = 2 ** 32 - 1;
const MAX_PLACES = 5;

/** Returns the program's part of the last stack whose innermost line is known. */
function placesIn(samples: unknown): readonly string[] {
  const parsed = v.safeParse(Samples, samples);
  if (!parsed.success) return [];
  let fallback: readonly string[] = [];
  for (const { frames } of parsed.output.traces.reverse()) {
    const own = frames.filter(({ sourceURL }) => isProgramFile(sourceURL));
    const [innermost] = own;
    if (innermost === undefined) continue;
    const places = own.slice(0, MAX_PLACES).map(({ name, sourceURL, line, column }) => {
      const at = line === UNKNOWN_LINE ? sourceURL : `${sourceURL}:${line}:${column}`;
      return name === "" ? at : `${name} (${at})`;
    });
    if (innermost.line !== UNKNOWN_LINE) return places;
    if (fallback.length === 0) fallback = places;
  }
  return fallback;
}
