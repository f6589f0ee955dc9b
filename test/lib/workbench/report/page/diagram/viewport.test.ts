import { describe, expect, test } from "bun:test";
import { Viewport } from "../../../../../../lib/workbench/report/page/diagram/viewport.ts";

describe("The viewport", () => {
  test("stays within its limits however it is zoomed and panned", () => {
    const viewport = new Viewport(-100, 900);
    viewport.zoom(4, 0);
    expect(viewport.to - viewport.from).toBeCloseTo(1020 / 4);
    for (let turn = 0; turn < 50; turn++) viewport.pan(-1);
    expect(viewport.from).toBe(viewport.begin);
    viewport.zoom(1e-9);
    expect([viewport.from, viewport.to]).toEqual([viewport.begin, viewport.end]);
    viewport.zoom(1e12);
    expect(viewport.to - viewport.from).toBeGreaterThan(1);
  });

  test("keeps the zoomed time at its position", () => {
    const viewport = new Viewport(0, 1000);
    const place = () => (300 - viewport.from) / (viewport.to - viewport.from);
    const before = place();
    viewport.zoom(3, 300);
    expect(place()).toBeCloseTo(before);
  });
});
