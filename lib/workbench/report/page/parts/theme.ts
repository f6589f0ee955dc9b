/** The page's theme: the system's, until the reader switches it. */
import { useEffect, useState } from "preact/hooks";
import { type Colors, readColors } from "./colors.ts";

type Theme = "light" | "dark";

/** Returns the theme's colours, and a function that switches to the other theme. */
export function useTheme(): readonly [Colors, () => void] {
  const [colors, setColors] = useState(readColors);
  const [theme, setTheme] = useState<Theme>();
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setColors(readColors());
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  useEffect(() => {
    // Print is light: it inverts canvases that were painted dark.
    const isSystemDark = matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset["painted"] = theme ?? (isSystemDark ? "dark" : "light");
  }, [colors, theme]);
  const switchTheme = () => {
    const isDark =
      theme === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
    const next = isDark ? "light" : "dark";
    document.documentElement.dataset["theme"] = next;
    setTheme(next);
    setColors(readColors());
  };
  return [colors, switchTheme];
}
