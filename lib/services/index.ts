/**
 * The services that Maelstrom provides to nodes.
 *
 * @see Maelstrom documentation, "Services"
 */
import type { Random } from "../vortex/index.ts";
import { LastWriteWinsKv } from "./last-write-wins.ts";
import { LinearizableKv } from "./linearizable.ts";
import { anyState, SequentialKv } from "./sequential.ts";
import type { Service } from "./service.ts";
import { TimestampOracle } from "./tso.ts";

export type { Service } from "./service.ts";

/** Name -> creates an empty service. */
export const SERVICES = {
  "lin-kv": () => new LinearizableKv(),
  "seq-kv": (random) => new SequentialKv(anyState(random)),
  "lww-kv": (random) => new LastWriteWinsKv(random),
  "lin-tso": () => new TimestampOracle(),
} as const satisfies { readonly [name: string]: (random: Random) => Service };
