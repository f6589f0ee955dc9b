/** Records the operations and messages of a test, in order. */

import { stringifyJson } from "../../../vortex/index.ts";
import type { Operation } from "../../history/history.ts";
import type { JournalEvent } from "../../network/journal.ts";
import type { LogLine } from "../../run/log-line.ts";

export type TraceEvent =
  | { readonly kind: "operation"; readonly operation: Operation }
  | { readonly kind: "message"; readonly event: JournalEvent };

export class Trace {
  readonly events: TraceEvent[] = [];
  readonly logs: LogLine[] = [];

  addOperation(operation: Operation): void {
    this.events.push({ kind: "operation", operation });
  }

  addMessage(event: JournalEvent): void {
    this.events.push({ kind: "message", event });
  }

  addLog(line: LogLine): void {
    this.logs.push(line);
  }

  /** Returns equal fingerprints only for identical traces. */
  fingerprint(): string {
    const hash = new Bun.CryptoHasher("sha256");
    for (const event of this.events) hash.update(stringifyJson(event));
    return hash.digest("hex");
  }
}
