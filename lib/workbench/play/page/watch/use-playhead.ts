/** Connects a playhead with the screen: frames, and renderings. */
import { useEffect, useState } from "preact/hooks";
import type { Playhead } from "./playhead.ts";

/** Time between two steps of a run that is played without motion, in ms. */
const STEP_MS = 400;
/** Time between two renderings while a run is played, in ms. */
const RENDER_MS = 200;
/** Longest time that one frame moves a run by, in ms: a hidden page has no frames. */
const MAX_FRAME_MS = 100;

/** Moves the playhead frame by frame while it plays. */
export function useFrames(playhead: Playhead, isStill: boolean): void {
  useEffect(() => {
    let frame = 0;
    let last: number | undefined;
    const run = (now: number) => {
      frame = 0;
      const elapsed = now - (last ?? now);
      if (!isStill || elapsed >= STEP_MS || last === undefined) {
        last = now;
        playhead.advance(isStill ? elapsed : Math.min(elapsed, MAX_FRAME_MS));
      }
      request();
    };
    const request = () => {
      if (!playhead.isPlaying) last = undefined;
      else if (frame === 0) frame = requestAnimationFrame(run);
    };
    request();
    const unsubscribe = playhead.subscribe(request);
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, [playhead, isStill]);
}

/** Renders when the playhead has moved: each time while it stands, and now and then while it plays. */
export function useMoment(playhead: Playhead): void {
  const [, render] = useState(0);
  useEffect(() => {
    let timer = 0;
    const rerender = () => {
      timer = 0;
      render((count) => count + 1);
    };
    const unsubscribe = playhead.subscribe(() => {
      if (!playhead.isPlaying) {
        window.clearTimeout(timer);
        rerender();
      } else if (timer === 0) timer = window.setTimeout(rerender, RENDER_MS);
    });
    return () => {
      window.clearTimeout(timer);
      unsubscribe();
    };
  }, [playhead]);
}

/** Whether the reader wants no motion. */
export function useStillness(): boolean {
  const [isStill, setStill] = useState(() => matchMedia(NO_MOTION).matches);
  useEffect(() => {
    const query = matchMedia(NO_MOTION);
    const onChange = () => setStill(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  return isStill;
}

const NO_MOTION = "(prefers-reduced-motion: reduce)";
