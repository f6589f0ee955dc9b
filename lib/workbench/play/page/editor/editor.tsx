/** The program's files, in an editor. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript, localCompletionSource, typescriptLanguage } from "@codemirror/lang-javascript";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { LinkButton } from "../../../report/page/parts/controls.tsx";
import { visible } from "../../../report/page/parts/visible-text.ts";
import type { Problem, SourceFile } from "../../engine/protocol.ts";
import type { LibraryDocs } from "../../site/site-data.ts";
import { FileTabs } from "./file-tabs.tsx";
import { highlighting } from "./highlighting.ts";
import { LibraryHelp } from "./library-help.ts";

interface EditorProps {
  readonly files: readonly SourceFile[];
  /** Changes when the files are others than those that were edited. */
  readonly revision: number;
  readonly problems: readonly Problem[];
  readonly docs: LibraryDocs;
  /** Whether the first file keeps its name: it is the one that was opened from disk. */
  readonly isMainFixed: boolean;
  readonly onChange: (files: readonly SourceFile[]) => void;
  readonly onRun: () => void;
  readonly onSave: () => void;
}

export function Editor(props: EditorProps) {
  const { files, revision, problems, docs } = props;
  const [name, setName] = useState("");
  const shown = files.find((file) => file.name === name) ?? files[0];
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const help = useMemo(() => new LibraryHelp(docs), [docs]);
  // Listeners outlive a rendering.
  const latest = useRef(props);
  latest.current = props;
  const shownName = shown?.name ?? "";
  // A file keeps its history of edits while another is shown.
  const states = useRef(new Map<string, EditorState>());

  useLayoutEffect(() => {
    states.current.clear();
  }, [revision]);

  // Before the next frame, in which something is done with it.
  useLayoutEffect(() => {
    if (place.current === null) return undefined;
    const source = latest.current.files.find((file) => file.name === shownName)?.source ?? "";
    const state =
      states.current.get(shownName) ??
      EditorState.create({ doc: source, extensions: extensionsOf(shownName, help, latest) });
    const created = new EditorView({ parent: place.current, state });
    view.current = created;
    // For benchmarks: the program is there, and can be changed.
    performance.mark("interactive");
    return () => {
      states.current.set(shownName, created.state);
      created.destroy();
      view.current = undefined;
    };
  }, [shownName, revision, help]);

  useEffect(() => {
    const current = view.current;
    if (current === undefined) return;
    const own = problems.filter(({ file }) => file === shownName);
    const found = own.flatMap((problem) => diagnosticOf(current.state, problem));
    current.dispatch(setDiagnostics(current.state, found));
  }, [problems, shownName, revision]);

  const afterShown = (act: (current: EditorView) => void) => {
    requestAnimationFrame(() => {
      if (view.current !== undefined) act(view.current);
    });
  };
  const goTo = (problem: Problem) => {
    setName(problem.file);
    afterShown((current) => {
      const anchor = offsetOf(current.state, problem);
      current.dispatch({ selection: { anchor }, scrollIntoView: true });
      current.focus();
    });
  };

  return (
    <div class="editor">
      <FileTabs
        files={files}
        shownName={shownName}
        problems={problems}
        isMainFixed={props.isMainFixed}
        onShow={setName}
        onFiles={(others, shownNext) => {
          // A new file may have the name of one that was renamed or deleted.
          if (files.every((file) => file.name !== shownNext)) states.current.delete(shownNext);
          props.onChange(others);
          setName(shownNext);
          afterShown((current) => current.focus());
        }}
      />
      <div class="text" role="tabpanel" aria-label={shownName} ref={place} />
      {problems.length === 0 ? null : (
        <ul class="problems" aria-label="Errors of the program" aria-live="polite">
          {problems.map((problem, index) => (
            <li key={index}>
              {files.some(({ name }) => name === problem.file) ? (
                <LinkButton onClick={() => goTo(problem)}>
                  {visible(problem.file)}
                  {problem.line === undefined ? "" : `:${problem.line}`}
                </LinkButton>
              ) : null}{" "}
              {visible(problem.text)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function extensionsOf(
  name: string,
  help: LibraryHelp,
  latest: { readonly current: EditorProps },
): Extension {
  const act = (action: () => void) => () => {
    action();
    return true;
  };
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightActiveLine(),
    history(),
    drawSelection(),
    indentUnit.of("  "),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    highlightSelectionMatches(),
    highlighting,
    lintGutter(),
    javascript({ typescript: true }),
    typescriptLanguage.data.of({ autocomplete: help.complete }),
    typescriptLanguage.data.of({ autocomplete: localCompletionSource }),
    help.hover,
    Prec.highest(
      keymap.of([
        { key: "Mod-Enter", run: act(() => latest.current.onRun()) },
        { key: "Mod-s", run: act(() => latest.current.onSave()) },
      ]),
    ),
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...completionKeymap,
      indentWithTab,
    ]),
    EditorView.contentAttributes.of({ "aria-label": `Program ${name}`, spellcheck: "false" }),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (!docChanged) return;
      const source = state.doc.toString();
      const { files, onChange } = latest.current;
      onChange(files.map((file) => (file.name === name ? { ...file, source } : file)));
    }),
  ];
}

function diagnosticOf(state: EditorState, problem: Problem): Diagnostic[] {
  if (problem.line === undefined) return [];
  const from = offsetOf(state, problem);
  const line = state.doc.lineAt(from);
  const word = state.wordAt(from);
  const [start, end] = word === null ? [line.from, line.to] : [word.from, word.to];
  return [{ from: start, to: end, severity: "error", message: problem.text }];
}

/** The place of a problem. The text may have become shorter since it was found. */
function offsetOf(state: EditorState, { line = 1, column = 1 }: Problem): number {
  const found = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  return Math.min(found.from + Math.max(0, column - 1), found.to);
}
