/** A state machine on one node, which stores its changes on its disk. */
import * as v from "valibot";
import type { Node, OutgoingBody } from "../../lib/vortex/index.ts";
import { keyValue } from "./key-value.ts";
import { apply, type Machine, operation, Request } from "./machine.ts";

/** A machine whose state can be stored as JSON. */
export interface StoredMachine {
  readonly machine: Machine;
  snapshot(): unknown;
  restore(snapshot: unknown): void;
}

export interface OnDiskOptions {
  /** Whether the reply to a request of this type waits until what it depends on is synced. */
  readonly waits?: (type: string) => boolean;
  /** The reply to a request when a sync fails. By default the error passes: crash (13). */
  readonly onFailedSync?: (reply: OutgoingBody) => OutgoingBody;
  /** Whether a snapshot lacks the change whose record it takes the place of. */
  readonly snapshotsEarly?: boolean;
}

const Record = v.union([v.object({ snapshot: v.unknown() }), v.object({ change: Request })]);

/** Number of changes after which a snapshot takes their place. */
const SNAPSHOT_EVERY = 20;

/**
 * Serves a machine whose reads have the type `read`.
 *
 * Changes are appended to the log in the order in which they are applied. A reply waits until all that
 * it depends on is synced: what a read returns must not be lost in a kill.
 */
export function onDisk(make: () => StoredMachine, options: OnDiskOptions = {}) {
  return (node: Node): void => {
    const { waits = () => true, onFailedSync, snapshotsEarly = false } = options;
    const log = node.storage.of(Record);
    const { machine, snapshot, restore } = make();
    let length = 0;
    for (const record of log.readAll()) {
      if ("change" in record) apply(machine, record.change);
      else restore(record.snapshot);
      length++;
    }

    const applyAndStore = (request: Request): OutgoingBody => {
      const before = snapshotsEarly ? snapshot() : undefined;
      const reply = apply(machine, request);
      if (request.type === "read" || reply.type === "error") return reply;
      if (++length < SNAPSHOT_EVERY) {
        log.append({ change: request });
      } else {
        log.replace([{ snapshot: before ?? snapshot() }]);
        length = 1;
      }
      return reply;
    };

    for (const type of Object.keys(machine)) {
      node.handle(type, Request, async ({ body: { msg_id: _, ...request } }) => {
        const reply = applyAndStore(request);
        if (!waits(type)) return reply;
        try {
          await log.sync();
        } catch (error) {
          if (onFailedSync === undefined) throw error;
          return onFailedSync(reply);
        }
        return reply;
      });
    }
  };
}

/** A key-value store that can be stored. */
export function storedKeyValue(): StoredMachine {
  const values = new Map<number, number>();
  const Values = v.array(v.tuple([v.number(), v.number()]));
  return {
    machine: keyValue(values),
    snapshot: () => [...values],
    restore(snapshot) {
      for (const [key, value] of v.parse(Values, snapshot)) values.set(key, value);
    },
  };
}

/** A set that can be stored. */
export function storedSet(): StoredMachine {
  const elements = new Set<number>();
  return {
    machine: {
      add: operation(v.object({ element: v.number() }), ({ element }) => {
        elements.add(element);
        return { type: "add_ok" };
      }),
      read: operation(v.object({}), () => ({ type: "read_ok", value: [...elements] })),
    },
    snapshot: () => [...elements],
    restore(snapshot) {
      for (const element of v.parse(v.array(v.number()), snapshot)) elements.add(element);
    },
  };
}
