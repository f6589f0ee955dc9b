/** Why a node's storage failed: see {@link StorageError}. */
export type StorageErrorKind = "full" | "failed" | "corrupt" | "in-use";

const BRAND = Symbol.for("vortex.StorageError");

/**
 * An error of a node's storage, by its kind:
 *
 * - `full`: the disk or a quota is full, or too much waits for a sync. Trying again later may help.
 * - `failed`: the disk cannot be read or written.
 * - `corrupt`: a record that was synced is damaged. `replace` starts a new log.
 * - `in-use`: another process uses the node's directory.
 *
 * Not an `RpcError`: a handler that lets it pass replies `crash` (13, indefinite).
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly kind: StorageErrorKind;

  constructor(kind: StorageErrorKind, text: string, options?: ErrorOptions) {
    super(text, options);
    this.kind = kind;
  }

  /** Marks instances of every copy of this class, as for `RpcError`. */
  get [BRAND](): true {
    return true;
  }
}

/** Whether a caught value is a {@link StorageError}, of the given kind if there is one. */
export function isStorageError(value: unknown, kind?: StorageErrorKind): value is StorageError {
  if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
  return kind === undefined || (value as StorageError).kind === kind;
}
