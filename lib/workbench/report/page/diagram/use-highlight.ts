/** The selection's highlight in the diagrams. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Run } from "../run/run.ts";
import {
  extentOf,
  focusOf,
  type Highlight,
  highlightOf,
  messagesOf,
  type Selection,
} from "../run/selection.ts";
import type { Viewport } from "./viewport.ts";

/** Computes the highlight of a selection, and moves the diagrams to it when it changes. */
export function useHighlight(
  run: Run,
  viewport: Viewport,
  selection: Selection | undefined,
): { readonly messages: readonly number[]; readonly highlight: Highlight | undefined } {
  const messages = useMemo(
    () => (selection === undefined ? [] : messagesOf(run, selection)),
    [run, selection],
  );
  const highlight = useMemo(
    () => (selection === undefined ? undefined : highlightOf(run, selection, messages)),
    [run, selection, messages],
  );
  const isFirst = useRef(true);
  useEffect(() => {
    // What a page shows at first is the beginning of a failure.
    const rangeOf = isFirst.current ? focusOf : extentOf;
    isFirst.current = false;
    if (selection !== undefined) viewport.reveal(...rangeOf(run, selection, messages));
  }, [selection]);
  return { messages, highlight };
}
