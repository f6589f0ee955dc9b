/** The buttons that run the program, and what is under way. */
import { shorten } from "../../../protocol/shorten.ts";
import { LinkButton } from "../../report/page/parts/controls.tsx";
import { visible } from "../../report/page/parts/visible-text.ts";
import { conclusionOf } from "./conclusion.ts";
import { canShrink, type Runs, SWEEP_COUNT } from "./use-runs.ts";
import { isSameWork, type Work } from "./work.ts";

interface RunActionsProps {
  readonly work: Work;
  readonly runs: Runs;
}

const MAX_VERDICT_LENGTH = 240;
const RUNNING = {
  run: "Running",
  find: "Looking for a failing seed",
  shrink: "Shrinking",
} as const;

export function RunActions({ work, runs }: RunActionsProps) {
  const { activity, shown, failure, remark } = runs;
  return (
    <div class="actions">
      <button type="button" class="primary" onClick={() => runs.run(work)}>
        Run
      </button>
      <button
        type="button"
        title={`Runs up to ${SWEEP_COUNT} further seeds, one after the other, until one is not valid`}
        onClick={() => runs.find(work)}
      >
        Find a failing seed
      </button>
      <button
        type="button"
        title="Reduces the failing test to a small one with the same anomaly"
        disabled={shown === undefined || !canShrink(shown)}
        onClick={() => runs.shrink(work)}
      >
        Shrink
      </button>
      {activity === undefined ? null : (
        <button type="button" onClick={runs.stop}>
          Stop
        </button>
      )}
      <p class="activity" role="status">
        {activity === undefined ? (
          <>
            {remark === undefined ? null : `${remark}. `}
            {failure === undefined ? null : (
              <LinkButton onClick={() => show(".failure")}>
                {shorten(visible(failure), MAX_VERDICT_LENGTH)}
              </LinkButton>
            )}
            {shown === undefined || failure !== undefined ? null : (
              <>
                {isSameWork(shown.work, work) ? null : "Before your changes: "}
                <LinkButton onClick={() => show("#verdict")}>
                  {shorten(
                    visible(conclusionOf(shown.run.header, shown.stage)),
                    MAX_VERDICT_LENGTH,
                  )}
                </LinkButton>
              </>
            )}
          </>
        ) : (
          `${RUNNING[activity.kind]}${activity.kind === "run" ? "" : `: ${activity.text}`} …`
        )}
      </p>
    </div>
  );
}

/** Scrolls to an element, from which the keyboard goes on. */
function show(selector: string): void {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) return;
  element.tabIndex = -1;
  element.focus();
  element.scrollIntoView();
}
