/** Controls that several sections share. */
import type { ComponentChildren } from "preact";
import { visible } from "./visible-text.ts";

interface LinkProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button that looks like a link. */
export function LinkButton({ onClick, children }: LinkProps) {
  return (
    <button type="button" class="link" onClick={onClick}>
      {children}
    </button>
  );
}

export function ThemeButton({ onClick }: { readonly onClick: () => void }) {
  return (
    <button type="button" onClick={onClick} aria-label="Switch between light and dark">
      ◐
    </button>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly string[];
  readonly onChoose: (value: string) => void;
}

/** A list of names to choose from; `""` is all of them. */
export function Choice({ label, value, choices, onChoose }: ChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        <option value="">all</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {visible(choice)}
          </option>
        ))}
      </select>
    </label>
  );
}
