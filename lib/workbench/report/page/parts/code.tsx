/** JSON that may wrap after a comma or a colon rather than within a number or a word. */
import { visibleLine } from "./visible-text.ts";

export function Code({ text }: { readonly text: string }) {
  const parts = visibleLine(text).split(/(?<=[,:])/);
  return (
    <code>
      {parts.flatMap((part, index) => (index === 0 ? [part] : [<wbr key={index} />, part]))}
    </code>
  );
}
