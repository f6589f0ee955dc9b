import { useEffect, useState } from "preact/hooks";

interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
}

/** Time for which the button says that it has copied, in ms. */
const NOTE_MS = 1500;

/** Copies a text. Where browsers refuse it, the text can still be selected. */
export function CopyButton({ text, label }: CopyButtonProps) {
  const [note, setNote] = useState<string>();
  useEffect(() => {
    if (note === undefined) return undefined;
    const timer = setTimeout(() => setNote(undefined), NOTE_MS);
    return () => clearTimeout(timer);
  }, [note]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setNote("Copied");
    } catch {
      setNote("Select it to copy it");
    }
  };
  return (
    <button type="button" onClick={() => void copy()} aria-label={label}>
      <span role="status">{note ?? "Copy"}</span>
    </button>
  );
}
