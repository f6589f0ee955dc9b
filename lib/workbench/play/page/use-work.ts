/** The work of the page: opened by its address, changed by the reader, kept as a draft. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { SiteData } from "../site/site-data.ts";
import { readDraft, removeDraft, writeDraft } from "./drafts.ts";
import { draftName, type Origin, readOrigin } from "./origin.ts";
import { isSameWork, toLink, type Work, workOfLink } from "./work.ts";

/** Pause after the last change until it is kept, in ms. */
const PAUSE_MS = 300;

export interface OpenedWork {
  readonly origin: Extract<Origin, { readonly work: Work }>;
  readonly work: Work;
  /** Changes when the work is another one than that which was edited. */
  readonly revision: number;
  /** Whether it is a draft of an earlier visit. */
  readonly isRestored: boolean;
}

export interface WorkControl {
  /** `undefined` until the address was read. */
  readonly state:
    | OpenedWork
    | { readonly origin: Exclude<Origin, { readonly work: Work }> }
    | undefined;
  readonly change: (part: Partial<Work>) => void;
  /** Puts other work in place of what is edited, unless another program was opened since. */
  readonly replace: (work: Work, origin: OpenedWork["origin"]) => void;
  /** Changes what the work started from, as after it was saved, unless another program was opened since. */
  readonly setOrigin: (origin: OpenedWork["origin"]) => void;
  /** Returns to what was opened. */
  readonly discard: () => void;
}

export function useWork(data: SiteData): WorkControl {
  const [state, setState] = useState<WorkControl["state"]>();
  const revision = useRef(0);
  const opened = useRef<string | undefined>(undefined);

  useEffect(() => {
    const open = async () => {
      const { hash } = location;
      if (hash === opened.current) return;
      opened.current = hash;
      const origin = await readOrigin(location, data);
      // Another address may have been read sooner.
      if (opened.current !== hash) return;
      if (!("work" in origin)) {
        setState({ origin });
        return;
      }
      const draft = readDraft(draftName(origin));
      const work = draft === undefined ? origin.work : workOfDraft(draft, origin.work);
      setState({ origin, work, revision: ++revision.current, isRestored: work !== origin.work });
    };
    const onHashChange = () => void open();
    onHashChange();
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, [data]);

  useDraft(state);

  const change = useCallback((part: Partial<Work>) => {
    setState((former) =>
      former === undefined || !("work" in former)
        ? former
        : { ...former, work: { ...former.work, ...part } },
    );
  }, []);
  const replace = useCallback((work: Work, origin: OpenedWork["origin"]) => {
    setState((former) =>
      former !== undefined && isOfProgram(former, origin)
        ? { origin, work, revision: ++revision.current, isRestored: false }
        : former,
    );
  }, []);
  const setOrigin = useCallback((origin: OpenedWork["origin"]) => {
    setState((former) =>
      former !== undefined && isOfProgram(former, origin) ? { ...former, origin } : former,
    );
  }, []);
  const discard = useCallback(() => {
    setState((former) => {
      if (former === undefined || !("work" in former)) return former;
      const { origin } = former;
      return { origin, work: origin.work, revision: ++revision.current, isRestored: false };
    });
  }, []);
  return useMemo(
    () => ({ state, change, replace, setOrigin, discard }),
    [state, change, replace, setOrigin, discard],
  );
}

function isOfProgram(
  state: NonNullable<WorkControl["state"]>,
  origin: OpenedWork["origin"],
): state is OpenedWork {
  return "work" in state && draftName(state.origin) === draftName(origin);
}

function workOfDraft(draft: Parameters<typeof workOfLink>[0], original: Work): Work {
  try {
    return { ...original, ...workOfLink(draft) };
  } catch {
    // Of a version with other flags.
    return original;
  }
}

/** Whether the work is what was opened. */
export function isUnchanged({ origin, work }: OpenedWork): boolean {
  return isSameWork(work, origin.work);
}

/** Keeps the work as a draft, shortly after each change, and before another program is shown. */
function useDraft(state: WorkControl["state"]): void {
  const isFirst = useRef(true);
  const unkept = useRef<OpenedWork>(undefined);
  useEffect(() => {
    const { current: before } = unkept;
    unkept.current = undefined;
    if (before !== undefined && before.origin !== state?.origin) keep(before);
    if (state === undefined || !("work" in state)) return undefined;
    if (isFirst.current) {
      isFirst.current = false;
      return undefined;
    }
    unkept.current = state;
    const keepNow = () => {
      unkept.current = undefined;
      keep(state);
    };
    const timer = setTimeout(keepNow, PAUSE_MS);
    addEventListener("pagehide", keepNow);
    return () => {
      clearTimeout(timer);
      removeEventListener("pagehide", keepNow);
    };
  }, [state]);
}

function keep(state: OpenedWork): void {
  const name = draftName(state.origin);
  if (isUnchanged(state)) removeDraft(name);
  else writeDraft(name, toLink(state.work));
}
