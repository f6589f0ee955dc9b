/** Buttons that move the visible time, and the time itself. */
import { useEffect, useRef } from "preact/hooks";
import type { Run } from "../run/run.ts";
import type { Viewport } from "./viewport.ts";

interface ToolbarProps {
  readonly run: Run;
  readonly viewport: Viewport;
}

export function Toolbar({ run, viewport }: ToolbarProps) {
  const time = useRef<HTMLOutputElement>(null);
  useEffect(() => {
    // Bypasses rendering: the time may change with every frame.
    const update = () => {
      if (time.current === null) return;
      const [from, to] = [Math.max(viewport.from, run.begin), Math.min(viewport.to, run.end)];
      time.current.textContent = `${run.time(from)} to ${run.time(to)}`;
    };
    update();
    return viewport.subscribe(update);
  }, [run, viewport]);
  return (
    <div class="toolbar">
      <button type="button" onClick={() => viewport.pan(-0.4)} aria-label="Earlier">
        ◀
      </button>
      <button type="button" onClick={() => viewport.zoom(2)} aria-label="Zoom in">
        +
      </button>
      <button type="button" onClick={() => viewport.zoom(0.5)} aria-label="Zoom out">
        −
      </button>
      <button type="button" onClick={() => viewport.pan(0.4)} aria-label="Later">
        ▶
      </button>
      <button type="button" onClick={() => viewport.showAll()}>
        Show all
      </button>
      <output class="hint time" ref={time} aria-label="Visible time" />
      <span class="hint keys">
        Drag to pan; double-click or Ctrl + wheel to zoom. Keys: ← → + − 0
      </span>
    </div>
  );
}
