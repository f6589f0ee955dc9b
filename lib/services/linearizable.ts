/** A store in which every request sees all earlier ones. */
import { jsonKey } from "../protocol/json-key.ts";
import type { AnyBody, NodeId } from "../vortex/index.ts";
import { applyToKey, type Entry } from "./kv.ts";
import { inReplyTo, orNull, type Service } from "./service.ts";

export class LinearizableKv implements Service {
  readonly #entries = new Map<string, Entry>();

  handle(_src: NodeId, body: AnyBody): AnyBody | undefined {
    const key = jsonKey(orNull(body["key"]));
    const entry = this.#entries.get(key);
    const outcome = applyToKey(entry, body);
    if (outcome === undefined) return undefined;
    const [after, reply] = outcome;
    if (after !== entry) this.#entries.set(key, after);
    return inReplyTo(body, reply);
  }
}
