/** The settings of the test, named as the flags of `vortex sim`. */
import { Fragment } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { InvalidOptions } from "../../invalid-options.ts";
import { shellCommand } from "../../shell.ts";
import type { StageTarget } from "../../stages/stages.ts";
import { isWorkloadName, WORKLOADS } from "../../workloads/index.ts";
import type { Target } from "../../workloads/stage.ts";
import {
  DEFAULT_SETTINGS,
  FLAG_NAMES,
  type FlagName,
  flagOf,
  problemOf,
  type Settings,
  toOptions,
} from "../settings.ts";
import { STAGE_SETTINGS, stageIndexOf } from "../stage-settings.ts";
import { REQUESTS } from "../workload-messages.ts";
import { parseArguments } from "./arguments.ts";

interface SettingsFormProps {
  readonly settings: Settings;
  /** The program's arguments. */
  readonly args: readonly string[];
  /** Name of the program's function, if the first file exports several. */
  readonly exportName: string | undefined;
  readonly onChange: (settings: Settings) => void;
  readonly onExportName: (name: string | undefined) => void;
  readonly onStage: (settings: Settings, args: readonly string[]) => void;
  readonly onArgs: (args: readonly string[]) => void;
}

export function SettingsForm(props: SettingsFormProps) {
  const { settings, args, exportName, onChange, onStage, onArgs, onExportName } = props;
  const set = (name: FlagName, text: string) => {
    const changed = { ...settings, [name]: text };
    // A number of nodes and their names exclude each other.
    if (name === "node-count" && text !== "") changed.nodes = "";
    if (name === "nodes" && text !== "") changed["node-count"] = "";
    onChange(changed);
  };
  const field = (name: FlagName) => (
    <Fragment key={name}>
      <Field name={name} text={settings[name]} onChange={(text) => set(name, text)} />
      {name === "workload" ? <Requests workload={settings.workload} /> : null}
    </Fragment>
  );
  const names = FLAG_NAMES.filter(
    (name) => flagOf(name).workloads?.includes(settings.workload) !== false,
  );
  const advanced = names.filter((name) => flagOf(name).isAdvanced);
  const { stageIndex, problem } = useMemo(() => judge(settings, args), [settings, args]);
  const changedCount = advanced.filter((name) => settings[name] !== DEFAULT_SETTINGS[name]).length;
  return (
    <form class="settings" aria-label="Options" onSubmit={(event) => event.preventDefault()}>
      <div class="field">
        <label for="stage">Stage</label>
        <select
          id="stage"
          value={`${stageIndex}`}
          onChange={({ currentTarget }) => {
            const chosen = STAGE_SETTINGS[Number(currentTarget.value)];
            if (chosen === undefined) return;
            onStage({ ...chosen.settings, seed: settings.seed }, chosen.stage.args ?? []);
          }}
        >
          <option value="-1">none: the options below</option>
          {STAGE_SETTINGS.map(({ stage }, index) => (
            <option key={index} value={`${index}`}>
              {stage.id} {stage.name.replace(/^Beyond Gossip Glomers: /, "")}
            </option>
          ))}
        </select>
        <Targets target={STAGE_SETTINGS[stageIndex]?.stage.target} />
      </div>
      {names.filter((name) => !flagOf(name).isAdvanced).map(field)}
      <Arguments args={args} onChange={onArgs} />
      <details>
        <summary>More options{changedCount === 0 ? "" : ` (${changedCount} set)`}</summary>
        {advanced.map(field)}
        <div class="field">
          <label for="export">Exported function</label>
          <input
            id="export"
            type="text"
            value={exportName ?? ""}
            placeholder="the only one"
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => onExportName(currentTarget.value.trim() || undefined)}
          />
        </div>
      </details>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

/** What Fly.io asks for in a stage, and what Vortex's own programs keep. */
function Targets({ target }: { readonly target?: StageTarget | undefined }) {
  const limits = figuresOf(target?.limits);
  const own = figuresOf(target);
  if (limits === "" && own === "") return null;
  return (
    <p class="hint">
      To pass: a valid run{limits === "" ? "" : `, below ${limits}`}.
      {own === "" ? "" : ` Vortex’s own targets: at most ${own}.`}
    </p>
  );
}

function figuresOf({ msgsPerOp, medianMs, maxMs }: Target = {}): string {
  return [
    ...(msgsPerOp === undefined ? [] : [`${msgsPerOp} messages per operation`]),
    ...(medianMs === undefined ? [] : [`a median latency of ${medianMs} ms`]),
    ...(maxMs === undefined ? [] : [`a maximum of ${maxMs} ms`]),
  ].join(", ");
}

/** The requests that a program for the workload has to answer. */
function Requests({ workload }: { readonly workload: string }) {
  if (!isWorkloadName(workload)) return null;
  const textOf = (fields: readonly string[]) =>
    fields.length === 0 ? "" : ` { ${fields.join(", ")} }`;
  return (
    <div class="requests">
      <p class="hint">{WORKLOADS[workload].doc} Clients send, and nodes reply:</p>
      <ul>
        {REQUESTS[workload].map(({ type, fields, reply }) => (
          <li key={type}>
            <code>
              {type}
              {textOf(fields)}
            </code>{" "}
            →{" "}
            <code>
              {type}_ok
              {textOf(reply)}
            </code>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Finds the stage of the settings, or what is wrong with them together. */
function judge(
  settings: Settings,
  args: readonly string[],
): { readonly stageIndex: number; readonly problem?: string } {
  if (FLAG_NAMES.some((name) => problemOf(name, settings[name]) !== undefined)) {
    return { stageIndex: -1 };
  }
  try {
    return { stageIndex: stageIndexOf({ args, options: toOptions(settings) }) };
  } catch (error) {
    if (error instanceof InvalidOptions) return { stageIndex: -1, problem: error.message };
    throw error;
  }
}

interface ArgumentsProps {
  readonly args: readonly string[];
  readonly onChange: (args: readonly string[]) => void;
}

/** The program's arguments, as a shell splits them. */
function Arguments({ args, onChange }: ArgumentsProps) {
  const [text, setText] = useState(() => shellCommand(args));
  // What is being typed, such as a space at the end, stays as it is.
  useEffect(() => {
    if (shellCommand(parseArguments(text)) !== shellCommand(args)) setText(shellCommand(args));
  }, [args]);
  return (
    <div class="field">
      <label for="arguments">Program arguments</label>
      <input
        id="arguments"
        type="text"
        value={text}
        placeholder="--flush-ms 400"
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          onChange(parseArguments(currentTarget.value));
        }}
      />
    </div>
  );
}

interface FieldProps {
  readonly name: FlagName;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function Field({ name, text, onChange }: FieldProps) {
  const { label, unit, standard, choices, isList, isSwitch } = flagOf(name);
  const problem = problemOf(name, text);
  const id = `setting-${name}`;
  if (isList && choices !== undefined) {
    return <Choices legend={label} choices={choices} text={text} onChange={onChange} />;
  }
  return (
    <div class="field">
      <label for={id} title={`--${name}`}>
        {label}
        {unit === undefined ? "" : <small> {unit}</small>}
      </label>
      {isSwitch ? (
        <input
          id={id}
          type="checkbox"
          checked={text !== ""}
          onChange={({ currentTarget }) => onChange(currentTarget.checked ? "yes" : "")}
        />
      ) : choices === undefined ? (
        <input
          id={id}
          type="text"
          value={text}
          placeholder={standard}
          spellcheck={false}
          autocomplete="off"
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : `${id}-problem`}
          onInput={({ currentTarget }) => onChange(currentTarget.value.trim())}
        />
      ) : (
        <select
          id={id}
          value={text}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        >
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      )}
      {problem === undefined ? null : (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

interface ChoicesProps {
  readonly legend: string;
  readonly choices: readonly string[];
  readonly text: string;
  readonly onChange: (text: string) => void;
}

/** Several of the given words, as one text with commas. */
function Choices({ legend, choices, text, onChange }: ChoicesProps) {
  const chosen = text === "" ? [] : text.split(",");
  const toggle = (choice: string) =>
    onChange(choices.filter((each) => chosen.includes(each) !== (each === choice)).join());
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {choices.map((choice) => (
        <label key={choice}>
          <input
            type="checkbox"
            checked={chosen.includes(choice)}
            onChange={() => toggle(choice)}
          />
          {choice}
        </label>
      ))}
    </fieldset>
  );
}
