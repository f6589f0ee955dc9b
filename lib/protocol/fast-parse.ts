/**
 * `v.safeParse`, made fast for the kinds of schemas that messages are made of.
 *
 * A schema is turned once into a function that either returns what the schema would make of a value,
 * or leaves the value to valibot: whatever is wrong with it, valibot alone refuses, and says why. A
 * part of a schema whose kind is not known here is run by valibot itself. So the schema remains the
 * single source, and the result is always valibot's.
 */
import * as v from "valibot";

/** A schema that is checked at once, for a body of the inferred type. */
export type Schema = v.GenericSchema;

/** Returns what a schema makes of the input, or {@link LEFT_TO_VALIBOT}. */
type Parser = (input: unknown) => unknown;

const LEFT_TO_VALIBOT = Symbol("left to valibot");

const parsers = new WeakMap<Schema, Parser>();

/**
 * Parses a value as `v.safeParse` does.
 *
 * Functions within the schema (checks, transformations) run a second time when the value is refused.
 *
 * @throws whatever functions within the schema throw.
 * @throws {RangeError} when a recursive schema meets a value that is nested too deep for it.
 */
export function safeParse<S extends Schema>(schema: S, input: unknown): v.SafeParseResult<S> {
  const output = parserOf(schema)(input);
  if (output === LEFT_TO_VALIBOT) return v.safeParse(schema, input);
  // The parser was made from the schema, and returns what the schema does.
  return { typed: true, success: true, output: output as v.InferOutput<S>, issues: undefined };
}

function parserOf(schema: Schema): Parser {
  let parser = parsers.get(schema);
  if (parser === undefined) {
    parser = compile(schema);
    parsers.set(schema, parser);
  }
  return parser;
}

/** The kinds of schemas that are known here. */
type KnownSchema =
  | v.StringSchema<undefined>
  | v.NumberSchema<undefined>
  | v.BooleanSchema<undefined>
  | v.UnknownSchema
  | v.LiteralSchema<v.Literal, undefined>
  | v.CustomSchema<unknown, undefined>
  | v.LazySchema<Schema>
  | v.OptionalSchema<Schema, undefined>
  | v.ExactOptionalSchema<Schema, undefined>
  | v.ArraySchema<Schema, undefined>
  | v.TupleSchema<readonly Schema[], undefined>
  | v.StrictTupleSchema<readonly Schema[], undefined>
  | v.TupleWithRestSchema<readonly Schema[], Schema, undefined>
  | v.ObjectSchema<Readonly<Record<string, Schema>>, undefined>;

function compile(schema: Schema): Parser {
  // What these methods of valibot return has the type of another schema, and behaves differently.
  if ("fallback" in schema || "cache" in schema) return byValibot(schema);
  if ("pipe" in schema) return compilePipe(schema as Schema & Pipe);
  const known = schema as KnownSchema;
  switch (known.type) {
    case "string":
      return (input) => (typeof input === "string" ? input : LEFT_TO_VALIBOT);
    case "number":
      return (input) =>
        typeof input === "number" && !Number.isNaN(input) ? input : LEFT_TO_VALIBOT;
    case "boolean":
      return (input) => (typeof input === "boolean" ? input : LEFT_TO_VALIBOT);
    case "unknown":
      return (input) => input;
    case "literal":
      return (input) => (input === known.literal ? input : LEFT_TO_VALIBOT);
    case "custom":
      return (input) => (known.check(input) ? input : LEFT_TO_VALIBOT);
    case "lazy":
      return (input) => parserOf(known.getter(input))(input);
    case "optional":
    case "exact_optional":
      return compileOptional(known);
    case "array":
      return compileTuple([], parserOf(known.item));
    case "tuple":
      return compileTuple(known.items.map(parserOf), "drop");
    case "strict_tuple":
      return compileTuple(known.items.map(parserOf), "refuse");
    case "tuple_with_rest":
      return compileTuple(known.items.map(parserOf), parserOf(known.rest));
    case "object":
      return compileObject(known.entries);
    default:
      known satisfies never; // By these types; valibot has many more kinds.
      return byValibot(schema);
  }
}

function byValibot(schema: Schema): Parser {
  return (input) => {
    const result = v.safeParse(schema, input);
    return result.success ? result.output : LEFT_TO_VALIBOT;
  };
}

function compileOptional({ wrapped }: { readonly wrapped: Schema }): Parser {
  const parse = parserOf(wrapped);
  // Whether there is a default is valibot's business; JSON has no `undefined`.
  return (input) => (input === undefined ? LEFT_TO_VALIBOT : parse(input));
}

/** Arrays with given first elements, and what becomes of those that follow. */
function compileTuple(items: readonly Parser[], rest: Parser | "drop" | "refuse"): Parser {
  return (input) => {
    if (!Array.isArray(input)) return LEFT_TO_VALIBOT;
    if (rest === "refuse" && input.length > items.length) return LEFT_TO_VALIBOT;
    const output: unknown[] = [];
    for (const [index, parse] of items.entries()) {
      const element = parse(input[index]);
      if (element === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      output.push(element);
    }
    if (typeof rest === "string") return output;
    for (let index = items.length; index < input.length; index++) {
      const element = rest(input[index]);
      if (element === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      output.push(element);
    }
    return output;
  };
}

/** Objects with given fields; others are left out. */
function compileObject(entries: Readonly<Record<string, Schema>>): Parser {
  const fields = Object.entries(entries).map(([name, schema]) => ({
    name,
    parse: parserOf(schema),
    mayBeAbsent: mayBeAbsent(schema),
  }));
  return (input) => {
    if (typeof input !== "object" || input === null) return LEFT_TO_VALIBOT;
    const output: Record<string, unknown> = {};
    for (const { name, parse, mayBeAbsent } of fields) {
      const value = (input as Readonly<Record<string, unknown>>)[name];
      if (value === undefined) {
        if (mayBeAbsent && !(name in input)) continue;
        return LEFT_TO_VALIBOT;
      }
      const field = parse(value);
      if (field === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      output[name] = field;
    }
    return output;
  };
}

/** Whether an object may lack a field, and the output then lacks it as well. */
function mayBeAbsent(schema: Schema): boolean {
  const { type, default: byDefault } = schema as v.ExactOptionalSchema<Schema, unknown>;
  const isOptional = type === "exact_optional" || (type as string) === "optional";
  return isOptional && byDefault === undefined && !("fallback" in schema);
}

interface Pipe {
  readonly pipe: readonly [Schema, ...KnownAction[]];
}

/** What may follow the schema at the beginning of a pipe. */
type KnownAction =
  | v.IntegerAction<number, undefined>
  | v.SafeIntegerAction<number, undefined>
  | v.MinValueAction<number, number, undefined>
  | v.MaxValueAction<number, number, undefined>
  | v.ReadonlyAction<unknown>;

function compilePipe(schema: Schema & Pipe): Parser {
  const [first, ...actions] = schema.pipe;
  const parse = parserOf(first);
  const checks: ((output: unknown) => boolean)[] = [];
  for (const action of actions) {
    switch (action.type) {
      case "integer":
      case "safe_integer":
        checks.push((output) => action.requirement(output as number));
        break;
      case "min_value":
        checks.push((output) => (output as number) >= action.requirement);
        break;
      case "max_value":
        checks.push((output) => (output as number) <= action.requirement);
        break;
      case "readonly":
        break; // Of types only.
      default:
        action satisfies never;
        return byValibot(schema);
    }
  }
  return (input) => {
    const output = parse(input);
    if (output === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
    for (const passes of checks) if (!passes(output)) return LEFT_TO_VALIBOT;
    return output;
  };
}
