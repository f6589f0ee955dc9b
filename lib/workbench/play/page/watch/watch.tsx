/** The run as it happens: nodes, messages on their way, faults. */

import type { Decisions } from "../../../decisions.ts";
import type { Viewport } from "../../../report/page/diagram/viewport.ts";
import type { Colors } from "../../../report/page/parts/colors.ts";
import type { Selection } from "../../../report/page/run/selection.ts";
import type { ShownRun } from "../shown-run.ts";

export interface WatchProps {
  /** Another object is another run. */
  readonly shown: ShownRun;
  /** The visible time of the report's diagrams. */
  readonly viewport: Viewport;
  readonly colors: Colors;
  /** Shared with the findings and the diagrams. */
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
  /** Runs again, with the same seed and these decisions. */
  readonly onDecisions: (decisions: Decisions | undefined) => void;
  /** Whether a run is under way. */
  readonly isRunning: boolean;
}

export function Watch({ shown }: WatchProps) {
  return <p class="hint">{shown.record.messages.length.toLocaleString("en")} events</p>;
}
