/** Zooms, pans and selects on a canvas by mouse, touch and keyboard. */
import { useEffect } from "preact/hooks";
import { ticksAt } from "./geometry.ts";
import { type Hit, hitAt } from "./hit-test.ts";
import type { Scene } from "./paint/scene.ts";
import { tooltip } from "./tooltip.ts";
import type { Viewport } from "./viewport.ts";

export interface GestureProps {
  readonly viewport: Viewport;
  readonly onSelect: (hit: Hit | undefined) => void;
}

export type CanvasRef = { readonly current: HTMLCanvasElement | null };
export type LatestRef = {
  readonly current: { readonly scene: Scene; readonly props: GestureProps };
};
export type Tip = { readonly x: number; readonly y: number; readonly text: string } | undefined;

/**
 * Handles a canvas's pointer, wheel and key events.
 *
 * @param latest The scene and the props of the latest rendering.
 */
export function useGestures(
  canvas: CanvasRef,
  latest: LatestRef,
  setTip: (tip: Tip) => void,
): void {
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const pointers = new Map<number, { x: number; y: number }>();
    let hasMoved = false;
    const place = (event: MouseEvent) => {
      const box = element.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const timeAt = (x: number) => ticksAt(latest.current.scene, x);

    const onDown = (event: PointerEvent) => {
      pointers.set(event.pointerId, place(event));
      hasMoved = false;
      element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent) => {
      const { scene, props } = latest.current;
      const now = place(event);
      const before = pointers.get(event.pointerId);
      if (before === undefined) {
        const hit = hitAt(scene, now.x, now.y);
        element.style.cursor = hit === undefined ? "grab" : "pointer";
        const text = tooltip(scene.run, hit, timeAt(now.x));
        setTip(text === undefined ? undefined : { ...now, text });
        return;
      }
      if (Math.abs(now.x - before.x) < 3 && !hasMoved) return;
      hasMoved = true;
      setTip(undefined);
      const { viewport } = props;
      const { layout } = scene;
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) {
        const moved = (before.x - now.x) / (layout.width - layout.left);
        viewport.pan(moved);
      } else {
        const [apart, nowApart] = [Math.abs(before.x - other.x), Math.abs(now.x - other.x)];
        if (apart > 4 && nowApart > 4)
          viewport.zoom(nowApart / apart, timeAt((now.x + other.x) / 2));
      }
      pointers.set(event.pointerId, now);
    };
    const onUp = (event: PointerEvent) => {
      if (pointers.delete(event.pointerId) && !hasMoved) {
        const { x, y } = place(event);
        latest.current.props.onSelect(hitAt(latest.current.scene, x, y));
      }
    };
    const onCancel = (event: PointerEvent) => pointers.delete(event.pointerId);
    const onLeave = () => setTip(undefined);
    const onDouble = (event: MouseEvent) => {
      latest.current.props.viewport.zoom(event.shiftKey ? 1 / 3 : 3, timeAt(place(event).x));
    };
    const onWheel = (event: WheelEvent) => {
      const { viewport } = latest.current.props;
      const { layout } = latest.current.scene;
      // A plain wheel scrolls the page past the canvas.
      const isZoom = event.ctrlKey || event.metaKey || document.activeElement === element;
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        viewport.pan(event.deltaX / (layout.width - layout.left));
      } else if (isZoom) {
        event.preventDefault();
        setTip(undefined);
        viewport.zoom(1.0018 ** -event.deltaY, timeAt(place(event).x));
      }
    };
    const onKey = (event: KeyboardEvent) => {
      const { viewport } = latest.current.props;
      const actions: Record<string, () => void> = {
        ArrowLeft: () => viewport.pan(-0.15),
        ArrowRight: () => viewport.pan(0.15),
        "+": () => viewport.zoom(1.6),
        "=": () => viewport.zoom(1.6),
        "-": () => viewport.zoom(1 / 1.6),
        "0": () => viewport.showAll(),
        Escape: () => latest.current.props.onSelect(undefined),
      };
      const action = event.ctrlKey || event.metaKey ? undefined : actions[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };

    const listening = new AbortController();
    const { signal } = listening;
    element.addEventListener("pointerdown", onDown, { signal });
    element.addEventListener("pointermove", onMove, { signal });
    element.addEventListener("pointerup", onUp, { signal });
    element.addEventListener("pointercancel", onCancel, { signal });
    element.addEventListener("pointerleave", onLeave, { signal });
    element.addEventListener("dblclick", onDouble, { signal });
    element.addEventListener("wheel", onWheel, { signal, passive: false });
    element.addEventListener("keydown", onKey, { signal });
    return () => listening.abort();
  }, []);
}
