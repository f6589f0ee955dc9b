/** The form that filters messages. */
import { Choice } from "../parts/controls.tsx";
import { type Filter, NO_FILTER } from "../run/filter.ts";
import type { Run } from "../run/run.ts";

interface FilterFormProps {
  readonly run: Run;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
  readonly hasClients: boolean;
  readonly onClients: (hasClients: boolean) => void;
}

export function FilterForm({ run, filter, onFilter, hasClients, onClients }: FilterFormProps) {
  const { lanes, messageTypes } = run.header;
  return (
    <form class="filter" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label="Node"
        value={filter.node}
        choices={lanes.map(({ name }) => name)}
        onChoose={(node) => onFilter({ ...filter, node })}
      />
      <Choice
        label="Type"
        value={filter.type}
        choices={messageTypes}
        onChoose={(type) => onFilter({ ...filter, type })}
      />
      <label>
        Key or value{" "}
        <input
          type="search"
          id="filter-text"
          placeholder="e.g. 42"
          value={filter.text}
          onInput={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value.trim() })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.onlyLost}
          onChange={({ currentTarget }) => onFilter({ ...filter, onlyLost: currentTarget.checked })}
        />
        lost only
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={hasClients}
          onChange={({ currentTarget }) => onClients(currentTarget.checked)}
        />
        show clients
      </label>
      <button type="button" onClick={() => onFilter(NO_FILTER)}>
        Reset
      </button>
    </form>
  );
}
