import { jsonKey } from "../protocol/json-key.ts";
import type { Service } from "../services/service.ts";
import type { AnyBody, Json, NodeId } from "../vortex/index.ts";

/** A key-value service of a `TestCluster`, which records all values stored in it. */
export class TestKv {
  readonly #service: Service;
  readonly #stored = new Map<string, Json[]>();

  /** @internal The test cluster creates its stores. */
  constructor(service: Service) {
    this.#service = service;
  }

  /** Returns every value that was ever stored under a key, oldest first. */
  valuesOf(key: Json): readonly Json[] {
    return this.#stored.get(jsonKey(key)) ?? [];
  }

  /** Stores a value as another program would. */
  write(key: Json, value: Json): void {
    this.handle("test", { type: "write", key, value });
  }

  /** Handles a request of a node and returns the reply; `undefined` if its type is unknown. */
  handle(src: NodeId, request: AnyBody): AnyBody | undefined {
    const reply = this.#service.handle(src, request);
    if (reply?.["type"] === "write_ok") this.#record(request, request["value"]);
    if (reply?.["type"] === "cas_ok") this.#record(request, request["to"]);
    return reply;
  }

  #record({ key = null }: AnyBody, value: unknown): void {
    // Bodies are parsed JSON.
    const id = jsonKey(key as Json);
    const values = this.#stored.get(id) ?? [];
    values.push(value as Json);
    this.#stored.set(id, values);
  }
}
