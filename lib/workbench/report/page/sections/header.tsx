/** The verdict, the options, the command that reproduces the run, and what the report omits. */
import { ThemeButton } from "../parts/controls.tsx";
import { visible, visibleLines } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";

const VERDICTS = {
  true: "valid",
  false: "invalid",
  unknown: "unknown",
  crashed: "crashed",
} as const;

interface HeaderProps {
  readonly run: Run;
  /** Absent if another part of the page switches the theme. */
  readonly onSwitchTheme?: () => void;
}

export function Header({ run, onSwitchTheme }: HeaderProps) {
  const { workload, valid, verdict, command, shrunkFrom, playground } = run.header;
  const { startedAt, options, seed } = run.header;
  // A crash has the last lines of the nodes below its sentence.
  const [sentence, ...details] = visibleLines(verdict).split("\n");
  const state = VERDICTS[`${valid}`];
  return (
    <header class={state}>
      <div class="title">
        <h1>
          <span class={`verdict ${state}`}>{state}</span> {visible(workload)}
        </h1>
        {onSwitchTheme === undefined ? null : <ThemeButton onClick={onSwitchTheme} />}
      </div>
      <p class="sentence" id="verdict">
        {visible(sentence ?? "")}
      </p>
      {details.length === 0 ? null : (
        <pre class="command" id="crash">
          {details.join("\n")}
        </pre>
      )}
      <dl class="options">
        {options.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{visible(value)}</dd>
          </div>
        ))}
        <div>
          <dt>seed</dt>
          <dd>{seed}</dd>
        </div>
        {startedAt === undefined ? null : (
          <div>
            <dt>started</dt>
            <dd>
              <time dateTime={startedAt}>
                {startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")}
              </time>
            </dd>
          </div>
        )}
      </dl>
      <details>
        <summary>Command to repeat this run</summary>
        <pre class="command">{visible(command)}</pre>
      </details>
      {shrunkFrom === undefined ? null : (
        <details>
          <summary>Reduced from a larger test. The diagrams show the first finding</summary>
          <pre class="command">{visible(shrunkFrom)}</pre>
        </details>
      )}
      {playground === undefined ? null : (
        <p class="playground">
          <a href={playground} target="_blank" rel="noopener">
            Open in the playground
          </a>{" "}
          <span class="hint">
            to watch the run and change it. <code>vortex play</code> must be running.
          </span>
        </p>
      )}
      <Omissions run={run} />
      <UnstoredMessages run={run} />
    </header>
  );
}

function Omissions({ run }: { readonly run: Run }) {
  const { operations, messages, bodies } = run.header.omissions;
  const counts = [
    [operations, "later operations"],
    [messages, "later messages"],
    [bodies, "message bodies"],
  ] as const;
  const omitted = counts.flatMap(([count, what]) =>
    count > 0 ? [`${count.toLocaleString("en")} ${what}`] : [],
  );
  if (omitted.length === 0) return null;
  return (
    <p class="notice" role="note">
      This page omits {omitted.join(", ")} to stay small. The run's directory has all of them. The
      verdict and the figures cover the whole run.
    </p>
  );
}

function UnstoredMessages({ run }: { readonly run: Run }) {
  const { unstoredMessageCount: count } = run.header;
  if (count === undefined) return null;
  return (
    <p class="notice" role="note">
      The last {count.toLocaleString("en")} messages are missing: the run reached the limit on
      stored messages. The last messages shown may look lost although they arrived. The verdict and
      the figures cover the whole run.
    </p>
  );
}
