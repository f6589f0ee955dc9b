/**
 * Operations of a register: which value each needs, and which it sets.
 *
 * A write sets a value. A compare-and-set needs `from` and sets `to`. A read needs the value that it
 * returned. Indefinite operations may take effect any time after their call, or never.
 *
 * @see Knossos, `knossos.model/cas-register`
 */
import type { Json } from "../../../vortex/index.ts";
import { JsonMap } from "../json-map.ts";
import type { ModelOperation } from "../linearizable/model.ts";
import type { Subject } from "../linearizable/order-search.ts";
import type { Part } from "../linearizable/parts.ts";
import { NEVER, REFUSED, type Transitions } from "../linearizable/schedule.ts";

/** The effect of an operation of a model on a register. */
export interface RegisterEffect {
  /** The value it needs; absent if it accepts any. */
  readonly from?: Json;
  /** The value it sets; absent if it leaves the value unchanged. */
  readonly to?: Json;
}

/** Reads an operation of a model as one of a register; `undefined` if it is of another kind. */
export type RegisterView = (operation: ModelOperation) => RegisterEffect | undefined;

/** An operation on one register that happened or may have happened. */
export interface RegisterOperation {
  /** Its index in the part of the history. */
  readonly index: number;
  readonly from: ValueId | undefined;
  readonly to: ValueId | undefined;
  /** The index of its invocation in the history. */
  readonly called: number;
  /** The index of its completion; infinite for an indefinite operation. */
  readonly returned: number;
}

/** A value of a register as a small number; equal values share it. */
export type ValueId = number;

/** The initial value of a register. */
export const INITIAL: ValueId = 0;
/** Stands for no value. */
const NONE = -1;

/** The value that operations need, and the one that they set. */
type Effect = Pick<RegisterOperation, "from" | "to">;

/** The operations of a part, as those of a register. */
export interface RegisterPart {
  /** By {@link ValueId}. */
  readonly values: readonly Json[];
  /**
   * By kind: one with the same effect, definite if possible. What an indefinite operation does where a
   * definite one is refused makes no difference.
   */
  readonly sameKinds: readonly number[];
  /** The same as those of the model, on values by {@link ValueId}: many times as fast. */
  readonly transitions: Transitions;
  /** The operations that constrain the register, in order of call. */
  operations(): readonly RegisterOperation[];
}

/** Reads the operations of a part; `undefined` if some are not those of a register. */
export function registerPart(
  { part, initial }: Pick<Subject, "part" | "initial">,
  view: RegisterView,
): RegisterPart | undefined {
  // The state of a model of a register is its value.
  const values = new Values(initial as Json);
  const effects: Effect[] = [];
  for (const operation of part.kinds) {
    const effect = view(operation);
    if (effect === undefined) return undefined;
    const from = effect.from === undefined ? undefined : values.idOf(effect.from);
    const to = effect.to === undefined ? undefined : values.idOf(effect.to);
    effects.push({ from, to: to === from ? undefined : to });
  }
  return {
    values: values.all,
    sameKinds: sameKindsOf(part.kinds, effects),
    transitions: transitionsOf(effects),
    operations: () => operationsOf(part, effects),
  };
}

function transitionsOf(effects: readonly Effect[]): Transitions {
  const needed = effects.map(({ from = NONE }) => from);
  const set = effects.map(({ to = NONE }) => to);
  return {
    initial: INITIAL,
    next(state, kind) {
      const from = needed[kind] ?? NONE;
      if (from !== NONE && from !== state) return REFUSED;
      const to = set[kind] ?? NONE;
      return to === NONE ? state : to;
    },
  };
}

function operationsOf(
  { kindOf, called, returned }: Part,
  effects: readonly Effect[],
): RegisterOperation[] {
  const operations: RegisterOperation[] = [];
  for (const [index, kind] of kindOf.entries()) {
    const { from, to } = effects[kind] ?? { from: undefined, to: undefined };
    const end = returned[index] ?? NEVER;
    if (to === undefined && (from === undefined || end === NEVER)) continue;
    operations.push({
      index,
      from,
      to,
      called: called[index] ?? 0,
      returned: end === NEVER ? Number.POSITIVE_INFINITY : end,
    });
  }
  return operations;
}

function sameKindsOf(kinds: readonly ModelOperation[], effects: readonly Effect[]): number[] {
  const chosen = new Map<number, number>();
  // Cantor's pairing: one number for both.
  const keys = effects.map(({ from = NONE, to = NONE }) => {
    const sum = from + to + 2;
    return (sum * (sum + 1)) / 2 + to;
  });
  for (const [kind, key] of keys.entries()) {
    if (kinds[kind]?.type === "ok" || !chosen.has(key)) chosen.set(key, kind);
  }
  return keys.map((key, kind) => chosen.get(key) ?? kind);
}

/** Numbers the values of a register. */
class Values {
  readonly all: Json[] = [];
  readonly #ids = new JsonMap<ValueId>();

  constructor(initial: Json) {
    this.idOf(initial);
  }

  idOf(value: Json): ValueId {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.all.push(value) - 1;
    this.#ids.set(value, id);
    return id;
  }
}
