import * as v from "valibot";
import type { Json as JsonValue } from "../../../vortex/index.ts";
import { Json } from "../../schemas.ts";
import type { LinearizableOptions } from "../linearizable/index.ts";
import { type Model, returned } from "../linearizable/model.ts";

const MutexOperations = {
  acquire: { value: Json, result: Json },
  release: { value: Json },
};

/**
 * A lock that one owner has at a time.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `acquire` | the owner; by default the process | `false` if the lock was taken; else it is now taken |
 * | `release` | the owner | anything; the owner had the lock |
 *
 * After an indefinite operation a client continues as another process. If it then still counts as the
 * owner, give the owner as the argument.
 */
export const mutex: Model<JsonValue, typeof MutexOperations> &
  LinearizableOptions<typeof MutexOperations> = {
  init: null,
  operations: MutexOperations,
  isRead: ({ f, result }) => f === "acquire" && result === false,
  map: ({ f, type, value, result, process }) => ({ f, type, value: value ?? process, result }),
  step(state, operation) {
    const isOwner = state !== null && returned({ result: state }, operation.value);
    if (operation.f === "release") return isOwner ? null : undefined;
    const isFree = state === null;
    if (operation.type === "info") return isFree ? operation.value : undefined;
    if (operation.result === false) return isFree ? undefined : state;
    return isFree ? operation.value : undefined;
  },
  describeState: (owner) => (owner === null ? "free" : `taken by ${JSON.stringify(owner)}`),
};

const FencedOperations = {
  acquire: { result: v.number() },
  release: { value: v.number() },
  use: { value: v.number(), result: Json },
};

/** The state of {@link fencedLock}. */
export interface FencedLockState {
  /** The token of the owner; `true` if an indefinite `acquire` took the lock with an unknown one. */
  readonly owner: number | true | null;
  /** The greatest token given out, or, if that is unknown, the least that it can be. */
  readonly latest: number;
  /** The greatest token used. */
  readonly used: number;
}

/**
 * A lock that gives each owner a token, an integer greater than all tokens before. The resource that it
 * guards refuses tokens smaller than one it has seen, so that a delayed owner does no harm.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `acquire` | | the token; the lock was free |
 * | `release` | the token | anything; its owner had the lock |
 * | `use` | the token | `false` if the resource has seen a greater one; anything else if not |
 *
 * @see M. Kleppmann, "How to do distributed locking", 2016
 */
export const fencedLock: Model<FencedLockState, typeof FencedOperations> = fenced(false);

/** As {@link fencedLock}, but the lock may be taken from an owner at any time, as its lease expires. */
export const expiringLock: Model<FencedLockState, typeof FencedOperations> = fenced(true);

function fenced(mayExpire: boolean): Model<FencedLockState, typeof FencedOperations> {
  return {
    init: { owner: null, latest: Number.NEGATIVE_INFINITY, used: Number.NEGATIVE_INFINITY },
    operations: FencedOperations,
    isRead: ({ f, result }) => f === "use" && result === false,
    step(state, operation) {
      const { owner, latest, used } = state;
      switch (operation.f) {
        case "acquire": {
          if (owner !== null && !mayExpire) return undefined;
          if (operation.type === "info") return { ...state, owner: true, latest: latest + 1 };
          const token = operation.result;
          return token > latest ? { ...state, owner: token, latest: token } : undefined;
        }
        case "release": {
          const token = operation.value;
          if (owner === token) return { ...state, owner: null };
          // The unknown token was this one.
          if (owner === true && token >= latest) return { ...state, owner: null, latest: token };
          // An owner may find only now that its lease has expired.
          return mayExpire && token <= latest ? state : undefined;
        }
        case "use": {
          const token = operation.value;
          const isAccepted = token >= used;
          if (operation.type === "ok" && isAccepted === (operation.result === false))
            return undefined;
          return isAccepted ? { ...state, used: token } : state;
        }
      }
    },
    describeState: ({ owner, latest, used }) => {
      const held = owner === true ? "taken with an unknown token" : `taken with token ${owner}`;
      if (latest === Number.NEGATIVE_INFINITY) return owner === null ? "free" : held;
      const lock = owner === null ? `free, tokens up to ${latest}` : held;
      return used === Number.NEGATIVE_INFINITY ? lock : `${lock}, used up to ${used}`;
    },
  };
}
