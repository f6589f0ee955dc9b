/** The program's files, in an editor. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef, useState } from "preact/hooks";
import type { SourceFile } from "../../engine/protocol.ts";

interface EditorProps {
  readonly files: readonly SourceFile[];
  readonly onChange: (files: readonly SourceFile[]) => void;
}

export function Editor({ files, onChange }: EditorProps) {
  const [name] = useState(files[0]?.name ?? "");
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef({ files, onChange });
  latest.current = { files, onChange };
  useEffect(() => {
    if (place.current === null) return undefined;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: files.find((file) => file.name === name)?.source ?? "",
        extensions: [
          lineNumbers(),
          history(),
          javascript({ typescript: true }),
          keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": `Program ${name}` }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (!docChanged) return;
            const source = state.doc.toString();
            const { files, onChange } = latest.current;
            onChange(files.map((file) => (file.name === name ? { name, source } : file)));
          }),
        ],
      }),
    });
    return () => view.destroy();
  }, [name]);
  return <div class="editor" ref={place} />;
}
