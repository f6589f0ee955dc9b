/** The settings of the test, named as the flags of `vortex sim`. */
import { FLAG_NAMES, type FlagName, flagOf, problemOf, type Settings } from "../settings.ts";

interface SettingsFormProps {
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
}

export function SettingsForm({ settings, onChange }: SettingsFormProps) {
  const set = (name: FlagName, text: string) => onChange({ ...settings, [name]: text });
  const isShown = (name: FlagName) =>
    flagOf(name).workloads?.includes(settings.workload) !== false && name !== "nodes";
  const field = (name: FlagName) => (
    <Field key={name} name={name} text={settings[name]} onChange={(text) => set(name, text)} />
  );
  const names = FLAG_NAMES.filter(isShown);
  return (
    <form class="settings" aria-label="Options" onSubmit={(event) => event.preventDefault()}>
      {names.filter((name) => !flagOf(name).isAdvanced).map(field)}
      <details>
        <summary>More options</summary>
        {names.filter((name) => flagOf(name).isAdvanced).map(field)}
      </details>
    </form>
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
