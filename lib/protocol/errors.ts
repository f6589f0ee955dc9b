/**
 * The protocol's errors.
 *
 * @see Maelstrom protocol, "Errors"
 */

/**
 * The errors of the protocol: code, and whether the error is definite.
 *
 * After a definite error the operation certainly did not happen. After an indefinite one it may have
 * happened, or may still happen.
 */
export const ERRORS = {
  timeout: { code: 0, definite: false },
  "node-not-found": { code: 1, definite: true },
  "not-supported": { code: 10, definite: true },
  "temporarily-unavailable": { code: 11, definite: true },
  "malformed-request": { code: 12, definite: true },
  crash: { code: 13, definite: false },
  abort: { code: 14, definite: true },
  "key-does-not-exist": { code: 20, definite: true },
  "key-already-exists": { code: 21, definite: true },
  "precondition-failed": { code: 22, definite: true },
  "txn-conflict": { code: 30, definite: true },
} as const satisfies Record<string, { readonly code: number; readonly definite: boolean }>;

/** Name of an error of the protocol, such as `"precondition-failed"`. */
export type ErrorKind = keyof typeof ERRORS;

/** Whether a text is the protocol's name of an error. */
export function isErrorKind(text: string): text is ErrorKind {
  return Object.hasOwn(ERRORS, text);
}

/** Returns the name of an error code, or `"unknown"` if the protocol does not list it. */
export function errorKind(code: number): ErrorKind | "unknown" {
  for (const kind in ERRORS) if (isErrorKind(kind) && ERRORS[kind].code === code) return kind;
  return "unknown";
}

/**
 * Whether an error with this code means that the operation certainly did not happen.
 *
 * Codes that the protocol does not list are indefinite, including custom ones (1000 and up).
 */
export function isDefinite(code: number): boolean {
  const kind = errorKind(code);
  return kind !== "unknown" && ERRORS[kind].definite;
}

const BRAND = Symbol.for("vortex.RpcError");

/**
 * An error body of the protocol, as an exception.
 *
 * A handler throws it to reply with that error. `syncRpc` rejects with it when the peer replied with
 * an error, or did not reply in time (`timeout`).
 *
 * @example
 * throw new RpcError("key-does-not-exist", `No key ${key}`);
 * throw new RpcError(1001, "Out of seats"); // A custom code: 1000 and up, always indefinite.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** The code on the wire. */
  readonly code: number;
  /** The protocol's name of the code, or `"unknown"`. */
  readonly kind: ErrorKind | "unknown";
  /** Whether the operation certainly did not happen. */
  readonly definite: boolean;

  constructor(error: ErrorKind | number, text?: string, options?: ErrorOptions) {
    const code = typeof error === "number" ? error : ERRORS[error].code;
    const kind = errorKind(code);
    super(text ?? kind, options);
    this.code = code;
    this.kind = kind;
    this.definite = isDefinite(code);
  }

  /**
   * Marks instances of every copy of this class. A program loaded into a compiled workbench brings
   * its own copy of the library, so `instanceof` would not recognise its errors.
   */
  get [BRAND](): true {
    return true;
  }
}

/** Whether a caught value is an {@link RpcError}, of the given kind if there is one. */
export function isRpcError(value: unknown, kind?: ErrorKind): value is RpcError {
  if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
  return kind === undefined || (value as RpcError).kind === kind;
}
