/** The changes of a run by hand: made, undone and made again. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Decisions, Intervention } from "../../../decisions.ts";
import { interventionsOf, withInterventions } from "./interventions.ts";

export interface ChangesOfRun {
  readonly interventions: readonly Intervention[];
  /** Those that were undone, the last one first. */
  readonly redoable: readonly Intervention[];
  add(intervention: Intervention): void;
  replace(interventions: readonly Intervention[]): void;
  redo(): void;
}

/**
 * @param decisions Those of the run that is shown.
 * @param onDecisions Runs again.
 */
export function useChanges(
  decisions: Decisions | undefined,
  onDecisions: (decisions: Decisions | undefined) => void,
): ChangesOfRun {
  const [redoable, setRedoable] = useState<readonly Intervention[]>([]);
  const interventions = interventionsOf(decisions);
  const expected = useRef(decisions);
  useEffect(() => {
    // Another run than the one that a change has asked for.
    if (expected.current !== decisions) setRedoable([]);
    expected.current = decisions;
  }, [decisions]);
  const runWith = (next: readonly Intervention[]) => {
    const changed = withInterventions(decisions, next);
    expected.current = changed;
    onDecisions(changed);
  };
  return {
    interventions,
    redoable,
    add(intervention) {
      // What is done already need not be done twice, as when a button is pressed again.
      const text = JSON.stringify(intervention);
      if (interventions.some((each) => JSON.stringify(each) === text)) return;
      setRedoable([]);
      runWith([...interventions, intervention]);
    },
    replace(next) {
      const removed = interventions.filter((each) => !next.includes(each));
      setRedoable([...removed, ...redoable]);
      runWith(next);
    },
    redo() {
      const [next, ...others] = redoable;
      if (next === undefined) return;
      setRedoable(others);
      runWith([...interventions, next]);
    },
  };
}
