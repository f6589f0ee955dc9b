/**
 * The playground: write a program, run it, see what happened.
 *
 *   editor/    the program's files
 *   watch/     the run as it happens
 *   style/     one style sheet per part
 */
import { useMemo, useRef, useState } from "preact/hooks";
import { Viewport } from "../../report/page/diagram/viewport.ts";
import { ThemeButton } from "../../report/page/parts/controls.tsx";
import { useTheme } from "../../report/page/parts/theme.ts";
import type { Selection } from "../../report/page/run/selection.ts";
import { RunView } from "../../report/page/run-view.tsx";
import { Header } from "../../report/page/sections/header.tsx";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { toOptions } from "../settings.ts";
import type { SiteData } from "../site/site-data.ts";
import { Editor } from "./editor/editor.tsx";
import { LoadedProgram } from "./runner.ts";
import { SettingsForm } from "./settings-form.tsx";
import { type ShownRun, showRun } from "./shown-run.ts";
import { Watch } from "./watch/watch.tsx";
import { commandOf, type Work, workOfExample } from "./work.ts";

interface AppProps {
  readonly data: SiteData;
  readonly sandbox: Sandbox;
}

export function App({ data, sandbox }: AppProps) {
  const [work, setWork] = useState(() => firstWork(data));
  const [shown, setShown] = useState<ShownRun>();
  const [failure, setFailure] = useState<string>();
  const [isRunning, setIsRunning] = useState(false);
  const [colors, switchTheme] = useTheme();
  const stop = useRef(new AbortController());
  const run = async (next: Work) => {
    setWork(next);
    setFailure(undefined);
    setIsRunning(true);
    stop.current = new AbortController();
    try {
      const options = toOptions(next.settings);
      const program = new LoadedProgram(sandbox, next, stop.current.signal);
      const ending = await program.run({ ...next, options }, { isRecorded: true });
      program.close();
      if (ending.type === "result" && ending.record !== undefined) {
        const input = { ...next, options, command: commandOf(next), target: undefined };
        setShown(showRun(input, ending.result, ending.record));
      } else if (ending.type === "problem") setFailure(ending.problem.text);
      else if (ending.type === "crash") setFailure(ending.text);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setIsRunning(false);
    }
  };
  const change = (part: Partial<Work>) => setWork((former) => ({ ...former, ...part }));
  return (
    <main>
      <div class="title">
        <h1>Vortex playground</h1>
        <ThemeButton onClick={switchTheme} />
      </div>
      <div class="desk">
        <Editor files={work.files} onChange={(files) => change({ files })} />
        <SettingsForm settings={work.settings} onChange={(settings) => change({ settings })} />
      </div>
      <p class="actions">
        <button type="button" disabled={isRunning} onClick={() => void run(work)}>
          Run
        </button>
        <button type="button" disabled={!isRunning} onClick={() => stop.current.abort()}>
          Stop
        </button>
      </p>
      {failure === undefined ? null : <pre class="command">{failure}</pre>}
      {shown === undefined ? null : (
        <Result
          key={shown.run}
          shown={shown}
          colors={colors}
          isRunning={isRunning}
          onDecisions={(decisions) => void run({ ...work, decisions })}
        />
      )}
    </main>
  );
}

function firstWork({ examples }: SiteData): Work {
  const first = examples.find(({ id }) => id === "guide/3-broadcast/3-retry") ?? examples[0];
  if (first === undefined) throw new Error("The site has no example");
  return workOfExample(first);
}

interface ResultProps {
  readonly shown: ShownRun;
  readonly colors: ReturnType<typeof useTheme>[0];
  readonly isRunning: boolean;
  readonly onDecisions: (decisions: Work["decisions"]) => void;
}

function Result({ shown, colors, isRunning, onDecisions }: ResultProps) {
  const { run } = shown;
  const viewport = useMemo(() => new Viewport(run.begin, run.end), [run]);
  const [selection, setSelection] = useState<Selection>();
  return (
    <>
      <Header run={run} />
      <RunView
        run={run}
        viewport={viewport}
        colors={colors}
        selection={selection}
        onSelect={setSelection}
      >
        <Watch
          shown={shown}
          viewport={viewport}
          colors={colors}
          selection={selection}
          onSelect={setSelection}
          onDecisions={onDecisions}
          isRunning={isRunning}
        />
      </RunView>
    </>
  );
}
