/** The file that the server has opened: whether it is saved, and what happened to it on disk. */
import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../report/page/parts/visible-text.ts";
import type { SourceFile } from "../engine/protocol.ts";
import { NotSaved, type Opened } from "./opened-file.ts";
import { workOfOpened } from "./origin.ts";
import type { OpenedWork, WorkControl } from "./use-work.ts";

/** Time between two looks at the file on disk, in ms. */
const LOOK_MS = 1000;

export interface Saving {
  /** Whether the editor holds what is not on disk. */
  readonly isChanged: boolean;
  /** Files that a save adds and deletes. */
  readonly changes: FileChanges;
  readonly isRestored: boolean;
  /** The newer state of the file on disk, if it was changed there and here. */
  readonly conflict: Opened | undefined;
  readonly problem: string | undefined;
  readonly save: () => void;
  /** Saves over what was changed on disk. */
  readonly overwrite: () => void;
  /** Gives up what was changed here. */
  readonly load: () => void;
}

export function useSaving(state: OpenedWork, { replace, setOrigin }: WorkControl): Saving {
  const [conflict, setConflict] = useState<Opened>();
  const [problem, setProblem] = useState<string>();
  // What has happened while the server was asked.
  const latest = useRef({ state, conflict });
  latest.current = { state, conflict };

  const originOf = (opened: Opened): OpenedWork["origin"] => {
    const { origin } = latest.current.state;
    if (origin.kind !== "file") return origin;
    // The reader's options stay, whatever the server guesses.
    const { settings, args } = origin.work;
    return { ...origin, opened, work: { ...workOfOpened(opened), settings, args } };
  };
  const settle = () => {
    setConflict(undefined);
    setProblem(undefined);
  };
  const adopt = (opened: Opened) => {
    settle();
    replace({ ...latest.current.state.work, files: opened.files }, originOf(opened));
  };

  useEffect(() => {
    const look = async () => {
      const { state: before, conflict: known } = latest.current;
      if (before.origin.kind !== "file" || document.hidden) return;
      const { file, opened } = before.origin;
      const newer = await file.readNewer((known ?? opened).version);
      if (newer === undefined) return;
      const { origin, work } = latest.current.state;
      // It was saved from here while the server was asked.
      if (origin.kind === "file" && origin.opened.version === newer.version) return;
      if (isSame(newer.files, work.files)) setOrigin(originOf(newer));
      else if (origin.kind === "file" && isSame(origin.opened.files, work.files)) adopt(newer);
      else setConflict(newer);
    };
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);

  const write = async (isForced: boolean) => {
    const { origin, work } = latest.current.state;
    if (origin.kind !== "file") return;
    const { files } = work;
    try {
      const version = isForced ? undefined : origin.opened.version;
      const { deleted } = changesOf(origin.opened.files, files);
      const saved = await origin.file.save(files, deleted, version);
      settle();
      setOrigin(originOf({ ...origin.opened, files: [...files], version: saved }));
    } catch (error) {
      if (!(error instanceof NotSaved)) throw error;
      setProblem(error.message);
    }
  };
  const { origin, work, isRestored } = state;
  const onDisk = origin.kind === "file" ? origin.opened.files : work.files;
  return {
    isChanged: !isSame(onDisk, work.files),
    changes: changesOf(onDisk, work.files),
    isRestored,
    conflict,
    problem,
    save: () => void write(false),
    overwrite: () => void write(true),
    load: () => {
      if (conflict !== undefined) adopt(conflict);
      else if (origin.kind === "file") adopt(origin.opened);
    },
  };
}

interface FileChanges {
  readonly added: readonly string[];
  readonly deleted: readonly string[];
}

function changesOf(before: readonly SourceFile[], after: readonly SourceFile[]): FileChanges {
  const without = (files: readonly SourceFile[], others: readonly SourceFile[]) =>
    files.map(({ name }) => name).filter((name) => others.every((other) => other.name !== name));
  return { added: without(after, before), deleted: without(before, after) };
}

/** Names the files that a save adds and deletes, as a sentence; `""` if none. */
function changesText({ added, deleted }: FileChanges): string {
  const parts = [
    ...(added.length === 0 ? [] : [`adds ${added.join(", ")}`]),
    ...(deleted.length === 0 ? [] : [`deletes ${deleted.join(", ")}`]),
  ];
  return parts.length === 0 ? "" : ` It ${parts.join(" and ")} on disk.`;
}

function isSame(one: readonly SourceFile[], other: readonly SourceFile[]): boolean {
  const textOf = (files: readonly SourceFile[]) =>
    JSON.stringify(files.map(({ name, source }) => [name, source]).sort());
  return textOf(one) === textOf(other);
}

export function FileStatus({ saving }: { readonly saving: Saving }) {
  const { isChanged, changes, isRestored, conflict, problem } = saving;
  return (
    <div class="file-status">
      <button type="button" disabled={!isChanged} onClick={saving.save}>
        Save
      </button>
      <p class="hint" role="status">
        {isChanged
          ? `${isRestored ? "Restored from an earlier visit; not" : "Not"} saved. Ctrl+S saves.${visible(changesText(changes))}`
          : "Saved"}
      </p>
      {isChanged ? (
        <button type="button" class="link" onClick={saving.load}>
          Load from disk
        </button>
      ) : null}
      {conflict === undefined ? null : (
        <p class="notice" role="alert">
          The file has changed on disk too.{" "}
          <button type="button" class="link" onClick={saving.overwrite}>
            Overwrite it
          </button>{" "}
          or load it from disk.
        </p>
      )}
      {problem === undefined ? null : (
        <p class="notice" role="alert">
          {visible(problem)}
        </p>
      )}
    </div>
  );
}
