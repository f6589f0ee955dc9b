import { jsonKey } from "../../protocol/json-key.ts";
import type { Json } from "../../vortex/index.ts";

/** A map whose keys are JSON values, equal as by {@link jsonKey}. */
export class JsonMap<Value> {
  readonly #byKey = new Map<string, Value>();
  /** The same for all but arrays and objects: without making their texts each time. */
  readonly #byPlain = new Map<Json, Value>();

  get(key: Json): Value | undefined {
    if (typeof key === "object" && key !== null) return this.#byKey.get(jsonKey(key));
    const known = this.#byPlain.get(key);
    if (known !== undefined) return known;
    const value = this.#byKey.get(jsonKey(key));
    if (value !== undefined) this.#byPlain.set(key, value);
    return value;
  }

  /** Sets the value of a key that has none. */
  set(key: Json, value: Value): void {
    this.#byKey.set(jsonKey(key), value);
  }

  values(): Iterable<Value> {
    return this.#byKey.values();
  }
}
