/** The runs of the page: one, many seeds, or a reduction. At most one of them is under way. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { toArgv } from "../../run/argv.ts";
import { anomalyOf } from "../../sweep/shrink.ts";
import type { Problem } from "../engine/protocol.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { parseWords, toOptions } from "../settings.ts";
import { stageOf } from "../stage-settings.ts";
import { problemsOfLogs, problemsOfText } from "./program-problems.ts";
import { type Ending, withProgram } from "./runner.ts";
import { type ShownRun, showRun } from "./shown-run.ts";
import { shrinkRun } from "./shrink-run.ts";
import { findFailingSeed } from "./sweep.ts";
import { commandOf, isPrescribed, type Work } from "./work.ts";

/** Number of seeds that are tried. */
export const SWEEP_COUNT = 1000;

/** A task under way, in words. */
export interface Activity {
  readonly kind: "run" | "find" | "shrink";
  readonly text: string;
}

export interface Runs {
  readonly activity: Activity | undefined;
  /** The last run that came to its end. */
  readonly shown: ShownRun | undefined;
  /** The reason why the last run has no result. */
  readonly failure: string | undefined;
  /** The outcome of a sweep or a reduction. */
  readonly remark: string | undefined;
  /** Places in the program. */
  readonly problems: readonly Problem[];
  readonly run: (work: Work) => void;
  readonly find: (work: Work) => void;
  readonly shrink: (work: Work) => void;
  readonly stop: () => void;
}

const NO_PROBLEMS: readonly Problem[] = [];

/** @param onWork Takes the work that a sweep or a reduction found, which is run then. */
export function useRuns(sandbox: Sandbox, onWork: (work: Work) => void): Runs {
  const [activity, setActivity] = useState<Activity>();
  const [shown, setShown] = useState<ShownRun>();
  const [failure, setFailure] = useState<string>();
  const [remark, setRemark] = useState<string>();
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const current = useRef(new AbortController());
  /** Of the page of this program: states may be recorded while something else is under way. */
  const life = useRef(new AbortController());
  useEffect(
    () => () => {
      current.current.abort();
      life.current.abort();
    },
    [],
  );

  /** Begins something in place of whatever is under way. */
  const begin = useCallback(
    async (first: Activity, task: (signal: AbortSignal) => Promise<void>) => {
      current.current.abort();
      const controller = new AbortController();
      current.current = controller;
      setActivity(first);
      setFailure(undefined);
      setRemark(undefined);
      try {
        await task(controller.signal);
      } catch (error) {
        if (current.current === controller) {
          setFailure(error instanceof Error ? error.message : String(error));
        }
      } finally {
        if (current.current === controller) setActivity(undefined);
      }
    },
    [],
  );

  const inspect = useCallback(
    async (work: Work, nodes: readonly string[]) => {
      const { args, decisions } = work;
      const test = { options: toOptions(work.settings), args, decisions };
      const ending = await withProgram(sandbox, work, life.current.signal, (program) =>
        program.run(test, { isRecorded: false, inspected: nodes }),
      );
      return ending.type === "result" ? ending.inspections : undefined;
    },
    [sandbox],
  );

  const show = useCallback(
    (work: Work, ending: Ending, shrunkFrom?: string) => {
      const files = new Set(work.files.map(({ name }) => name));
      if (ending.type === "result" && ending.record !== undefined) {
        const options = toOptions(work.settings);
        const input = {
          options,
          args: work.args,
          decisions: work.decisions,
          command: commandOf(work),
          // Operations that decisions prescribe are not those of a stage.
          stage: isPrescribed(work) ? undefined : stageOf({ args: work.args, options }),
          work,
          shrunkFrom,
          inspect: (nodes: readonly string[]) => inspect(work, nodes),
        };
        setShown(showRun(input, ending.result, ending.record));
        setProblems(problemsOfLogs(ending.record, files));
      } else if (ending.type !== "stopped" && ending.type !== "result") {
        // What is shown of an earlier run would seem to be of this one.
        setShown(undefined);
        const isLoaded = ending.type === "crash";
        setProblems(isLoaded ? problemsOfText(ending.text, files) : [ending.problem]);
        if (isLoaded) setFailure(ending.text);
        else setRemark("The program has an error");
      }
    },
    [inspect],
  );

  const runOnce = useCallback(
    async (work: Work, signal: AbortSignal, shrunkFrom?: string) => {
      const options = toOptions(work.settings);
      const { args, decisions } = work;
      const startedMs = performance.now();
      const ending = await withProgram(sandbox, work, signal, (program) =>
        program.run({ options, args, decisions }, { isRecorded: true }),
      );
      // For benchmarks: the run, with the start of its worker.
      performance.measure("run", { start: startedMs });
      show(work, ending, shrunkFrom);
    },
    [sandbox, show],
  );

  const run = useCallback(
    (work: Work) => {
      void begin({ kind: "run", text: "Running" }, (signal) => runOnce(work, signal));
    },
    [begin, runOnce],
  );

  const find = useCallback(
    (work: Work) => {
      void begin({ kind: "find", text: "Starting" }, async (signal) => {
        const options = toOptions(work.settings);
        const found = await findFailingSeed(
          sandbox,
          work,
          { options, args: work.args },
          {
            // The seed of the form has been run already, as a rule.
            firstSeed: options.seed + 1,
            count: SWEEP_COUNT,
            workers: workerCount(),
            signal,
            nowMs: () => performance.now(),
            onProgress: ({ doneCount, perSecond }) => {
              const text = `${doneCount.toLocaleString("en")} seeds are valid, ${perSecond.toFixed(1)} per second`;
              setActivity({ kind: "find", text });
            },
          },
        );
        const { seed } = options;
        if (found.type === "stopped") {
          setRemark(`Stopped: ${found.doneCount} seeds from ${seed + 1} on are valid`);
        } else if (found.type === "none") {
          setRemark(
            `No failing seed: ${seed + 1} to ${seed + found.doneCount} are valid. Add faults, a higher rate or latency, or a longer time limit`,
          );
        } else if (found.type === "found") {
          const seeded = { ...work, settings: { ...work.settings, seed: `${found.seed}` } };
          const failing = { ...seeded, decisions: undefined };
          onWork(failing);
          setRemark(`Seed ${found.seed} fails`);
          if (found.ending.type === "result") await runOnce(failing, signal);
          else show(failing, found.ending);
        }
      });
    },
    [sandbox, begin, runOnce, show, onWork],
  );

  const shrink = useCallback(
    (work: Work) => {
      void begin({ kind: "shrink", text: "Starting" }, async (signal) => {
        const { args, decisions } = work;
        const test = { options: toOptions(work.settings), args, decisions };
        const smallest = await withProgram(sandbox, work, signal, (program) =>
          shrinkRun(
            program,
            test,
            () => performance.now(),
            (count) => setActivity({ kind: "shrink", text: `${count} tests` }),
          ),
        );
        if (signal.aborted) return;
        if (smallest === undefined) {
          setRemark("There is nothing to reduce: this run is valid");
          return;
        }
        const reduced = {
          ...work,
          settings: parseWords(toArgv(smallest.options)),
          decisions: smallest.decisions,
        };
        onWork(reduced);
        const { nodeIds, timeLimitS } = test.options;
        const small = smallest.options;
        setRemark(
          `Reduced from ${nodeIds.length} nodes and ${timeLimitS} s to ${small.nodeIds.length} and ${small.timeLimitS} s`,
        );
        await runOnce(reduced, signal, commandOf(work));
      });
    },
    [sandbox, begin, runOnce, onWork],
  );

  const stop = useCallback(() => current.current.abort(), []);
  return useMemo(
    () => ({ activity, shown, failure, remark, problems, run, find, shrink, stop }),
    [activity, shown, failure, remark, problems, run, find, shrink, stop],
  );
}

/** Whether a shown run has an anomaly that a reduction can keep. */
export function canShrink({ result }: ShownRun): boolean {
  return anomalyOf(result) !== undefined;
}

/** One core is for the page. More workers than this use memory for little. */
function workerCount(): number {
  return Math.min(8, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
}
