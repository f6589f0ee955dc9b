/** The messages between the page and its workers. */
import type { NodeId } from "../../../vortex/index.ts";
import type { Decisions } from "../../decisions.ts";
import type { Operation } from "../../history/history.ts";
import type { JournalEvent } from "../../network/journal.ts";
import type { LogLine } from "../../run/log-line.ts";
import type { TestResult } from "../../run/results.ts";
import type { TestOptions } from "../../run/test-options.ts";

/** A TypeScript or JavaScript module of the program. */
export interface SourceFile {
  /** Path, such as `"broadcast.ts"` or `"broadcast/gossiper.ts"`, by which other files import it. */
  readonly name: string;
  readonly source: string;
}

/** The first request to a worker. */
export interface LoadRequest {
  readonly type: "load";
  /** The first file exports the program. */
  readonly files: readonly SourceFile[];
  /** Name of the exported function, if there are several. */
  readonly exportName?: string | undefined;
}

export interface RunRequest {
  readonly type: "run";
  readonly options: TestOptions;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  readonly decisions?: Decisions | undefined;
  /** Whether to return the record of the run, and not only its result. */
  readonly isRecorded: boolean;
  /** The nodes whose states to return. */
  readonly inspected?: readonly NodeId[] | undefined;
}

export type Request = LoadRequest | RunRequest;

/** An error in the program's source, or while it was loaded. */
export interface Problem {
  readonly file: string;
  /** From 1; absent if not known. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly text: string;
}

/**
 * The states of a node in a run, which its program registers with `node.inspect`. Each lasts from its time
 * until the next one.
 */
export interface Inspection {
  readonly node: NodeId;
  /** Nanoseconds since clock zero, ascending; negative while the nodes start. */
  readonly times: readonly number[];
  /** {@link Shown} values, as JSON: most of them are never displayed. */
  readonly states: readonly string[];
  /** Minimum time between two of them, in ns; 0 if all were recorded. */
  readonly intervalNs: number;
}

/** A value as a tree shows it: JSON, or what JSON lacks. */
export type Shown = string | number | boolean | null | ShownContainer | ShownText;

/** An array, an object, a map or a set. */
export interface ShownContainer {
  /** `"Array"`, `"Object"`, `"Map"`, `"Set"`, or the name of a class. */
  readonly kind: string;
  readonly size: number;
  /** The first entries: keys, or positions, and values. */
  readonly entries: readonly (readonly [key: string, value: Shown])[];
}

/** Anything else, in words: `"undefined"`, `"9007199254740993n"`. */
export interface ShownText {
  readonly text: string;
}

/** The record of a run. */
export interface RunRecord {
  readonly history: readonly Operation[];
  readonly messages: readonly JournalEvent[];
  readonly logs: readonly LogLine[];
  /** Notes about the run itself, such as on decisions that fit nothing in it. */
  readonly remarks: readonly string[];
  readonly decisions: Decisions | undefined;
}

export type Reply =
  | { readonly type: "loaded" }
  | { readonly type: "problem"; readonly problem: Problem }
  | {
      readonly type: "result";
      readonly result: TestResult;
      readonly record: RunRecord | undefined;
      /** Absent unless nodes were to be inspected. */
      readonly inspections?: readonly Inspection[] | undefined;
      /** Real time of the run and its check, in ms. */
      readonly tookMs: number;
    }
  /** The run has no result: a node did not start, for example. */
  | { readonly type: "crash"; readonly text: string };
