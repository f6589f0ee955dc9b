/** The state of a node as a tree. What has changed since the state before is marked. */
import { visible } from "../../../report/page/parts/visible-text.ts";
import type { Shown } from "../../engine/protocol.ts";
import { isContainer, isShort, textOf } from "../../engine/shown-text.ts";

interface TreeProps {
  /** Its place in the container that holds it; absent for the whole state. */
  readonly name?: string;
  readonly value: Shown;
  /** The same place in the state before; absent if it is new. */
  readonly before: Shown | undefined;
  readonly depth?: number;
}

/** Containers of this depth and above are open at first. */
const OPEN_DEPTH = 1;

export function StateTree({ name, value, before, depth = 0 }: TreeProps) {
  const hasChanged = before === undefined || JSON.stringify(value) !== JSON.stringify(before);
  const label = name === undefined ? null : <span class="key">{visible(name)}: </span>;
  if (!isContainer(value) || isShort(value)) {
    return (
      <div class={hasChanged && depth > 0 ? "leaf changed" : "leaf"}>
        {label}
        <code>{visible(textOf(value))}</code>
      </div>
    );
  }
  const known = new Map(isContainer(before) ? before.entries : []);
  const moreCount = value.size - value.entries.length;
  return (
    <details open={depth <= OPEN_DEPTH}>
      <summary class={hasChanged && depth > 0 ? "changed" : ""}>
        {label}
        {visible(value.kind)} of {value.size}
      </summary>
      {value.entries.map(([key, item]) => (
        <StateTree key={key} name={key} value={item} before={known.get(key)} depth={depth + 1} />
      ))}
      {moreCount > 0 ? <p class="hint">{moreCount} more</p> : null}
    </details>
  );
}
