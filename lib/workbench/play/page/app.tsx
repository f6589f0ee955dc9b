/**
 * The playground: write a program, run it, see what happened.
 *
 *   editor/    the program's files
 *   watch/     the run as it happens
 *   style/     one style sheet per part
 */
import { useCallback, useMemo, useRef } from "preact/hooks";
import { ThemeButton } from "../../report/page/parts/controls.tsx";
import { useTheme } from "../../report/page/parts/theme.ts";
import { visible, visibleLines } from "../../report/page/parts/visible-text.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Example, SiteData } from "../site/site-data.ts";
import { CommandLine } from "./command-line.tsx";
import { Editor } from "./editor/editor.tsx";
import { FileStatus, useSaving } from "./file-status.tsx";
import { Result } from "./result.tsx";
import { RunActions } from "./run-actions.tsx";
import { SettingsForm } from "./settings-form.tsx";
import { Share } from "./share.tsx";
import { StartPage } from "./start-page.tsx";
import { useRuns } from "./use-runs.ts";
import { isUnchanged, type OpenedWork, useWork, type WorkControl } from "./use-work.ts";
import { interventionsOf, withInterventions } from "./watch/interventions.ts";
import { isPrescribed, type Work, withSettings } from "./work.ts";

interface AppProps {
  readonly data: SiteData;
  readonly sandbox: Sandbox;
}

export function App({ data, sandbox }: AppProps) {
  const control = useWork(data);
  const [colors, switchTheme] = useTheme();
  const { state } = control;
  if (state === undefined) return <main aria-busy="true" />;
  const isOpen = "work" in state;
  return (
    <main class={isOpen ? "play" : "start"}>
      <header class="top-bar">
        <h1>
          <a href="#start">Vortex</a> <span class="quiet">playground</span>
        </h1>
        {isOpen ? <p class="origin">{visible(titleOf(state))}</p> : null}
        <ThemeButton onClick={switchTheme} />
      </header>
      {isOpen ? (
        <Play
          key={keyOf(state)}
          data={data}
          sandbox={sandbox}
          state={state}
          control={control}
          colors={colors}
        />
      ) : (
        <StartPage
          examples={data.examples}
          problem={state.origin.kind === "unreadable" ? state.origin.text : undefined}
        />
      )}
    </main>
  );
}

/** Another origin is another page: runs of the former one are not shown. */
function keyOf({ origin }: OpenedWork): string {
  return origin.kind === "example"
    ? origin.example.id
    : origin.kind === "link"
      ? origin.fragment
      : "file";
}

function titleOf({ origin }: OpenedWork): string {
  switch (origin.kind) {
    case "example":
      return origin.example.title;
    case "link":
      return "from a link";
    case "file":
      return origin.opened.path;
    default:
      throw new Error("Unexpected origin", { cause: origin satisfies never });
  }
}

/** The first paragraph of a step in the guide. */
function Note({ example: { id, note = "" } }: { readonly example: Example }) {
  if (note === "") return null;
  const chapter = `docs/${id.split("/", 2).join("/")}.md`;
  return (
    <p class="lead note">
      {note} <span class="quiet">({chapter})</span>
    </p>
  );
}

interface PlayProps extends AppProps {
  readonly state: OpenedWork;
  readonly control: WorkControl;
  readonly colors: ReturnType<typeof useTheme>[0];
}

function Play({ data, sandbox, state, control, colors }: PlayProps) {
  const { work, origin, revision } = state;
  const { change, discard } = control;
  const onWork = useCallback(
    ({ settings, decisions }: Work) => change({ settings, decisions }),
    [change],
  );
  const runs = useRuns(sandbox, onWork);
  const saving = useSaving(state, control);
  const run = () => runs.run(work);
  const latest = useRef(work);
  latest.current = work;
  const { shown, run: runWork } = runs;
  const isRunning = runs.activity !== undefined;
  const interventions = interventionsOf(work.decisions);
  // Without a result the list of changes is missing, and the last one may be the reason.
  const undo = () => {
    const decisions = withInterventions(work.decisions, interventions.slice(0, -1));
    change({ decisions });
    runWork({ ...work, decisions });
  };
  // Not drawn again for each key that is pressed.
  const result = useMemo(() => {
    if (shown === undefined) return null;
    const onDecisions = (decisions: Work["decisions"]) => {
      change({ decisions });
      runWork({ ...latest.current, decisions });
    };
    return <Result shown={shown} colors={colors} isRunning={isRunning} onDecisions={onDecisions} />;
  }, [shown, colors, isRunning, change, runWork]);
  const isChanged = useMemo(() => !isUnchanged(state), [state]);
  return (
    <>
      {origin.kind === "example" ? <Note example={origin.example} /> : null}
      <div class="desk">
        <div class="program">
          <Editor
            files={work.files}
            revision={revision}
            problems={runs.problems}
            docs={data.docs}
            isMainFixed={origin.kind === "file"}
            onChange={(files) => change({ files })}
            onRun={run}
            onSave={saving.save}
          />
          <div class="under">
            {origin.kind === "file" ? <FileStatus saving={saving} /> : null}
            {isChanged && origin.kind !== "file" ? (
              <p class="hint" role="status">
                {state.isRestored
                  ? "Your changes of an earlier visit. "
                  : "Changed; kept in this browser. "}
                <button type="button" class="link" onClick={discard}>
                  Discard the changes
                </button>
              </p>
            ) : null}
            {origin.kind === "link" && shown === undefined ? (
              <p class="hint">Run it to see the run that was shared.</p>
            ) : null}
            <p class="hint keys">
              Ctrl+Enter runs; Esc, then Tab leaves the editor. Types are not checked.
            </p>
          </div>
          <RunActions work={work} runs={runs} />
          <Share work={work} />
          {work.decisions === undefined ? null : (
            <p class="notice" role="note">
              {isPrescribed(work)
                ? "Runs repeat recorded operations and faults, in place of those that the options and the seed give. "
                : "Runs contain changes that were made by hand below Watch. "}
              <button type="button" class="link" onClick={() => change({ decisions: undefined })}>
                Drop them
              </button>
              {shown === undefined && interventions.length > 0 ? (
                <>
                  {" or "}
                  <button type="button" class="link" onClick={undo}>
                    undo the last change
                  </button>
                </>
              ) : null}
            </p>
          )}
          <CommandLine work={work} />
        </div>
        <SettingsForm
          settings={work.settings}
          args={work.args}
          exportName={work.exportName}
          onExportName={(exportName) => change({ exportName })}
          onChange={(settings) => change(withSettings(work, settings))}
          onStage={(settings, args) => change({ settings, args, decisions: undefined })}
          onArgs={(args) => change({ args })}
        />
      </div>
      {runs.failure === undefined ? null : (
        <pre class="command failure" role="alert">
          {visibleLines(runs.failure)}
        </pre>
      )}
      {result}
    </>
  );
}
