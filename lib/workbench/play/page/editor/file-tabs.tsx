/** The tabs of a program's files, and what can be done with them. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { LinkButton } from "../../../report/page/parts/controls.tsx";
import { visible } from "../../../report/page/parts/visible-text.ts";
import type { Problem, SourceFile } from "../../engine/protocol.ts";
import { type DeletedFile, nameProblem, renamed, restored } from "./program-files.ts";

interface FileTabsProps {
  readonly files: readonly SourceFile[];
  readonly shownName: string;
  readonly problems: readonly Problem[];
  /** Whether the first file keeps its name: it is the one that was opened from disk. */
  readonly isMainFixed: boolean;
  readonly onShow: (name: string) => void;
  /** Other files, and the name of the one to show. */
  readonly onFiles: (files: readonly SourceFile[], shownName: string) => void;
}

export function FileTabs(props: FileTabsProps) {
  const { files, shownName, problems, isMainFixed, onShow, onFiles } = props;
  /** The purpose of the name that is asked for. */
  const [asked, setAsked] = useState<"new" | "rename">();
  const [deleted, setDeleted] = useState<DeletedFile>();
  const isMain = files[0]?.name === shownName;

  const remove = () => {
    const index = files.findIndex(({ name }) => name === shownName);
    const file = files[index];
    if (file === undefined) return;
    setDeleted({ file, index });
    onFiles(files.toSpliced(index, 1), files[index - 1]?.name ?? "");
  };
  const undo = (lost: DeletedFile) => {
    setDeleted(undefined);
    onFiles(restored(files, lost), lost.file.name);
  };
  const give = (name: string) => {
    setAsked(undefined);
    setDeleted(undefined);
    if (asked === "new") onFiles([...files, { name, source: "" }], name);
    else onFiles(renamed(files, shownName, name), name);
  };

  if (asked !== undefined) {
    const isNew = asked === "new";
    const others = isNew ? files : files.filter(({ name }) => name !== shownName);
    return (
      <NameForm
        label={isNew ? "Name of the new file" : `New name of ${visible(shownName)}`}
        initial={isNew ? "" : shownName}
        action={isNew ? "Add" : "Rename"}
        problemOf={(name) => nameProblem(name, others)}
        onName={give}
        onCancel={() => setAsked(undefined)}
      />
    );
  }
  return (
    <>
      <div class="files">
        <div class="tabs" role="tablist" aria-label="Files">
          {files.map(({ name }) => {
            const isWrong = problems.some((problem) => problem.file === name);
            return (
              <button
                key={name}
                type="button"
                role="tab"
                aria-selected={name === shownName}
                aria-label={isWrong ? `${name}, with an error` : undefined}
                onClick={() => onShow(name)}
              >
                {visible(name)}
                {isWrong ? <span class="mark"> ●</span> : null}
              </button>
            );
          })}
        </div>
        <button type="button" aria-label="Add a file" onClick={() => setAsked("new")}>
          +
        </button>
        <span class="of-shown">
          {isMain && isMainFixed ? null : (
            <LinkButton onClick={() => setAsked("rename")}>Rename</LinkButton>
          )}
          {isMain ? null : <LinkButton onClick={remove}>Delete</LinkButton>}
        </span>
      </div>
      {deleted === undefined || files.some(({ name }) => name === deleted.file.name) ? null : (
        <p class="deleted" role="status">
          Deleted {visible(deleted.file.name)}.{" "}
          <LinkButton onClick={() => undo(deleted)}>Undo the deletion</LinkButton>
        </p>
      )}
    </>
  );
}

interface NameFormProps {
  readonly label: string;
  readonly initial: string;
  readonly action: string;
  readonly problemOf: (name: string) => string | undefined;
  readonly onName: (name: string) => void;
  readonly onCancel: () => void;
}

function NameForm({ label, initial, action, problemOf, onName, onCancel }: NameFormProps) {
  const [name, setName] = useState(initial);
  const [problem, setProblem] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  // At once: what is typed next belongs there.
  useLayoutEffect(() => input.current?.select(), []);
  const finish = () => {
    const found = problemOf(name);
    if (found === undefined) onName(name);
    else setProblem(found);
  };
  return (
    <form
      class="file-name"
      onSubmit={(event) => {
        event.preventDefault();
        finish();
      }}
      onKeyDown={({ key }) => {
        if (key === "Escape") onCancel();
      }}
    >
      <label>
        {label}{" "}
        <input
          ref={input}
          type="text"
          value={name}
          spellcheck={false}
          autocomplete="off"
          placeholder="help.ts"
          aria-invalid={problem !== undefined}
          onInput={({ currentTarget }) => {
            setName(currentTarget.value.trim());
            setProblem(undefined);
          }}
        />
      </label>
      <button type="submit">{action}</button>
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
